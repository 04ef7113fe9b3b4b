import type { Amount } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Currency, TransferId } from './ledger-names.ts'
import type { LedgerRefusalCode } from './ledger-refusals.ts'
import type { TransferOrder } from './transfer-order.ts'

/** Orders of one event at most (as many as TigerBeetle takes in one request). */
export const ORDERS_MAX = 8_190

/** Signed by the issuer: the currency exists from now on. The same again is a success, another one under its name a conflict. */
export type CurrencyRegistered = Evidence & {
  readonly type: 'currency-registered'
  readonly currency: Currency
  /** How far below zero the issuer's account may go. */
  readonly cap: Amount
  /** Whoever may take over when the issuer's key is lost, and how long the issuer can object; both `undefined`: as the account says, or nobody. */
  readonly recoveryKey: Did | undefined
  readonly recoveryDelay: DurationMs | undefined
}

/** Signed by the issuer: another cap. It never goes below what is owed. */
export type CapChanged = Evidence & { readonly type: 'cap-changed'; readonly currency: Currency; readonly cap: Amount }

/** Signed by the issuer: credits for a payment outside. Unconfirmed ones wait in `unreconciled`. */
export type CreditsIssued = Evidence & {
  readonly type: 'credits-issued'
  readonly id: TransferId
  readonly owner: Did
  readonly currency: Currency
  readonly amount: Amount
  /** Names the payment outside. */
  readonly reference: string
  /** False while the payment outside is not certain. */
  readonly isConfirmed: boolean
}

/** Signed by the owner: credits go back to the issuer, which pays outside. */
export type CreditsRedeemed = Evidence & {
  readonly type: 'credits-redeemed'
  readonly id: TransferId
  readonly owner: Did
  readonly currency: Currency
  readonly amount: Amount
  readonly reference: string
}

/** Signed by the issuer: the payment behind an unconfirmed issue came, or did not. */
export type CreditsReconciled = Evidence & {
  readonly type: 'credits-reconciled'
  readonly id: TransferId
  /** Id of the issue. */
  readonly issue: TransferId
  readonly outcome: 'confirmed' | 'reversed'
}

/** Signed by the owner, once: who may take over when the owner's key is lost, and how long the owner can object. */
export type AccountOpened = Evidence & {
  readonly type: 'account-opened'
  readonly recoveryKey: Did
  readonly recoveryDelay: DurationMs
}

/** Signed by the recovery key. */
export type RecoveryRequested = Evidence & {
  readonly type: 'recovery-requested'
  readonly owner: Did
  readonly successor: Did
}

/** Signed by the key and by the one that takes its place: from now on that one signs for everything the key signed for. */
export type KeyRotated = Evidence & {
  readonly type: 'key-rotated'
  readonly key: Did
  /** The key may be in other hands: it may do nothing more, and contracts that it has signed end by their timers. */
  readonly isLost: boolean
}

/** Signed by the owner while the delay runs, or by the recovery key at any time before it is completed. */
export type RecoveryCancelled = Evidence & { readonly type: 'recovery-cancelled'; readonly owner: Did }

/** The delay has passed: the successor signs for the owner from now on. Anybody may say so; the stamp decides. */
export type RecoveryCompleted = {
  readonly type: 'recovery-completed'
  readonly owner: Did
  readonly at: Timestamp
}

/** Orders of contracts: whoever makes this event has checked that the contract allows them. */
export type TransfersSubmitted = {
  readonly type: 'transfers-submitted'
  readonly at: Timestamp
  readonly orders: readonly TransferOrder[]
}

/** Orders of a client about its own money, outside of contracts. */
export type OrdersSigned = Evidence & { readonly type: 'orders-signed'; readonly orders: readonly TransferOrder[] }

/** Ends up to `ORDERS_MAX` holds whose expiry the stamp has reached. `nextExpiry` says whether there are more. */
export type HoldsExpired = { readonly type: 'holds-expired'; readonly at: Timestamp }

/**
 * Signed by somebody who has an account in the currency: the hash was there at the stamp. It moves nothing; its certificate says when something was, in the order of
 * everything else.
 */
export type HashStamped = Evidence & {
  readonly type: 'hash-stamped'
  readonly hash: Hash
  readonly currency: Currency
}

/** Ordered by the notary set: whoever pays in credits of the issuer has the room that is kept for listed ones, or has it no more. */
export type IssuerListed = {
  readonly type: 'issuer-listed'
  readonly issuer: Did
  readonly isListed: boolean
  readonly at: Timestamp
}

/**
 * What the ledger is told, by stamps that never go backward (`LEDGER_STAMP_BACKWARD`). Signed events carry their `Evidence`; the others come from contracts or
 * the notary set, or follow from the stamp.
 */
export type LedgerEvent =
  | CurrencyRegistered
  | CapChanged
  | CreditsIssued
  | CreditsRedeemed
  | CreditsReconciled
  | AccountOpened
  | KeyRotated
  | RecoveryRequested
  | RecoveryCancelled
  | RecoveryCompleted
  | TransfersSubmitted
  | OrdersSigned
  | HoldsExpired
  | HashStamped
  | IssuerListed

/**
 * What came of an event, order by order, for the record and for the answer: what moves has moved in the state already. Amounts are nano-units of the account's
 * currency.
 */
export type LedgerEffect =
  /** The order moved money: `amount` of it, and `released` back to where the hold took it from. */
  | {
      readonly type: 'transfer-posted'
      readonly id: TransferId
      readonly amount: Amount
      readonly heldId: TransferId | undefined
      readonly released: Amount
    }
  | {
      readonly type: 'transfer-held'
      readonly id: TransferId
      readonly amount: Amount
      readonly expiresAt: Timestamp | undefined
    }
  | {
      readonly type: 'transfer-voided'
      readonly id: TransferId
      readonly heldId: TransferId
      readonly released: Amount
    }
  /** `id` is the hold's. */
  | { readonly type: 'transfer-expired'; readonly id: TransferId; readonly released: Amount }
  /** The order was applied before: a success. */
  | { readonly type: 'transfer-exists'; readonly id: TransferId }
  | { readonly type: 'currency-opened'; readonly currency: Currency }
  | { readonly type: 'currency-exists'; readonly currency: Currency }
  | { readonly type: 'cap-set'; readonly currency: Currency; readonly cap: Amount }
  | { readonly type: 'owner-recorded'; readonly owner: Did }
  | { readonly type: 'key-replaced'; readonly owner: Did; readonly key: Did }
  | { readonly type: 'recovery-started'; readonly owner: Did; readonly completesAt: Timestamp }
  | { readonly type: 'recovery-stopped'; readonly owner: Did }
  | { readonly type: 'recovery-done'; readonly owner: Did; readonly successor: Did }
  | { readonly type: 'hash-noted'; readonly hash: Hash }
  | { readonly type: 'issuer-noted'; readonly issuer: Did; readonly isListed: boolean }
  /** `id` is the refused order's; `undefined` where the whole event is refused. */
  | { readonly type: 'event-refused'; readonly code: LedgerRefusalCode; readonly id: TransferId | undefined }
