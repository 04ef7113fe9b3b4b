import { addAmounts, type Amount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import type { WindowIds } from '../../core/budget/budget-window.ts'
import type { BudgetHold } from './budget-owner.ts'

export type BudgetAdvanceInit = {
  readonly hold: BudgetHold
  readonly amountNanos: Amount
  /** Those with a limit that count it, outermost first. */
  readonly accounts: readonly string[]
  readonly windowIds: WindowIds
  /** Monotonic ms. */
  readonly nowMs: number
}

/**
 * Room for many calls under one durable reservation. Calls take from it and end within one turn of the program; the books hear of them together.
 *
 * ```text
 * hold in the books |= ended, not told =|=== of open calls ===|----- free -----|
 * ```
 */
export class BudgetAdvance {
  readonly accounts: readonly string[]
  readonly windowIds: WindowIds
  readonly startedMs: number
  /** When a call took from it last, monotonic ms. */
  usedMs: number
  private readonly hold: BudgetHold
  private free: Amount
  private open = 0
  private spent = ZERO_AMOUNT
  private ended = ZERO_AMOUNT
  private closed = false

  constructor({ hold, amountNanos, accounts, windowIds, nowMs }: BudgetAdvanceInit) {
    this.hold = hold
    this.free = amountNanos
    this.accounts = accounts
    this.windowIds = windowIds
    this.startedMs = nowMs
    this.usedMs = nowMs
  }

  get freeNanos(): Amount {
    return this.free
  }

  /** Calls that have not ended. */
  get openCount(): number {
    return this.open
  }

  /** Serves nobody any more. */
  get isClosed(): boolean {
    return this.closed
  }

  /** Nothing of it is held any more. */
  get isEnded(): boolean {
    return this.closed && this.open === 0
  }

  get isDirty(): boolean {
    return this.ended > ZERO_AMOUNT || this.spent > ZERO_AMOUNT
  }

  /** What calls have spent that the books still hold. */
  get untoldNanos(): Amount {
    return this.spent
  }

  /** What the books hold here for no open call. */
  get idleNanos(): Amount {
    return addAmounts(this.free, this.ended)
  }

  /** @returns Whether there was room: then `end` follows, once. */
  take(amountNanos: Amount, nowMs: number): boolean {
    const rest = this.closed ? undefined : subtractAmounts(this.free, amountNanos)
    if (rest === undefined) return false
    this.free = rest
    this.open += 1
    this.usedMs = nowMs
    return true
  }

  /** A call that took `amountNanos` has spent `spentNanos`; what it did not need is there for others. @returns What the books are told, where it was the last one of a closed advance. */
  end(amountNanos: Amount, spentNanos: Amount): Promise<void> | undefined {
    this.open -= 1
    const unspent = subtractAmounts(amountNanos, spentNanos) ?? ZERO_AMOUNT
    this.spent = addAmounts(this.spent, spentNanos)
    if (this.closed) {
      this.ended = addAmounts(this.ended, amountNanos)
      return this.open === 0 ? this.settle() : undefined
    }
    this.free = addAmounts(this.free, unspent)
    this.ended = addAmounts(this.ended, (amountNanos - unspent) as Amount)
    return undefined
  }

  /** Tells the books what has ended. Rejects as they do. */
  async tell(): Promise<void> {
    const [spent, ended] = [this.spent, this.ended]
    this.spent = ZERO_AMOUNT
    this.ended = ZERO_AMOUNT
    await this.hold.charge(spent, ended)
  }

  /** Gives back what is free; what open calls hold stays until they end. Once. Rejects as the books do. */
  async close(): Promise<void> {
    this.closed = true
    this.ended = addAmounts(this.ended, this.free)
    this.free = ZERO_AMOUNT
    await (this.open === 0 ? this.settle() : this.tell())
  }

  private async settle(): Promise<void> {
    const { spent } = this
    this.spent = ZERO_AMOUNT
    this.ended = ZERO_AMOUNT
    await this.hold.settle(spent)
  }
}
