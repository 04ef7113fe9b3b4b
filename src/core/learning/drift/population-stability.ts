import { log } from '../../../base/deterministic-math.ts'

/** Bins of a numeric feature: deciles of the reference. */
const BINS = 10
/** A share of 0 would make the index infinite; half a row stands for none. */
const EMPTY_ROWS = 0.5

/** Index of numbers: bins are the deciles of the reference window, so that each holds about a tenth of it. `NaN` when a window is empty. */
export function numericStability(reference: readonly number[], recent: readonly number[]): number {
  if (reference.length === 0 || recent.length === 0) return Number.NaN
  const sorted = reference.toSorted((a, b) => a - b)
  // Equal deciles fall together: a feature that is mostly 0 has one wide bin for it.
  const edges = [
    ...new Set(Array.from({ length: BINS - 1 }, (_, at) => sorted[Math.floor(((at + 1) * sorted.length) / BINS)] ?? 0)),
  ]
  const binOf = (value: number): string => `${edges.filter((edge) => value >= edge).length}`
  return categoryStability(reference.map(binOf), recent.map(binOf))
}

/**
 * Population stability index of categories: sum over them of (recent - reference) ln(recent / reference), with shares. 0 when nothing changed.
 * `NaN` when a window is empty.
 *
 * @see Siddiqi, Credit Risk Scorecards (2006), chapter 7; its usual reading: below 0.1 stable, above 0.25 a different population
 */
export function categoryStability(reference: readonly string[], recent: readonly string[]): number {
  if (reference.length === 0 || recent.length === 0) return Number.NaN
  const [before, after] = [countsOf(reference), countsOf(recent)]
  let index = 0
  for (const name of [...new Set([...before.keys(), ...after.keys()])].toSorted()) {
    const expected = Math.max(before.get(name) ?? 0, EMPTY_ROWS) / reference.length
    const found = Math.max(after.get(name) ?? 0, EMPTY_ROWS) / recent.length
    index += (found - expected) * log(found / expected)
  }
  return index
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
