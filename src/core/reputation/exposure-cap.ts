import { type Amount, AMOUNT_MAX, amountFromNanos } from '../../base/money.ts'
import type { BetaWeights } from './beta-standing.ts'
import { PPM, type ReputationPolicy, UNIT_MICROS } from './reputation-policy.ts'

/** What is known of a party when it asks for something of others (`exposureCapNanos`). `inflowCapMicros` is `undefined` where it is in no ring. */
export type ExposureInit = {
  /** Of the subject in the role it asks for, capped and forgotten. */
  readonly weights: BetaWeights
  /** What it has at stake, and loses when it is at fault. */
  readonly bondNanos: Amount
  /** Nano-units of one unit of evidence in the currency asked for. */
  readonly unitNanos: Amount
  /** What its ring may count for together, where it is in one; its good weight is cut to this share of the ring. */
  readonly inflowCapMicros: bigint | undefined
}

/**
 * What a party may hold of others at one time: its bond, and beyond it a share of the value by which good evidence exceeds bad.
 *
 * ```text
 * bond + min(earnedMax, max(good - bad, 0) * unit * earnedPpm / 1,000,000)
 * ```
 *
 * A newcomer has its bond alone (EigenTrust, section 9: do not assign any profit to newcomers), and so has whoever did as much harm as good: a new key never
 * has more than an old one, and what a party steals at most beyond its bond is less than building the name cost in burnt fees, as long as `earnedPpm` is no
 * more than the burnt share.
 *
 * @returns 0 to 2^64 - 1 nano-units, rounded down.
 */
export function exposureCapNanos(policy: ReputationPolicy, init: ExposureInit): Amount {
  const { goodMicros, badMicros } = init.weights
  const good =
    init.inflowCapMicros === undefined || goodMicros < init.inflowCapMicros ? goodMicros : init.inflowCapMicros
  if (good <= badMicros || goodMicros + badMicros < policy.newcomerMicros) return init.bondNanos
  const earned = ((good - badMicros) * init.unitNanos * policy.earnedPpm) / (UNIT_MICROS * PPM)
  const capped = earned > policy.earnedMaxNanos ? policy.earnedMaxNanos : earned
  const sum = init.bondNanos + capped
  return amountFromNanos(sum > AMOUNT_MAX ? AMOUNT_MAX : sum)
}
