import { normalCumulative, normalDensity } from './normal-distribution.ts'

/** Independent normal beliefs about candidates: a mean and a standard deviation (0: known) each. */
export type NormalBeliefs = { readonly means: Float64Array; readonly deviations: Float64Array }

/** Standard deviations that the integrals reach to either side, and their steps. */
const REACH = 6
const STEPS = 40

/**
 * P(candidate has the greatest value) by the trapezoid rule in each candidate's own standard deviations, scaled to the sum 1.
 * Nothing is sampled: the same beliefs give the same bits. Of equal known values the first one is the greatest.
 */
export function probabilitiesOfBest(beliefs: NormalBeliefs): Float64Array {
  return normalised(beliefs.means.map((_, place) => integrate(beliefs, place, Number.POSITIVE_INFINITY)))
}

/**
 * P(candidate is chosen) when the first one whose value reaches `bound` is, and the greatest where none does. Candidates come in the
 * order of choice, the cheapest first.
 */
export function probabilitiesOfFirstWithin(beliefs: NormalBeliefs, bound: number): Float64Array {
  let allBelow = 1
  const out = beliefs.means.map((mean, place) => {
    const below = probabilityBelow(bound, mean, beliefs.deviations[place] ?? 0)
    const chosen = allBelow * (1 - below)
    allBelow *= below
    return chosen
  })
  for (const place of out.keys()) out[place] = (out[place] ?? 0) + integrate(beliefs, place, bound)
  return normalised(out)
}

/** P(value of `place` is below `bound` and above all others). */
function integrate(beliefs: NormalBeliefs, place: number, bound: number): number {
  const mean = beliefs.means[place] ?? 0
  const deviation = beliefs.deviations[place] ?? 0
  if (deviation === 0) return mean < bound ? aboveOthers(beliefs, place, mean) : 0
  const to = Math.min(REACH, (bound - mean) / deviation)
  if (to <= -REACH) return 0
  const step = (to + REACH) / STEPS
  let sum = 0
  for (let index = 0; index <= STEPS; index += 1) {
    const z = -REACH + index * step
    const weight = index === 0 || index === STEPS ? 0.5 : 1
    sum += weight * normalDensity(z) * aboveOthers(beliefs, place, mean + deviation * z)
  }
  return sum * step
}

/** P(all candidates but `place` are below `value`); of equal known values the first is above. */
function aboveOthers({ means, deviations }: NormalBeliefs, place: number, value: number): number {
  let product = 1
  for (let other = 0; other < means.length && product > 0; other += 1) {
    if (other === place) continue
    const mean = means[other] ?? 0
    if (deviations[other] === 0 && mean === value) product *= other > place ? 1 : 0
    else product *= probabilityBelow(value, mean, deviations[other] ?? 0)
  }
  return product
}

function probabilityBelow(value: number, mean: number, deviation: number): number {
  if (deviation > 0) return normalCumulative((value - mean) / deviation)
  return mean < value ? 1 : 0
}

function normalised(values: Float64Array): Float64Array {
  const sum = values.reduce((total, value) => total + value, 0)
  // No value at all is left where every integral rounds to nothing; then nothing speaks for one of them.
  return values.map((value) => (sum > 0 ? value / sum : 1 / values.length))
}
