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

/** Index of numbers, in the bins of `binEdges`. */
export function numericStability(reference: readonly number[], recent: readonly number[]): Stability {
  const edges = binEdges(reference)
  const counts = (values: readonly number[]): Float64Array => {
    const bins = new Float64Array(edges.length + 1)
    for (const value of values) bins[binOf(edges, value)] = (bins[binOf(edges, value)] ?? 0) + 1
    return bins
  }
  return stabilityOfCounts(counts(reference), counts(recent))
}

/**
 * Where the next bin begins, rising. Few values of the reference have a bin each, such as a flag's, however rare one is. Of many the bins are the
 * deciles, so that each holds about a tenth of the reference, and a value that fills more than one of them has its own. What lies between or beyond
 * such values is in bins of its own, too.
 */
export function binEdges(reference: readonly number[]): readonly number[] {
  const sorted = reference.toSorted((a, b) => a - b)
  const values = [...new Set(sorted)]
  if (values.length <= BINS) return values.flatMap(ownBin)
  const deciles = Array.from(
    { length: BINS - 1 },
    (_, at) => sorted[Math.floor(((at + 1) * sorted.length) / BINS)] ?? 0,
  )
  return [...new Set(deciles)].flatMap((edge) =>
    deciles.indexOf(edge) === deciles.lastIndexOf(edge) ? [edge] : ownBin(edge),
  )
}

/** A bin that holds this value and no other. */
function ownBin(value: number): readonly number[] {
  return [value, nextAbove(value)]
}

/** The smallest double above a finite one. */
function nextAbove(value: number): number {
  if (value === 0) return Number.MIN_VALUE
  const double = Float64Array.of(value)
  const bits = new BigInt64Array(double.buffer)
  // Doubles of one sign are in the order of their bits (IEEE 754).
  bits[0] = (bits[0] ?? 0n) + (value > 0 ? 1n : -1n)
  return double[0] ?? value
}

/** The bin that a value falls into: an edge belongs to the bin above it. */
export function binOf(edges: readonly number[], value: number): number {
  let bin = 0
  while (bin < edges.length && value >= (edges[bin] ?? 0)) bin += 1
  return bin
}

/**
 * Population stability index of categories: sum over them of (recent - reference) ln(recent / reference), with shares.
 *
 * @see Siddiqi, Credit Risk Scorecards (2006), chapter 7; its usual reading: below 0.1 stable, above 0.25 a different population
 */
export function categoryStability(reference: readonly string[], recent: readonly string[]): Stability {
  const [before, after] = [countsOf(reference), countsOf(recent)]
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  const inOrder = (counts: ReadonlyMap<string, number>): readonly number[] => names.map((name) => counts.get(name) ?? 0)
  return stabilityOfCounts(inOrder(before), inOrder(after))
}

/** The same of rows counted by bin, in the same order; a bin that is empty in both windows is no bin. */
export function stabilityOfCounts(reference: ArrayLike<number>, recent: ArrayLike<number>): Stability {
  const [before, after] = [sumOf(reference), sumOf(recent)]
  let index = before === 0 || after === 0 ? Number.NaN : 0
  let bins = 0
  for (let bin = 0; bin < reference.length; bin += 1) {
    const [own, other] = [reference[bin] ?? 0, recent[bin] ?? 0]
    if (own === 0 && other === 0) continue
    bins += 1
    const expected = Math.max(own, EMPTY_ROWS) / before
    const found = Math.max(other, EMPTY_ROWS) / after
    index += (found - expected) * log(found / expected)
  }
  return { index, bins }
}

function sumOf(counts: ArrayLike<number>): number {
  let sum = 0
  for (let bin = 0; bin < counts.length; bin += 1) sum += counts[bin] ?? 0
  return sum
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

/**
 * What the index exceeds with a chance of at most `chance` when nothing changed. Over (1 / n + 1 / m) it is nearly chi-squared with bins - 1
 * degrees of freedom, of which the tail is bounded.
 *
 * @see Yurdakul (2018); Laurent and Massart, Adaptive estimation of a quadratic functional (2000), lemma 1
 */
export function exceededByChance(
  bins: number,
  { reference, recent, chance }: { readonly reference: number; readonly recent: number; readonly chance: number },
): number {
  const freedom = Math.max(0, bins - 1)
  const x = -log(chance)
  return (freedom + 2 * Math.sqrt(freedom * x) + 2 * x) * (1 / Math.max(1, reference) + 1 / Math.max(1, recent))
}
