import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'
import type { TransferOrder } from '../ledger/transfer-order.ts'
import type { EscrowEdgeName } from './escrow-edges.ts'
import type { EscrowMoney } from './escrow-event.ts'
import type { EscrowRefusalCode } from './escrow-refusals.ts'
import type { EscrowFault, EscrowStateKind, SettlementCause } from './escrow-state.ts'
import type { EscrowTimerName } from './escrow-timers.ts'

export const RECEIPT_KINDS = [
  'hold',
  'start',
  'delivery',
  'dispute',
  'record',
  'freeze',
  'settle',
  'void',
  'expire',
  'refund',
  'final',
  'abort',
] as const
export type ReceiptKind = (typeof RECEIPT_KINDS)[number]

/** What the notary set signs about a contract. The same step gives the same receipt. */
export type EscrowReceipt = {
  readonly kind: ReceiptKind
  readonly contract: ContractId
  readonly at: Timestamp
  /** The message that it answers; `undefined` when a timer or the ledger brought it. */
  readonly envelope: Hash | undefined
  readonly currency: Currency
  readonly capturedNanos: Amount
  readonly feeNanos: Amount
  readonly refundedNanos: Amount
  /** What the receipt is about besides: the result's hash, the root of the evidence; `undefined` where there is none. */
  readonly subject: Hash | undefined
}

/** What a step of a contract leaves to be done outside, in order. Amounts are nano-units of the contract's currency. */
export type EscrowEffect =
  /** Exactly one per effective step: which row of `ESCROW_EDGES` was taken. */
  | {
      readonly type: 'record-transition'
      readonly edge: EscrowEdgeName
      readonly from: EscrowStateKind
      readonly to: EscrowStateKind
    }
  /** One chain: all of the orders apply, or none. Answered by `transfers-answered` with the same `money` and `attempt`. */
  | {
      readonly type: 'post-transfers'
      readonly money: EscrowMoney
      readonly attempt: number
      readonly orders: readonly TransferOrder[]
    }
  | { readonly type: 'issue-receipt'; readonly receipt: EscrowReceipt }
  | { readonly type: 'start-timer'; readonly name: EscrowTimerName; readonly firesAt: Timestamp }
  | { readonly type: 'cancel-timer'; readonly name: EscrowTimerName }
  /** Exactly one per contract that was held, with its terminal state. */
  | {
      readonly type: 'reputation-update'
      readonly contract: ContractId
      readonly payer: Did
      readonly worker: Did
      readonly currency: Currency
      readonly cause: SettlementCause
      readonly fault: EscrowFault
      /** What the worker keeps: captured less refunded. */
      readonly valueNanos: Amount
    }
  /** The time to keep it is over: whoever runs the machine keeps a record and forgets the rest. */
  | { readonly type: 'prune-contract' }
  /** This message, or this answer, was here before: nothing changed, and what was answered then holds. */
  | { readonly type: 'event-exists' }
  | { readonly type: 'event-refused'; readonly code: EscrowRefusalCode }
