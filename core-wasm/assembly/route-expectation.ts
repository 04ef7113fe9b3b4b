/**
 * Expected outcome of candidate routes. A route is a chain of calls; the next one is made only when the answer of the one
 * before was not accepted.
 *
 * stages   f64 x 4 each: probability of acceptance, probability of an accepted and right answer, cost, latency
 * offsets  i32 x (routes + 1): the stages of route r are offsets[r] .. offsets[r + 1] - 1
 * out      f64 x 4 per route: expected cost, expected latency, probability of a right answer, probability that none is accepted
 */
export function expectRoutes(stages: usize, offsets: usize, routes: i32, out: usize): void {
  for (let route = 0; route < routes; route++) {
    let cost: f64 = 0
    let latency: f64 = 0
    let right: f64 = 0
    let reach: f64 = 1
    let stage = stages + ((<usize>load<u32>(offsets)) << 5)
    const end = stages + ((<usize>load<u32>(offsets, 4)) << 5)
    while (stage < end) {
      cost += reach * load<f64>(stage, 16)
      latency += reach * load<f64>(stage, 24)
      right += reach * load<f64>(stage, 8)
      reach *= 1 - load<f64>(stage)
      stage += 32
    }
    store<f64>(out, cost)
    store<f64>(out, latency, 8)
    store<f64>(out, right, 16)
    store<f64>(out, reach, 24)
    offsets += 4
    out += 32
  }
}
