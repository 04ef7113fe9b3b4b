/** Numbers per stage in `RouteBatch.stages`, and per route in the result. */
export const STAGE_FIELDS = 4
export const EXPECTATION_FIELDS = 4

/**
 * Candidate routes, packed. A route is a chain of calls; the next one is made only when the answer of the one before was not
 * accepted. Costs and latencies come out in the unit they went in.
 */
export type RouteBatch = {
  /** Per stage: probability that its answer is accepted, probability that it is accepted and right, cost, latency. */
  readonly stages: Float64Array
  /** Route r has the stages offsets[r] .. offsets[r + 1] - 1; one entry more than routes, rising. */
  readonly offsets: Uint32Array
}

/** Throws `RangeError` when the offsets do not rise or point behind the stages. */
export function checkRouteBatch(batch: RouteBatch): void {
  const { offsets } = batch
  if (offsets.length === 0) throw new RangeError('offsets must have one entry more than there are routes')
  for (let i = 1; i < offsets.length; i += 1) {
    if ((offsets[i] ?? 0) < (offsets[i - 1] ?? 0)) throw new RangeError(`offsets must rise; entry ${i} does not`)
  }
  if ((offsets[offsets.length - 1] ?? 0) * STAGE_FIELDS > batch.stages.length)
    throw new RangeError('offsets point behind the stages')
}

/**
 * Plain TypeScript twin of the expectation kernel. Per route: expected cost, expected latency, probability of a right answer,
 * probability that no answer is accepted.
 */
export function expectRoutes(batch: RouteBatch): Float64Array {
  const { stages, offsets } = batch
  const routeCount = offsets.length - 1
  const out = new Float64Array(routeCount * EXPECTATION_FIELDS)
  for (let route = 0; route < routeCount; route += 1) {
    let cost = 0
    let latency = 0
    let right = 0
    let reach = 1
    const end = (offsets[route + 1] ?? 0) * STAGE_FIELDS
    for (let at = (offsets[route] ?? 0) * STAGE_FIELDS; at < end; at += STAGE_FIELDS) {
      cost += reach * (stages[at + 2] ?? 0)
      latency += reach * (stages[at + 3] ?? 0)
      right += reach * (stages[at + 1] ?? 0)
      reach *= 1 - (stages[at] ?? 0)
    }
    out.set([cost, latency, right, reach], route * EXPECTATION_FIELDS)
  }
  return out
}
