/**
 * Herfindahl-Hirschman index: the sum of the squared shares, 1 / n where n have equal parts, 1 where one has all. `undefined` where nobody has anything. Parts are 0 or more.
 *
 * @see Hirschman 1945; Herfindahl 1950; Rhoades, Federal Reserve Bulletin, March 1993
 */
export function herfindahlOf(parts: readonly number[]): number | undefined {
  const total = parts.reduce((sum, part) => sum + part, 0)
  if (total === 0) return undefined
  return parts.reduce((sum, part) => sum + (part / total) * (part / total), 0)
}

/**
 * Gini coefficient: half of the mean difference between two of them as a share of the mean; 0 where all are equal, (n - 1) / n where one has all. From the sorted parts:
 * `sum_i (2 i - n - 1) x_i / (n sum x)`. `undefined` where nobody has anything. Parts are 0 or more.
 *
 * @see Gini 1912; Sen, On Economic Inequality, 1973, section 2.7
 */
export function giniOf(parts: readonly number[]): number | undefined {
  const total = parts.reduce((sum, part) => sum + part, 0)
  if (total === 0) return undefined
  const sorted = parts.toSorted((left, right) => left - right)
  const count = sorted.length
  const weighted = sorted.reduce((sum, part, index) => sum + (2 * (index + 1) - count - 1) * part, 0)
  return weighted / (count * total)
}
