/** One row of a two-model comparison: the router's score and what each model would have got. */
export type RoutedRows = {
  /** Higher goes to the strong model first. */
  readonly scores: Float64Array
  readonly strong: Float64Array
  readonly weak: Float64Array
}

export type CurvePoint = { readonly share: number; readonly recovered: number }

/** How much of the gap between weak and strong a router recovers, over the share of calls that it sends to the strong model. */
export type RoutingCurve = readonly CurvePoint[]

/** Row numbers by score, highest first; equal scores in row order. */
export function orderByScore(scores: Float64Array): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row)
  return order.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b)
}

/**
 * The exact curve: rows by score, highest first; equal scores are one group, crossed by a straight line. `recovered` is
 * `(quality - weak) / (strong - weak)`, so 0 at share 0 and 1 at share 1; not finite when the two models are equally good.
 *
 * @param order  Rows as `orderByScore` gives them.
 * @param multiplicity  How often each row counts (a bootstrap sample); absent: once.
 */
export function routingCurve(
  { scores, strong, weak }: RoutedRows,
  order: Uint32Array,
  multiplicity?: Uint16Array,
): RoutingCurve {
  let gap = 0
  let total = 0
  for (const row of order) {
    const times = multiplicity === undefined ? 1 : (multiplicity[row] ?? 0)
    gap += times * ((strong[row] ?? 0) - (weak[row] ?? 0))
    total += times
  }
  const points: CurvePoint[] = [{ share: 0, recovered: 0 }]
  let gained = 0
  let count = 0
  for (let place = 0; place < order.length; place += 1) {
    const row = order[place] ?? 0
    const times = multiplicity === undefined ? 1 : (multiplicity[row] ?? 0)
    gained += times * ((strong[row] ?? 0) - (weak[row] ?? 0))
    count += times
    const next = order[place + 1]
    const isGroupOpen = next !== undefined && scores[next] === scores[row]
    if (!isGroupOpen) points.push({ share: count / total, recovered: gained / gap })
  }
  return points
}

/** APGR: the area under the curve, by trapezoids. 0.5 is a router that draws lots. */
export function areaUnder(curve: RoutingCurve): number {
  let area = 0
  for (let at = 1; at < curve.length; at += 1) {
    const before = curve[at - 1]
    const point = curve[at]
    if (before === undefined || point === undefined) continue
    area += ((point.share - before.share) * (point.recovered + before.recovered)) / 2
  }
  return area
}

/** CPT(x): the smallest share of strong calls at which the curve reaches `recovered`, between 0 and 1; 1 when it never does. */
export function shareToReach(curve: RoutingCurve, recovered: number): number {
  for (let at = 1; at < curve.length; at += 1) {
    const before = curve[at - 1]
    const point = curve[at]
    if (before === undefined || point === undefined || !(point.recovered >= recovered)) continue
    if (before.recovered >= recovered) return before.share
    const part = (recovered - before.recovered) / (point.recovered - before.recovered)
    return before.share + part * (point.share - before.share)
  }
  return 1
}

/** The area of `routingCurve` without building the curve: what a bootstrap computes thousands of times. */
export function areaOfSample(
  { scores, strong, weak }: RoutedRows,
  order: Uint32Array,
  multiplicity: Uint16Array,
): number {
  let count = 0
  let gained = 0
  let before = 0
  let countBefore = 0
  let area = 0
  for (let place = 0; place < order.length; place += 1) {
    const row = order[place] ?? 0
    const times = multiplicity[row] ?? 0
    gained += times * ((strong[row] ?? 0) - (weak[row] ?? 0))
    count += times
    const next = order[place + 1]
    if (next !== undefined && scores[next] === scores[row]) continue
    area += ((count - countBefore) * (gained + before)) / 2
    before = gained
    countBefore = count
  }
  return area / (count * gained)
}
