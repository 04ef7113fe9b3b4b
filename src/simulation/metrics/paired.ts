import { createRandomStream } from '../../base/random-stream.ts'
import { deviationOf, meanOf } from './dispersion.ts'
import { studentQuantile } from './student.ts'

/** What came of somebody in two worlds that differ in one thing. */
export type Pair = { readonly attacking: number; readonly honest: number }

export type PairedGain = {
  readonly pairs: number
  /** Of attacking minus honest. */
  readonly mean: number
  readonly deviation: number
  /** The true mean is below it with 95 % confidence, by Student; `undefined` with fewer than two pairs. */
  readonly upper95: number | undefined
  /** And above this. */
  readonly lower95: number | undefined
  /** The same bound by drawing the pairs again, with a seed. */
  readonly bootstrapUpper95: number | undefined
}

const CONFIDENCE = 0.95
const RESAMPLES = 2_000

/**
 * The gain of an attack, from pairs of the same seed and the same agent; pairs must not depend on each other, so those of one world are one pair.
 *
 * @see Student (Gosset), The Probable Error of a Mean, 1908; Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3
 */
export function pairedGain(pairs: readonly Pair[]): PairedGain {
  const gains = pairs.map(({ attacking, honest }) => attacking - honest)
  const mean = meanOf(gains) ?? 0
  const deviation = deviationOf(gains)
  if (gains.length < 2)
    return { pairs: gains.length, mean, deviation, upper95: undefined, lower95: undefined, bootstrapUpper95: undefined }
  const reach = (studentQuantile(CONFIDENCE, gains.length - 1) * deviation) / Math.sqrt(gains.length)
  return {
    pairs: gains.length,
    mean,
    deviation,
    upper95: mean + reach,
    lower95: mean - reach,
    bootstrapUpper95: bootstrapUpper(gains),
  }
}

/** The 95th percentile of the means of samples that are drawn from the gains, each as large as they. */
function bootstrapUpper(gains: readonly number[]): number {
  const random = createRandomStream(gains.length)
  const means: number[] = []
  for (let sample = 0; sample < RESAMPLES; sample += 1) {
    let sum = 0
    for (let draw = 0; draw < gains.length; draw += 1) sum += gains[random.nextBelow(gains.length)] ?? 0
    means.push(sum / gains.length)
  }
  means.sort((left, right) => left - right)
  return means[Math.ceil(RESAMPLES * CONFIDENCE) - 1] ?? 0
}
