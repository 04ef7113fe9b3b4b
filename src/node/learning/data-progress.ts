/** How far work over data files is; `total` is 0 when nobody knows. */
export type DataProgress = { readonly stage: string; readonly done: number; readonly total: number }

export type DataWorkOptions = {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: DataProgress) => void
}

/** Counts bytes of several readings towards one total, in steps of a hundredth: a bar needs no more. */
export function countBytes(
  stage: string,
  total: number,
  onProgress: DataWorkOptions['onProgress'],
): (bytes: number) => void {
  let done = 0
  let told = 0
  return (bytes) => {
    done += bytes
    if (onProgress === undefined || (done - told) * 100 < total) return
    told = done
    onProgress({ stage, done, total })
  }
}
