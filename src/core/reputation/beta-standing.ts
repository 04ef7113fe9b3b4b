import type { Did, Hash } from '../evidence/names.ts'
import { PPM, UNIT_MICROS, type ReputationPolicy } from './reputation-policy.ts'

/** Evidence of one epoch, undecayed: sums do not depend on the order in which receipts came. */
export type EpochWeight = {
  /** Instant of the contract's end, in whole epochs. */
  readonly epoch: number
  readonly goodMicros: bigint
  readonly badMicros: bigint
  /** Contracts that these sums are made of. */
  readonly contracts: number
}

/** What one counterparty with money of one origin said about a subject. */
export type Rating = {
  readonly rater: Did
  readonly source: Hash
  /** By epoch, ascending, each once; `epochsKept` at most. */
  readonly epochs: readonly EpochWeight[]
}

/** Weights of a subject at one moment, in millionths of a unit of evidence. */
export type BetaWeights = { readonly goodMicros: bigint; readonly badMicros: bigint }

/** What one rating weighs now: forgotten in part, cut by the caps. */
export type RatedWeights = BetaWeights & { readonly rater: Did; readonly source: Hash }

/** Scale of the powers of lambda. */
const POWER_SCALE = 1_000_000_000_000n

/** lambda^0, lambda^1 ... lambda^(epochsKept - 1) in parts of 10^12, each rounded down from the one before: the same integers on every machine. */
export function forgettingPowers({ forgettingPpm, epochsKept }: ReputationPolicy): readonly bigint[] {
  const powers: bigint[] = []
  let power = POWER_SCALE
  for (let age = 0; age < epochsKept; age += 1) {
    powers.push(power)
    power = (power * forgettingPpm) / PPM
  }
  return powers
}

/** The rating with the evidence of one more contract. */
export function addEvidence(rating: Rating, { epoch, goodMicros, badMicros }: BetaWeights & { epoch: number }): Rating {
  const known = rating.epochs.find((entry) => entry.epoch === epoch)
  const entry: EpochWeight = {
    epoch,
    goodMicros: (known?.goodMicros ?? 0n) + goodMicros,
    badMicros: (known?.badMicros ?? 0n) + badMicros,
    contracts: (known?.contracts ?? 0) + 1,
  }
  const others = rating.epochs.filter((other) => other.epoch !== epoch)
  return { ...rating, epochs: [...others, entry].sort((left, right) => left.epoch - right.epoch) }
}

/**
 * What each rating weighs in `epoch`. First forgetting: evidence of age `k` epochs counts `lambda^k` (Jøsang and Ismail, The Beta Reputation System, 2002,
 * section 2.5). Then the caps: a counterparty whose ratings exceed `pairCapMicros` together, then a funding source that exceeds `sourceCapMicros`, has all its
 * weights reduced in proportion, so that neither repetition nor many keys with one purse buy standing, and the order of receipts does not matter.
 */
export function weighRatings(
  ratings: Iterable<Rating>,
  policy: ReputationPolicy,
  epoch: number,
): readonly RatedWeights[] {
  const powers = forgettingPowers(policy)
  const faded = [...ratings].map((rating) => fade(rating, powers, epoch))
  const capped = capGroups(faded, ({ rater }) => rater, policy.pairCapMicros)
  return capGroups(capped, ({ source }) => source, policy.sourceCapMicros)
}

/** Sum of weights. */
export function sumWeights(weights: Iterable<BetaWeights>): BetaWeights {
  let goodMicros = 0n
  let badMicros = 0n
  for (const weight of weights) {
    goodMicros += weight.goodMicros
    badMicros += weight.badMicros
  }
  return { goodMicros, badMicros }
}

/** Mean of the Beta distribution, (r + 1) / (r + s + 2), in parts per million, rounded down. A newcomer has 500,000. */
export function betaMeanPpm({ goodMicros, badMicros }: BetaWeights): bigint {
  return ((goodMicros + UNIT_MICROS) * PPM) / (goodMicros + badMicros + 2n * UNIT_MICROS)
}

function fade(rating: Rating, powers: readonly bigint[], epoch: number): RatedWeights {
  let good = 0n
  let bad = 0n
  for (const entry of rating.epochs) {
    // Evidence of an epoch that is not over yet, seen from an earlier one, is as fresh as can be.
    const power = powers[Math.max(0, epoch - entry.epoch)] ?? 0n
    good += entry.goodMicros * power
    bad += entry.badMicros * power
  }
  const { rater, source } = rating
  return { rater, source, goodMicros: good / POWER_SCALE, badMicros: bad / POWER_SCALE }
}

function capGroups(
  weights: readonly RatedWeights[],
  groupOf: (weight: RatedWeights) => string,
  capMicros: bigint,
): readonly RatedWeights[] {
  const totals = new Map<string, bigint>()
  for (const weight of weights) {
    const group = groupOf(weight)
    totals.set(group, (totals.get(group) ?? 0n) + weight.goodMicros + weight.badMicros)
  }
  return weights.map((weight) => {
    const total = totals.get(groupOf(weight)) ?? 0n
    if (total <= capMicros) return weight
    return {
      ...weight,
      goodMicros: (weight.goodMicros * capMicros) / total,
      badMicros: (weight.badMicros * capMicros) / total,
    }
  })
}
