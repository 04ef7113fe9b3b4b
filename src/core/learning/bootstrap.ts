import { createRandomStream } from '../../base/random-stream.ts'

/** Draws per interval. */
export const BOOTSTRAP_DRAWS = 1000

export type Interval = readonly [low: number, high: number]

/**
 * Paired bootstrap: each draw takes rows with replacement and `measure` returns one figure per name for that sample; the same samples
 * serve every figure, so differences of figures are paired. The interval is the central 95 % of the draws.
 *
 * @param measure  Receives how often each row was drawn.
 */
export function bootstrapIntervals(
  rowCount: number,
  seed: number,
  measure: (multiplicity: Uint16Array) => readonly number[],
): readonly Interval[] {
  const random = createRandomStream(seed)
  const samples: (readonly number[])[] = []
  const multiplicity = new Uint16Array(rowCount)
  for (let draw = 0; draw < BOOTSTRAP_DRAWS; draw += 1) {
    multiplicity.fill(0)
    for (let index = 0; index < rowCount; index += 1) {
      const row = random.nextBelow(rowCount)
      multiplicity[row] = (multiplicity[row] ?? 0) + 1
    }
    samples.push(measure(multiplicity))
  }
  const figures = samples[0]?.length ?? 0
  return Array.from({ length: figures }, (_, figure) => central(samples.map((sample) => sample[figure] ?? Number.NaN)))
}

function central(values: readonly number[]): Interval {
  const sorted = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b)
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)]
}

/** Linear between neighbours. NaN for no values. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[below + 1] ?? low
  return low + (place - below) * (high - low)
}
