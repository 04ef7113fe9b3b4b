import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { BucketMap } from './bucket-map.ts'
import type { BudgetAccount } from './budget-account.ts'
import type { BudgetWindow, WindowIds } from './budget-window.ts'

/** Money set aside for one call. */
export type BudgetReservationState = {
  /** Accounts with a limit at the time, outermost first: only they count it. */
  readonly accounts: readonly string[]
  readonly amountNanos: Amount
  readonly windowIds: WindowIds
  /** From then on whoever runs the machine may expire it. */
  readonly expiresAt: Timestamp
}

export type BudgetState = {
  /**
   * The instant by which windows are told. An event that is earlier by `CLOCK_SET_BACK_MAX_MS` or less counts as happening at this one; one
   * that is earlier by more shows that the clock was ahead, and is believed.
   */
  readonly at: Timestamp
  readonly accounts: BucketMap<BudgetAccount>
  readonly reservations: BucketMap<BudgetReservationState>
}

export type BudgetEvent =
  | {
      readonly type: 'limit-set'
      /** Any name, such as `team:search`; the same name in a reservation means the same account. */
      readonly account: string
      readonly window: BudgetWindow
      /** `undefined` removes it. Removing an account's last limit, with nothing held, forgets what it spent. */
      readonly limitNanos: Amount | undefined
      readonly at: Timestamp
    }
  | {
      readonly type: 'reservation-requested'
      readonly id: string
      /** Outermost first, without repeats. Accounts without a limit are left out of the books. */
      readonly accounts: readonly string[]
      /** The most the call can cost. */
      readonly amountNanos: Amount
      readonly expiresAt: Timestamp
      readonly at: Timestamp
    }
  | { readonly type: 'call-settled'; readonly id: string; readonly spentNanos: Amount; readonly at: Timestamp }
  /** Of a reservation that covers several calls some have ended: what was held for them is replaced by what they cost, and the rest stays open. */
  | {
      readonly type: 'reservation-charged'
      readonly id: string
      /** 0 to what the reservation still holds. */
      readonly releasedNanos: Amount
      readonly spentNanos: Amount
      readonly at: Timestamp
    }
  | { readonly type: 'reservation-released'; readonly id: string; readonly at: Timestamp }
  /** Nobody will settle any more: the worst case is charged, since the provider may have been paid. */
  | { readonly type: 'reservation-expired'; readonly id: string; readonly at: Timestamp }
  /** A call ended after its reservation had expired, and had cost more than was charged then: the rest is charged, in the windows of now. */
  | {
      readonly type: 'overrun-charged'
      readonly id: string
      readonly accounts: readonly string[]
      readonly spentNanos: Amount
      readonly at: Timestamp
    }

export type BudgetRefusalCode = 'RESERVATION_EXISTS' | 'RESERVATION_UNKNOWN' | 'RESERVATIONS_FULL' | 'EVENT_INVALID'

export type BudgetEffect =
  | { readonly type: 'grant-reservation'; readonly id: string }
  | {
      readonly type: 'refuse-reservation'
      readonly id: string
      readonly account: string
      readonly window: BudgetWindow
      readonly limitNanos: Amount
      readonly availableNanos: Amount
    }
  | { readonly type: 'confirm-charge'; readonly id: string; readonly spentNanos: Amount }
  | {
      readonly type: 'report-overrun'
      readonly account: string
      readonly window: BudgetWindow
      readonly overNanos: Amount
    }
  | { readonly type: 'event-refused'; readonly code: BudgetRefusalCode }
