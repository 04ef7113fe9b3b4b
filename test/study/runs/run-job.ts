/** One run of a scenario that the package ships. */
export type RunJob = { readonly scenario: string; readonly seed: number; readonly options: object }

/** Name of a job: the same run has the same. */
export function jobKey({ scenario, seed, options }: RunJob): string {
  return `${scenario} ${seed} ${JSON.stringify(options)}`
}
