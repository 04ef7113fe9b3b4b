/** What many runs say of one figure. */
export type Summary = {
  readonly mean: number
  /** 2.5 % and 97.5 % quantiles over the runs: where single runs fall. */
  readonly band95: readonly [number, number]
  /** 95 % interval of the mean over runs, by its standard error: where the mean lies. */
  readonly mean_ci95: readonly [number, number]
}

/** Throws `RangeError` for no values. */
export function summarise(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('There are no runs to sum up')
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0)
  const error = count > 1 ? Math.sqrt(squares / (count - 1) / count) : 0
  const sorted = values.toSorted((a, b) => a - b)
  return {
    mean,
    band95: [quantile(sorted, 0.025), quantile(sorted, 0.975)],
    mean_ci95: [mean - 1.96 * error, mean + 1.96 * error],
  }
}

/** Of ascending values, with straight lines between neighbours. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below] ?? 0
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low
  return low + (at - below) * (high - low)
}
