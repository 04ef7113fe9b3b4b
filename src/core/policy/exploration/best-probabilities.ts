import { normalCumulative } from './normal-distribution.ts'

/** Independent normal beliefs about candidates: a mean and a standard deviation (0: known) each. */
export type NormalBeliefs = { readonly means: Float64Array; readonly deviations: Float64Array }

/** Places of the integrals' grid around each mean, in standard deviations: fine where the mass is. */
const OFFSETS: readonly number[] = [-6, -5, -4, ...Array.from({ length: 25 }, (_, step) => -3 + step / 4), 4, 5, 6]

/** A value that is known counts as a belief this narrow, and lies this much below those of equal candidates before it. */
const KNOWN_DEVIATION = 1e-10
const KNOWN_ORDER = 1e-8

/**
 * P(candidate has the greatest value), scaled to the sum 1: the integral of each candidate's density times the chance that all others are
 * below, by the trapezoid rule over one grid that is fine around every mean. Nothing is sampled: the same beliefs give the same bits.
 * Of equal known values the first one is the greatest.
 */
export function probabilitiesOfBest(beliefs: NormalBeliefs): Float64Array {
  return normalised(integrate(narrowed(beliefs), Number.POSITIVE_INFINITY))
}

/**
 * P(candidate is chosen) when the first one whose value reaches `bound` is, and the greatest where none does. Candidates come in the
 * order of choice, the cheapest first.
 */
export function probabilitiesOfFirstWithin(beliefs: NormalBeliefs, bound: number): Float64Array {
  const own = narrowed(beliefs)
  const out = integrate(own, bound)
  let allBelow = 1
  for (const [place, mean] of beliefs.means.entries()) {
    const isKnown = beliefs.deviations[place] === 0
    const below = isKnown ? Number(mean < bound) : normalCumulative((bound - mean) / (own.deviations[place] ?? 1))
    out[place] = (out[place] ?? 0) + allBelow * (1 - below)
    allBelow *= below
  }
  return normalised(out)
}

function narrowed({ means, deviations }: NormalBeliefs): NormalBeliefs {
  return {
    means: means.map((mean, place) => (deviations[place] === 0 ? mean - place * KNOWN_ORDER : mean)),
    deviations: deviations.map((deviation) => Math.max(deviation, KNOWN_DEVIATION)),
  }
}

/** Per candidate P(its value is below `bound` and above all others). */
function integrate(beliefs: NormalBeliefs, bound: number): Float64Array {
  const grid = gridOf(beliefs, bound)
  const count = beliefs.means.length
  let before = chancesBelow(beliefs, grid[0] ?? 0)
  let aboveBefore = productsOfOthers(before)
  const sums = new Float64Array(count)
  for (const value of grid.subarray(1)) {
    const below = chancesBelow(beliefs, value)
    const above = productsOfOthers(below)
    for (let place = 0; place < count; place += 1) {
      const mass = (below[place] ?? 0) - (before[place] ?? 0)
      if (mass > 0) sums[place] = (sums[place] ?? 0) + mass * 0.5 * ((above[place] ?? 0) + (aboveBefore[place] ?? 0))
    }
    before = below
    aboveBefore = above
  }
  return sums
}

function gridOf({ means, deviations }: NormalBeliefs, bound: number): Float64Array {
  const grid = new Float64Array(means.length * OFFSETS.length)
  for (const [place, mean] of means.entries())
    for (const [index, offset] of OFFSETS.entries())
      grid[place * OFFSETS.length + index] = Math.min(bound, mean + offset * (deviations[place] ?? 0))
  return grid.sort()
}

function chancesBelow({ means, deviations }: NormalBeliefs, value: number): Float64Array {
  return means.map((mean, place) => normalCumulative((value - mean) / (deviations[place] ?? 1)))
}

/** Per place the product of all other values. */
function productsOfOthers(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length).fill(1)
  let product = 1
  for (let place = 0; place < values.length; place += 1) {
    out[place] = product
    product *= values[place] ?? 0
  }
  product = 1
  for (let place = values.length - 1; place >= 0; place -= 1) {
    out[place] = (out[place] ?? 0) * product
    product *= values[place] ?? 0
  }
  return out
}

function normalised(values: Float64Array): Float64Array {
  const sum = values.reduce((total, value) => total + value, 0)
  // No value at all is left where every integral rounds to nothing; then nothing speaks for one of them.
  return values.map((value) => (sum > 0 ? value / sum : 1 / values.length))
}
