/**
 * Area under the curve: how often one of the first has more than one of the second, equal ones half. 0.5 says nothing, 1 tells them apart always. By the sum of ranks, equal
 * values with the mean of theirs. `undefined` where either are none.
 *
 * @see Mann and Whitney 1947; Hanley and McNeil, Radiology 143, 1982
 */
export function aucOf(more: readonly number[], less: readonly number[]): number | undefined {
  if (more.length === 0 || less.length === 0) return undefined
  const all = [
    ...more.map((value) => ({ value, isMore: true })),
    ...less.map((value) => ({ value, isMore: false })),
  ].sort((left, right) => left.value - right.value)
  let ranks = 0
  for (let from = 0; from < all.length;) {
    let to = from
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1
    // Ranks from + 1 to `to`, whose mean each of them gets.
    const rank = (from + 1 + to) / 2
    for (let at = from; at < to; at += 1) if (all[at]?.isMore === true) ranks += rank
    from = to
  }
  return (ranks - (more.length * (more.length + 1)) / 2) / (more.length * less.length)
}

/** What somebody was worth to those who look, at one moment. */
export type Sighting = { readonly atMs: number; readonly standing: number }

/**
 * How long somebody goes on behind its first fraud until it is seen: until its standing falls below what is taken for honest, and has not come back until the last look.
 * `undefined`: it never was. Sightings in the order of time.
 */
export function timeToDetect(
  sightings: readonly Sighting[],
  { sinceMs, below }: { readonly sinceMs: number; readonly below: number },
): number | undefined {
  let seenAt: number | undefined
  for (const { atMs, standing } of sightings) {
    if (atMs < sinceMs) continue
    if (standing >= below) seenAt = undefined
    else seenAt ??= atMs
  }
  return seenAt === undefined ? undefined : seenAt - sinceMs
}

/** The middle one; of an even number the mean of the two in the middle. `undefined` of none. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[middle - 1], sorted[middle]]
  if (high === undefined) return undefined
  return sorted.length % 2 === 1 || low === undefined ? high : (low + high) / 2
}
