import { AMOUNT_MAX, type Amount, amountFromNanos } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { ContractId, Hash } from '../evidence/names.ts'

const PPM = 1_000_000n

/**
 * Smallest penalty that makes cheating worth nothing when a share `ratePpm` of tasks is checked: `penalty >= gain / q`, rounded up. The worker's expected gain is
 * then `(1 - q) gain - q penalty <= 0`, with `q gain` to spare.
 *
 * @param ratePpm  1 to 1,000,000.
 * @returns `undefined` when it exceeds 2^64 - 1, or the rate is out of range: then check more often.
 */
export function minimumPenaltyNanos(gainNanos: Amount, ratePpm: bigint): Amount | undefined {
  if (ratePpm < 1n || ratePpm > PPM) return undefined
  const penalty = (gainNanos * PPM + ratePpm - 1n) / ratePpm
  return penalty > AMOUNT_MAX ? undefined : amountFromNanos(penalty)
}

/** Smallest rate, parts per million and rounded up, at which a penalty of `penaltyNanos` deters; `undefined` when even checking all does not. */
export function minimumRatePpm(gainNanos: Amount, penaltyNanos: Amount): bigint | undefined {
  if (gainNanos === 0n) return 0n
  if (penaltyNanos < gainNanos) return undefined
  return (gainNanos * PPM + penaltyNanos - 1n) / penaltyNanos
}

/**
 * Whether a task is checked. The beacon must be one that nobody knew when the worker delivered, such as the hash of the next certified checkpoint; anybody can
 * draw again.
 */
export function isSpotChecked(contract: ContractId, beacon: Hash, ratePpm: bigint): boolean {
  const draw = BigInt(`0x${sha256Hex(`kernell/spot-check/v1\0${beacon}\0${contract}`).slice(0, 16)}`)
  return draw * PPM < ratePpm << 64n
}
