import { canonicalJson } from '../../base/canonical-json.ts'
import { type Amount, amountFromNanos } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { DAY_MS, type DurationMs, durationFromMs } from '../../base/time.ts'
import type { Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'

/** One whole, in parts per million. */
export const PPM = 1_000_000n

/** One unit of evidence, in millionths: a Beta observation of weight 1. */
export const UNIT_MICROS = 1_000_000n

/**
 * The rules of one set of books. They are fixed for the life of a state; another policy is another state, made from the same receipts.
 * A policy is part of a parameter set, so contracts pin it by hash.
 */
export type ReputationPolicy = {
  /** Nano-units of each believed currency that weigh as one unit of evidence, 1 or more. Credits of other issuers weigh nothing: anybody can issue. */
  readonly unitNanos: ReadonlyMap<Currency, Amount>
  /** Contracts of less value are not counted, in millionths of a unit, 0 or more. */
  readonly valueMinMicros: bigint
  /** Weight of one contract at most, in millionths of a unit, 1 or more. */
  readonly contractCapMicros: bigint
  /** Weight that one counterparty can lend a subject, after forgetting, in millionths of a unit, 1 or more. */
  readonly pairCapMicros: bigint
  /** Weight that all counterparties of one funding source can lend a subject together, in millionths of a unit; `pairCapMicros` or more. */
  readonly sourceCapMicros: bigint
  /** Length of an epoch; forgetting moves in whole epochs. 1 ms or more. */
  readonly epochMs: DurationMs
  /** What is left of evidence after one epoch, parts per million, 0 to 1,000,000: the lambda of Jøsang and Ismail 2002. */
  readonly forgettingPpm: bigint
  /** Epochs that are remembered, the current one included, 1 to 1,024. Older evidence is dropped, and older receipts are refused. */
  readonly epochsKept: number
  /** Contracts remembered at most; further receipts are refused. */
  readonly contractsMax: number
  /** Subjects (a party in a role) at most; further ones are refused. */
  readonly subjectsMax: number
  /** Ratings (rater and funding source) of one subject at most; further raters are refused. */
  readonly ratersMax: number
  /** Share of a subject's weight from which one counterparty or one funding source is flagged, parts per million. */
  readonly concentrationPpm: bigint
  /** A subject with less weight is a newcomer, in millionths of a unit. */
  readonly newcomerMicros: bigint
  /**
   * Of the value that a subject was rated for, what it may be trusted with beyond its bond, parts per million. Where this is no more than the share of a
   * settlement that is burnt as fees, building a name costs at least what the name can steal.
   */
  readonly earnedPpm: bigint
  /** Exposure beyond the bond at most, in nano-units. */
  readonly earnedMaxNanos: Amount
}

/** Everything but the currencies, which each market names itself. Evidence halves in about 23 weeks. */
export const REPUTATION_POLICY_DEFAULTS: Omit<ReputationPolicy, 'unitNanos'> = {
  valueMinMicros: 1_000n,
  contractCapMicros: 10n * UNIT_MICROS,
  pairCapMicros: 20n * UNIT_MICROS,
  sourceCapMicros: 40n * UNIT_MICROS,
  epochMs: durationFromMs(7 * DAY_MS),
  forgettingPpm: 970_000n,
  epochsKept: 156,
  contractsMax: 1_000_000,
  subjectsMax: 200_000,
  ratersMax: 4_096,
  concentrationPpm: 500_000n,
  newcomerMicros: 5n * UNIT_MICROS,
  earnedPpm: 10_000n,
  earnedMaxNanos: amountFromNanos(1_000_000_000_000n),
}

const EPOCHS_MAX = 1_024

/** Whether every number is in its range. */
export function isPolicySound(policy: ReputationPolicy): boolean {
  const shares = [policy.forgettingPpm, policy.concentrationPpm, policy.earnedPpm]
  const counts = [policy.contractsMax, policy.subjectsMax, policy.ratersMax, policy.epochMs, policy.epochsKept]
  return (
    shares.every((share) => share >= 0n && share <= PPM) &&
    counts.every((count) => Number.isSafeInteger(count) && count >= 1) &&
    policy.epochsKept <= EPOCHS_MAX &&
    policy.valueMinMicros >= 0n &&
    policy.newcomerMicros >= 0n &&
    policy.contractCapMicros >= 1n &&
    policy.pairCapMicros >= 1n &&
    policy.sourceCapMicros >= policy.pairCapMicros &&
    [...policy.unitNanos.values()].every((unit) => unit >= 1n)
  )
}

/** Name of a policy: SHA-256 of its canonical JSON. Equal policies have equal hashes. */
export function policyHash(policy: ReputationPolicy): Hash {
  const { unitNanos, ...numbers } = policy
  const units = [...unitNanos].map(([currency, unit]) => [currency, unit.toString()] as const)
  const texts = Object.entries(numbers).map(([name, value]) => [name, value.toString()] as const)
  return sha256Hex(canonicalJson({ ...Object.fromEntries(texts), unitNanos: Object.fromEntries(units) })) as Hash
}
