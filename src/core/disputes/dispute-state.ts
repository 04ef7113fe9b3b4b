import type { Amount } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { AcceptanceOutcome } from '../acceptance/evaluate-predicate.ts'
import type { EscrowParty } from '../escrow/escrow-terms.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { DisputeRefusalCode } from './dispute-refusals.ts'

/** Rounds of votes at most: the first and three appeals. */
export const ROUNDS_MAX = 4
/** Bytes of evidence of one party at most. */
export const EVIDENCE_BYTES_MAX = 16 * 1_024 * 1_024

/** By what a dispute is decided; fixed from its beginning to its end. Amounts are nano-units of the contract's currency. */
export type DisputeTerms = {
  readonly contract: ContractId
  readonly payer: Did
  readonly worker: Did
  /** What is held for the contract; a vote gives the worker 0 to all of it. */
  readonly maxNanos: Amount
  /** What the worker gets when its delivery is right: what it claimed. At most `maxNanos`. */
  readonly claimNanos: Amount
  /** What the worker gets when its delivery is wrong: what the payer conceded. Below `claimNanos`. */
  readonly concededNanos: Amount
  /** Whether the task gives the same bytes whoever runs it; only then replicas are asked. */
  readonly isDeterministic: boolean
  /** Hash of what was delivered. */
  readonly delivered: Hash
  /** Sorted, each once, neither party among them. */
  readonly arbiters: readonly Did[]
  /** Votes that a ruling needs at least: 1 to the number of arbiters, 0 without any. */
  readonly k: number
  /** Arbiters of the first round, `k` to all; each round has twice as many as the one before, or all. */
  readonly panel: number
  /** At stake for each arbiter of the first round; doubles with each round. */
  readonly arbiterBondNanos: Amount
  /** What the first appeal costs; doubles with each round. */
  readonly appealBondNanos: Amount
  /** T_evidence closes the record. */
  readonly evidenceBy: Timestamp
  /** Until then replicas may decide; `evidenceBy` or later. */
  readonly replicateBy: Timestamp
  /** T_rule: nothing is decided after it. */
  readonly ruleBy: Timestamp
  /** Spans of a round, 1 ms or more. */
  readonly commitMs: DurationMs
  readonly revealMs: DurationMs
  readonly appealMs: DurationMs
}

export type EvidencePiece = { readonly party: EscrowParty; readonly hash: Hash; readonly sizeBytes: number }

/** Worker's and payer's parts; they sum to `maxNanos`. */
export type RulingSplit = { readonly workerNanos: Amount; readonly payerNanos: Amount }

export type Ruling = RulingSplit & {
  /** Arbiters whose reveals are signatures over contract, root and split; sorted. */
  readonly signers: readonly Did[]
}

export type Appeal = { readonly by: EscrowParty; readonly bondNanos: Amount; readonly against: Ruling }

type DisputeHead = {
  readonly terms: DisputeTerms
  readonly at: Timestamp
  readonly predicate: AcceptanceOutcome
  /** In the order of arrival. */
  readonly evidence: readonly EvidencePiece[]
  /** What panels are drawn by: a hash that nobody knew while the record was open, given when it is closed; `undefined`: the root, which the last filer can choose. */
  readonly beacon: Hash | undefined
}

type RoundHead = DisputeHead & {
  /** Of the closed record. */
  readonly root: Hash
  /** From 0. */
  readonly round: number
  /** Sorted. */
  readonly panel: readonly Did[]
  /** The appeal that led to this round. */
  readonly appeal: Appeal | undefined
  readonly commitments: ReadonlyMap<Did, Hash>
}

export type GatheringState = DisputeHead & { readonly kind: 'gathering' }
export type ReplicatingState = DisputeHead & { readonly kind: 'replicating'; readonly root: Hash }
export type CommittingState = RoundHead & { readonly kind: 'committing'; readonly commitBy: Timestamp }
export type RevealingState = RoundHead & {
  readonly kind: 'revealing'
  readonly revealBy: Timestamp
  /** What the worker gets, by arbiter. */
  readonly votes: ReadonlyMap<Did, Amount>
}
export type AppealableState = DisputeHead & {
  readonly kind: 'appealable'
  readonly root: Hash
  readonly round: number
  readonly ruling: Ruling
  readonly appealBy: Timestamp
}
export type DisputeBasis = 'predicate' | 'replication' | 'arbiters' | 'none'
export type DisputeEndedState = DisputeHead & {
  readonly kind: 'ended'
  readonly root: Hash
  /** `none`: nobody could decide, and the contract's fallback does. */
  readonly basis: DisputeBasis
  readonly ruling: Ruling | undefined
}

/** Where a dispute stands; `DISPUTE_MACHINE` draws the way from one kind to the next. An `ended` one takes no more events. */
export type DisputeState =
  | GatheringState
  | ReplicatingState
  | CommittingState
  | RevealingState
  | AppealableState
  | DisputeEndedState

export type DisputeTimer = 'evidence' | 'replicate' | 'commit' | 'reveal' | 'appeal'

/**
 * What happens in a dispute: messages of parties and arbiters, each with its `Evidence`; what the predicate and the replicas came to; timers. `at` never goes
 * back (`DISPUTE_TIME_BACK`).
 */
export type DisputeEvent =
  | (Evidence & { readonly type: 'evidence-filed'; readonly hash: Hash; readonly sizeBytes: number })
  /** The predicate was run on the facts that the record binds; anybody gets the same. */
  | { readonly type: 'predicate-evaluated'; readonly outcome: AcceptanceOutcome; readonly at: Timestamp }
  /** What the replication machine ended with. */
  | { readonly type: 'replicas-ended'; readonly result: Hash | undefined; readonly at: Timestamp }
  | (Evidence & { readonly type: 'vote-committed'; readonly commitment: Hash })
  | (Evidence & {
      readonly type: 'vote-revealed'
      readonly evidenceRoot: Hash
      readonly workerNanos: Amount
      readonly salt: string
    })
  /** The bond is held by then. */
  | (Evidence & { readonly type: 'ruling-appealed'; readonly bondNanos: Amount })
  | {
      readonly type: 'timer-fired'
      readonly name: DisputeTimer
      readonly at: Timestamp
      /** With `evidence`: hash of the notary set's certificate over the last message before T_evidence, or of a later checkpoint. */
      readonly beacon?: Hash
    }

export type BondPayment = {
  readonly to: Did
  readonly nanos: Amount
  /** `returned`: its own bond. `forfeited`: its part of what others lost. */
  readonly why: 'returned' | 'forfeited'
}

/**
 * What a step of a dispute leaves to be done outside: timers to start, replicas and panels to call, bonds to pay out, rulings to make known. Amounts are
 * nano-units of the contract's currency.
 */
export type DisputeEffect =
  | { readonly type: 'start-timer'; readonly name: DisputeTimer; readonly firesAt: Timestamp }
  | { readonly type: 'record-closed'; readonly contract: ContractId; readonly evidenceRoot: Hash }
  | { readonly type: 'replicas-wanted'; readonly contract: ContractId; readonly until: Timestamp }
  | {
      readonly type: 'panel-called'
      readonly contract: ContractId
      readonly round: number
      readonly panel: readonly Did[]
      readonly bondNanos: Amount
    }
  /** All that was at stake in a round, to the last nano-unit. */
  | { readonly type: 'bonds-settled'; readonly round: number; readonly payments: readonly BondPayment[] }
  | {
      readonly type: 'ruling-proposed'
      readonly round: number
      readonly ruling: Ruling
      readonly appealBy: Timestamp
      readonly appealBondNanos: Amount
    }
  | {
      readonly type: 'dispute-ended'
      readonly contract: ContractId
      readonly basis: DisputeBasis
      readonly evidenceRoot: Hash
      readonly ruling: Ruling | undefined
    }
  | { readonly type: 'event-refused'; readonly code: DisputeRefusalCode }
