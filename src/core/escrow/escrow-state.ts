import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { EscrowParty, EscrowTerms } from './escrow-terms.ts'

/** A message that counted: its place among its signer's and its hash. */
export type HeardMessage = { readonly iss: Did; readonly seq: number; readonly envelope: Hash }

/** What every state has. */
type EscrowHead = {
  readonly contract: ContractId
  readonly terms: EscrowTerms
  /** Messages of parties and arbiters that counted, sorted by signer and place; of each signer the latest `HEARD_MAX`. */
  readonly heard: readonly HeardMessage[]
}

/** What every state has in which the ledger holds for the contract. */
type FundedHead = EscrowHead & {
  /** Which try of the hold succeeded; the holds' ids follow from it. */
  readonly holdAttempt: number
}

/** The last voucher that both signed; number 0 and amount 0 before the first. Amounts are cumulative. */
export type LastVoucher = { readonly number: number; readonly amountNanos: Amount; readonly meter: Hash | undefined }

/** What was delivered. */
export type Delivery = {
  readonly result: Hash
  /** Hash of the list of artefacts. */
  readonly manifest: Hash
  readonly meter: Hash
  /** Hash of what the acceptance predicate said when the worker ran it. */
  readonly verdict: Hash
  /** What the worker asks for: from the last voucher's amount to `maxNanos`. */
  readonly claimNanos: Amount
}

/** Why the payer rejects, and what it owes all the same. */
export type Rejection = {
  /** A word that machines compare. */
  readonly reason: string
  readonly evidence: Hash
  /** From the last voucher's amount to what the worker claims. */
  readonly concededNanos: Amount
}

/** Parties against whom there is a proof of equivocation. */
export type Equivocators = { readonly payer: boolean; readonly worker: boolean }

/** Which edge decided the money; it also says who is at fault. */
export const SETTLEMENT_CAUSES = [
  'accepted',
  'auto-accepted',
  'conceded',
  'ruled',
  'fallback',
  'frozen',
  'frozen-ruled',
  'cancelled',
  'stalled',
  'not-started',
  'expired',
] as const
/** One of `SETTLEMENT_CAUSES`: which edge decided where the money of a contract goes. What it says of payer and worker stands in the table of endings of reputation. */
export type SettlementCause = (typeof SETTLEMENT_CAUSES)[number]

export const ESCROW_FAULTS = ['none', 'payer', 'worker', 'both'] as const
/** Whom the end of a contract found at fault: by the edge that decided it, by a ruling, or by proofs of equivocation. Receipts of reputation carry it. */
export type EscrowFault = (typeof ESCROW_FAULTS)[number]

/** Where everything that is held goes. Decided once; the orders follow from it alone. */
export type Settlement = {
  readonly cause: SettlementCause
  readonly ending: 'SETTLED' | 'VOIDED' | 'EXPIRED'
  /** Out of the price, for the worker, the notary's fee included; the rest of the price goes back to the payer. */
  readonly capturedNanos: Amount
  /** Out of `capturedNanos`, for the notary set. */
  readonly feeNanos: Amount
  /** Out of the worker's bond, for the payer. */
  readonly workerSlashedNanos: Amount
  /** Out of the payer's bond, for the worker. */
  readonly payerSlashedNanos: Amount
  /** Arbiters that are paid, each `fees.arbiterNanos`, out of the dispute bond; sorted. */
  readonly paidArbiters: readonly Did[]
  /** Which try held the dispute bond; `undefined` when none is held. */
  readonly disputeAttempt: number | undefined
  /** The last voucher's amount, below which nothing but a ruling or an equivocation settles. */
  readonly voucherNanos: Amount
  readonly fault: EscrowFault
}

/** What a contract came to. */
type Outcome = EscrowHead & {
  readonly cause: SettlementCause
  readonly capturedNanos: Amount
  readonly feeNanos: Amount
  readonly fault: EscrowFault
}

export type DraftState = EscrowHead & { readonly kind: 'DRAFT' }

export type OfferedState = EscrowHead & {
  readonly kind: 'OFFERED'
  readonly offeredBy: EscrowParty
  readonly isAwarded: boolean
  readonly offerBy: Timestamp
}

export type AgreedState = EscrowHead & {
  readonly kind: 'AGREED'
  readonly holdBy: Timestamp
  /** Tries of the hold so far, the open one included. */
  readonly holdAttempts: number
  /** The ledger was asked and has not answered. */
  readonly isHoldAsked: boolean
}

export type HeldState = FundedHead & {
  readonly kind: 'HELD'
  readonly startBy: Timestamp
  readonly deliverBy: Timestamp
}

export type WorkingState = FundedHead & {
  readonly kind: 'WORKING'
  /** From then on the payer may cancel alone; `undefined` once the timer fired. A voucher or a beat sets it anew. */
  readonly beatBy: Timestamp | undefined
  readonly deliverBy: Timestamp
  readonly voucher: LastVoucher
}

export type DeliveredState = FundedHead & {
  readonly kind: 'DELIVERED'
  readonly acceptBy: Timestamp
  readonly voucher: LastVoucher
  readonly delivery: Delivery
  /** Tries to hold the dispute bond so far. */
  readonly disputeAttempts: number
  /** A rejection whose bond the ledger was asked to hold; the ledger is asked again at `retryAt`. */
  readonly rejecting: { readonly rejection: Rejection; readonly retryAt: Timestamp } | undefined
}

export type DisputedState = FundedHead & {
  readonly kind: 'DISPUTED'
  readonly ruleBy: Timestamp
  /** Until then evidence is taken, from then on rulings are; `undefined` once the timer fired. */
  readonly evidenceBy: Timestamp | undefined
  readonly voucher: LastVoucher
  readonly delivery: Delivery
  readonly rejection: Rejection
  /** Hashes in the order of arrival, the rejection's first; each party at most `EVIDENCE_MAX` besides. */
  readonly evidence: readonly { readonly party: EscrowParty; readonly hash: Hash }[]
  readonly disputeAttempt: number | undefined
}

export type FrozenState = FundedHead & {
  readonly kind: 'FROZEN'
  readonly ruleBy: Timestamp
  readonly voucher: LastVoucher
  /** What the worker claimed by a delivery, before the proof or, where the payer alone lied, after it; `undefined` when it has not delivered. */
  readonly claimNanos: Amount | undefined
  readonly equivocators: Equivocators
  /** Root of all evidence, the proof and a delivery after it included; rulings name it. */
  readonly evidenceRoot: Hash
  readonly disputeAttempt: number | undefined
}

export type CapturingState = FundedHead & {
  readonly kind: 'CAPTURING'
  readonly settlement: Settlement
  /** Number of the try that is under way, or that is made at `retryAt`. */
  readonly attempt: number
  readonly retryAt: Timestamp
}

export type SettledState = Outcome & {
  readonly kind: 'SETTLED'
  readonly refundBy: Timestamp
  readonly refundedNanos: Amount
  /** Tries to refund so far. */
  readonly refundAttempts: number
  /** A refund that the ledger was asked for; it is asked again at `retryAt`. */
  readonly refunding: { readonly amountNanos: Amount; readonly retryAt: Timestamp } | undefined
}

/** Ended before anything was held. */
export type AbortedState = EscrowHead & { readonly kind: 'ABORTED'; readonly retainUntil: Timestamp }

/** `VOIDED`: ended before a delivery. `EXPIRED`: not delivered in time. `FINAL`: settled for good. `REFUNDED`: all that was captured went back. */
export type EndedState = Outcome & {
  readonly kind: 'VOIDED' | 'EXPIRED' | 'FINAL' | 'REFUNDED'
  readonly refundedNanos: Amount
  readonly retainUntil: Timestamp
}

/**
 * One contract. All instants are deadlines that still matter, so that equal situations are equal values.
 *
 * ```text
 * DRAFT -> OFFERED -> AGREED -> HELD -> WORKING -> DELIVERED -> CAPTURING -> SETTLED -> FINAL | REFUNDED
 *             |          |        |        |           |            ^  \
 *             v          v        |        |           v            |   -> VOIDED | EXPIRED
 *           ABORTED   ABORTED     +--------+-----> DISPUTED, FROZEN +
 * ```
 */
export type EscrowState =
  | DraftState
  | OfferedState
  | AgreedState
  | HeldState
  | WorkingState
  | DeliveredState
  | DisputedState
  | FrozenState
  | CapturingState
  | SettledState
  | AbortedState
  | EndedState

export type EscrowStateKind = EscrowState['kind']

export const ESCROW_STATE_KINDS = [
  'DRAFT',
  'OFFERED',
  'AGREED',
  'HELD',
  'WORKING',
  'DELIVERED',
  'CAPTURING',
  'DISPUTED',
  'FROZEN',
  'SETTLED',
  'ABORTED',
  'VOIDED',
  'EXPIRED',
  'FINAL',
  'REFUNDED',
] as const satisfies readonly EscrowStateKind[]

export const TERMINAL_KINDS = ['ABORTED', 'VOIDED', 'EXPIRED', 'FINAL', 'REFUNDED'] as const
export type TerminalKind = (typeof TERMINAL_KINDS)[number]
export type TerminalState = AbortedState | EndedState

/** Messages of one signer that are remembered; an older one is refused as old, whatever it says. */
export const HEARD_MAX = 32
/** Further pieces of evidence of one party. */
export const EVIDENCE_MAX = 16
/** Tries of one hold, dispute bond or refund; the settlement itself is tried until it is posted. */
export const ATTEMPTS_MAX = 16

export function isTerminal(state: EscrowState): state is TerminalState {
  return TERMINAL_KINDS.some((kind) => kind === state.kind)
}
