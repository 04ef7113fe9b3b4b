import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { CapabilityRefusal } from '../capability/capability-refusals.ts'
import type { CapabilityCid } from '../capability/capability-token.ts'
import { NO_REVOCATIONS, type Revocations } from '../capability/revocations.ts'
import { type HashTrie, emptyHashTrie } from '../collections/hash-trie.ts'
import type { EscrowEffect, EscrowReceipt } from '../escrow/escrow-effect.ts'
import type { EscrowMessageEvent } from '../escrow/escrow-event.ts'
import type { EscrowRefusalCode } from '../escrow/escrow-refusals.ts'
import type { EscrowRules } from '../escrow/escrow-rules.ts'
import { type EscrowFault, type EscrowState, type TerminalKind, isTerminal } from '../escrow/escrow-state.ts'
import type { EscrowTerms, NotarySetTerms } from '../escrow/escrow-terms.ts'
import type { EscrowTimerName } from '../escrow/escrow-timers.ts'
import type { TermsRefusalCode } from '../escrow/validate-terms.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { LedgerEffect, LedgerEvent } from '../ledger/ledger-event.ts'
import type { LedgerRefusalCode } from '../ledger/ledger-refusals.ts'
import { type LedgerLimits, type LedgerState, emptyLedger } from '../ledger/ledger-state.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import type { TimerHeap } from './timer-heap.ts'

export type BooksLimits = {
  /** Contracts that are held and have not ended, at most; in credits of issuers that nobody has listed, half of it. The same of those that are kept. */
  readonly openMax: number
  /** Contracts that were ever held, those that ended and are kept included, at most. */
  readonly keptMax: number
  /** Contracts for which nothing was ever held, at most: offers, agreements, and what came of them. They cost nobody anything, and have no part in the room of the others. */
  readonly offeredMax: number
  readonly parametersMax: number
  /** Timers that one stamp fires at most; the next firing says whether there are more. */
  readonly firingsMax: number
}

/** A contract takes 2 to 4 KiB. */
export const BOOKS_LIMITS_DEFAULT: BooksLimits = {
  openMax: 100_000,
  keptMax: 1_000_000,
  offeredMax: 500_000,
  parametersMax: 1_024,
  firingsMax: 256,
}

/** What one notary set keeps. Equal on all its replicas after the same events. */
export type BooksState = {
  /** The largest stamp so far. */
  readonly at: Timestamp
  readonly set: NotarySetTerms
  readonly limits: BooksLimits
  readonly ledger: LedgerState
  readonly contracts: HashTrie<EscrowState>
  /** How many of them are held and have not ended. */
  readonly open: number
  /** For how many of them nothing was ever held. */
  readonly unheld: number
  /** Rules by the hash that contracts pin. */
  readonly parameters: HashTrie<EscrowRules>
  /** Delegations by which no contract is signed any more. */
  readonly revocations: Revocations
  /** In `C1`: prices of the contracts under way, by `PAYER/WORKER/CURRENCY`. */
  readonly exposures: HashTrie<Amount>
  /** Timers of all contracts, and some that were cancelled; its first one runs. */
  readonly timers: TimerHeap
}

/** What empty books begin with: their first stamp and the set that keeps them. Limits that are absent are `BOOKS_LIMITS_DEFAULT` and those of the ledger. */
export type BooksInput = {
  readonly at: Timestamp
  readonly set: NotarySetTerms
  readonly limits?: BooksLimits
  readonly ledgerLimits?: LedgerLimits
}

export function emptyBooks({ at, set, limits = BOOKS_LIMITS_DEFAULT, ledgerLimits }: BooksInput): BooksState {
  return {
    at,
    set,
    limits,
    ledger: emptyLedger(ledgerLimits === undefined ? { at } : { at, limits: ledgerLimits }),
    contracts: emptyHashTrie(),
    open: 0,
    unheld: 0,
    parameters: emptyHashTrie(),
    revocations: NO_REVOCATIONS,
    exposures: emptyHashTrie(),
    timers: undefined,
  }
}

/** Nothing was held for it, ever. What was only offered has no place in the books before its offer. */
export function isUnheld({ kind }: EscrowState): boolean {
  return kind === 'OFFERED' || kind === 'AGREED' || kind === 'ABORTED'
}

/** Money is held for it, or it may still be refunded. */
export function isOpen(state: EscrowState): boolean {
  return state.kind !== 'DRAFT' && !isUnheld(state) && !isTerminal(state)
}

/**
 * What the notary set has ordered, by stamps that never go backward (`BOOKS_STAMP_BACKWARD`). Transfers of contracts and the expiry of holds are no events from
 * outside: the books make them themselves.
 */
export type BooksEvent =
  /** A message about a contract, authenticated. `terms` come with an offer, and hash to `contract`. */
  | {
      readonly type: 'message-received'
      readonly contract: ContractId
      readonly terms: EscrowTerms | undefined
      readonly message: EscrowMessageEvent
    }
  /** A message about the ledger, authenticated. */
  | {
      readonly type: 'ledger-event-received'
      readonly event: Exclude<LedgerEvent, { type: 'transfers-submitted' | 'holds-expired' | 'issuer-listed' }>
    }
  /** Rules that the set accepts from now on; a hash has one content for ever. */
  | { readonly type: 'parameters-published'; readonly hash: Hash; readonly rules: EscrowRules; readonly at: Timestamp }
  /** A delegation is taken back by one of those who issued it or one above it; tokens were checked. */
  | {
      readonly type: 'capability-revoked'
      readonly cid: CapabilityCid
      readonly revoker: Did
      /** Stamp from which the delegation is invalid by itself; `undefined` for never. */
      readonly expiresAt: number | undefined
      readonly at: Timestamp
    }
  /** No contract is signed under these rules any more; those that were keep to them. */
  | { readonly type: 'parameters-retired'; readonly hash: Hash; readonly at: Timestamp }
  /** Credits of the issuer are listed from now on, or no more: what is paid in them has room of its own. */
  | Extract<LedgerEvent, { type: 'issuer-listed' }>
  /** Another set keeps the books from now on: new contracts name it, those under way go on as they are. */
  | { readonly type: 'set-changed'; readonly set: NotarySetTerms; readonly at: Timestamp }
  /** Somebody points out that a timer of a contract is over. */
  | {
      readonly type: 'timer-fired'
      readonly contract: ContractId
      readonly name: EscrowTimerName
      readonly at: Timestamp
    }
  /** Time has passed: whatever is due fires. */
  | { readonly type: 'stamp-advanced'; readonly at: Timestamp }

/** What stays of a contract for ever, in the journal and the checkpoint. */
export type ContractRecord = {
  readonly contract: ContractId
  readonly kind: TerminalKind
  readonly capturedNanos: Amount
  readonly feeNanos: Amount
  readonly refundedNanos: Amount
  readonly fault: EscrowFault
}

/**
 * What a step of the books leaves to whoever keeps them: receipts to sign, records to keep, answers to give. What contracts and the ledger ask of each other,
 * timers included, is done within the step. `contract` is `undefined` where the event was about none.
 */
export type BooksEffect =
  | Extract<EscrowEffect, { type: 'reputation-update' }>
  | (Extract<EscrowEffect, { type: 'record-transition' }> & { readonly contract: ContractId; readonly at: Timestamp })
  | { readonly type: 'issue-receipt'; readonly receipt: EscrowReceipt }
  | { readonly type: 'ledger-effect'; readonly effect: LedgerEffect }
  | { readonly type: 'prune-contract'; readonly record: ContractRecord }
  | { readonly type: 'event-exists'; readonly contract: ContractId | undefined }
  | {
      readonly type: 'event-refused'
      readonly code: BooksRefusalCode | EscrowRefusalCode | TermsRefusalCode | LedgerRefusalCode | CapabilityRefusal
      readonly contract: ContractId | undefined
    }

/** Steps between a contract and the ledger within one event at most: a message asks once, and its answer asks at most once more. */
export const ROUNDS_MAX = 4

/** When the shell has to come back with a stamp; `undefined` when nothing runs. */
export type NextFiring = { readonly at: Timestamp } | undefined
