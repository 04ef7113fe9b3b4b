import type { Amount } from '../../base/money.ts'
import { DAY_MS, type DurationMs, type Timestamp } from '../../base/time.ts'
import type { ContractId, Did } from '../evidence/names.ts'
import type { AccountId, TransferId } from './ledger-names.ts'

/** Longest time that a signed hold outside of contracts may stay open: nobody keeps the room of others for ever. */
export const HOLD_SPAN_MAX: DurationMs = (30 * DAY_MS) as DurationMs

/** What every order has. Applied at most once by its id: the same order again is answered `exists`, another one under its id is a conflict. */
type OrderHead = {
  readonly id: TransferId
  /** The next order of the list belongs to this one: all of such a chain apply, or none. The last one of a list is never linked. */
  readonly isLinked: boolean
  /** The contract it belongs to; `undefined` outside of contracts. */
  readonly contract: ContractId | undefined
  /** Name of the payment outside that it answers, 1 to 128 printable ASCII characters; for what an issuer issues and redeems. */
  readonly reference: string | undefined
}

/** Moves `amount` from `debit` to `credit`, which have one currency. */
export type PostOrder = OrderHead & {
  readonly kind: 'post'
  readonly debit: AccountId
  readonly credit: AccountId
  readonly amount: Amount
}

/** Reserves `amount` of `debit` for `credit` until it is posted, voided, or, where `expiresAt` is given, the stamp reaches it. */
export type HoldOrder = OrderHead & {
  readonly kind: 'hold'
  readonly debit: AccountId
  readonly credit: AccountId
  readonly amount: Amount
  readonly expiresAt: Timestamp | undefined
  /** Who alone ends the hold, by giving it back or to `credit`; absent: whoever it is for. For holds that somebody without an interest judges. */
  readonly agent?: Did | undefined
}

/** Ends the hold `heldId`: `amount` of it moves to `credit`, the rest is free again at once. `credit` may differ from the hold's, in the same currency. */
export type PostHeldOrder = OrderHead & {
  readonly kind: 'post-held'
  readonly heldId: TransferId
  readonly credit: AccountId
  readonly amount: Amount
}

/** Ends the hold `heldId`: all of it is free again. */
export type VoidHeldOrder = OrderHead & { readonly kind: 'void-held'; readonly heldId: TransferId }

/** What a machine or a client asks of the ledger. */
export type TransferOrder = PostOrder | HoldOrder | PostHeldOrder | VoidHeldOrder
