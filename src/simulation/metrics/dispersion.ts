/** The mean of some numbers; `undefined` of none. */
export function meanOf(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Standard deviation of a sample, with n - 1 below; 0 of fewer than two. */
export function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values)
  if (mean === undefined || values.length < 2) return 0
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (values.length - 1))
}

/**
 * How far apart the prices of one thing are: the standard deviation as a share of the mean. `undefined` of fewer than two prices, or where they are nothing.
 *
 * @see Pearson 1896; Baye, Morgan and Scholten, Information, Search, and Price Dispersion, 2006, section 4
 */
export function dispersionOf(prices: readonly number[]): number | undefined {
  const mean = meanOf(prices)
  return prices.length < 2 || mean === undefined || mean === 0 ? undefined : deviationOf(prices) / mean
}
