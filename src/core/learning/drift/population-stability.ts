import { log } from '../../../base/deterministic-math.ts'

/** Bins of a numeric feature with many values: deciles of the reference. With as many values or fewer each has its own. */
const BINS = 10
/** A share of 0 would make the index infinite; half a row stands for none. */
const EMPTY_ROWS = 0.5

export type Stability = {
  /** 0 when nothing changed; `NaN` when a window is empty. */
  readonly index: number
  /** Bins that a window has rows in. */
  readonly bins: number
}

/**
 * Index of numbers. Few values of the reference have a bin each, such as a flag's, however rare one is. Of many the bins are the deciles, so that
 * each holds about a tenth of the reference, and a value that fills more than one of them has its own. What lies between or beyond such values is in
 * bins of its own, too.
 */
export function numericStability(reference: readonly number[], recent: readonly number[]): Stability {
  const sorted = reference.toSorted((a, b) => a - b)
  const values = [...new Set(sorted)]
  const deciles = Array.from(
    { length: BINS - 1 },
    (_, at) => sorted[Math.floor(((at + 1) * sorted.length) / BINS)] ?? 0,
  )
  const isFew = values.length <= BINS
  const edges = isFew ? values : [...new Set(deciles)]
  const ownBins = new Set(isFew ? values : deciles.filter((edge, at) => edge === deciles[at - 1]))
  const binOf = (value: number): string =>
    ownBins.has(value) ? `at ${value}` : `above ${edges.filter((edge) => value > edge).length} edges`
  return categoryStability(reference.map(binOf), recent.map(binOf))
}

/**
 * Population stability index of categories: sum over them of (recent - reference) ln(recent / reference), with shares.
 *
 * @see Siddiqi, Credit Risk Scorecards (2006), chapter 7; its usual reading: below 0.1 stable, above 0.25 a different population
 */
export function categoryStability(reference: readonly string[], recent: readonly string[]): Stability {
  const [before, after] = [countsOf(reference), countsOf(recent)]
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  if (reference.length === 0 || recent.length === 0) return { index: Number.NaN, bins: names.length }
  let index = 0
  for (const name of names) {
    const expected = Math.max(before.get(name) ?? 0, EMPTY_ROWS) / reference.length
    const found = Math.max(after.get(name) ?? 0, EMPTY_ROWS) / recent.length
    index += (found - expected) * log(found / expected)
  }
  return { index, bins: names.length }
}

function countsOf(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

/** What the index comes to by chance alone when nothing changed: (bins - 1) (1 / n + 1 / m) on average (Yurdakul, 2018). */
export function expectedByChance(bins: number, reference: number, recent: number): number {
  return Math.max(0, bins - 1) * (1 / Math.max(1, reference) + 1 / Math.max(1, recent))
}
