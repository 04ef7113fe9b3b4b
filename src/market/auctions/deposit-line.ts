import type { Timestamp } from '../../base/time.ts'
import type { HoldOrder, TransferOrder } from '../../core/ledger/transfer-order.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'

/** After an order did not reach the ledger, it is sent again so much later. */
export const LEDGER_RETRY_MS = 250

/** The way to the ledger. Orders are applied at most once by their ids, so sending them again does no harm. */
export type LedgerDoor = {
  /** Whether each order is applied, now or before. Rejects when the ledger cannot be reached: then nobody knows. */
  submit(orders: readonly TransferOrder[], at: Timestamp): Promise<readonly boolean[]>
}

export type DepositLineComponents = {
  readonly ledger: LedgerDoor
  readonly timers: Timers
  readonly stamp: () => Timestamp
  /** The ledger has said whether it holds a deposit. */
  readonly onHold: (hold: HoldOrder, isHeld: boolean) => Promise<void>
}

/** Brings orders about deposits to the ledger, each until it is answered. Bounded by the bids of one auction: two orders for each. */
export class DepositLine {
  private readonly components: DepositLineComponents
  private readonly retries = new Set<ScheduledTimer>()
  private readonly onSettled: (() => void)[] = []
  private unanswered = 0
  private isStopped = false

  constructor(components: DepositLineComponents) {
    this.components = components
  }

  /** Resolves after the first try: the orders are answered, or are sent again and again in the background. */
  async send(orders: readonly TransferOrder[]): Promise<void> {
    if (orders.length === 0) return
    this.unanswered += 1
    await this.attempt(orders)
  }

  /** Resolves when every order is answered, or nothing is sent any more. */
  async settled(): Promise<void> {
    if (this.unanswered === 0 || this.isStopped) return
    await new Promise<void>((resolve) => this.onSettled.push(resolve))
  }

  stop(): void {
    this.isStopped = true
    for (const timer of this.retries) timer.cancel()
    this.retries.clear()
    this.release()
  }

  private async attempt(orders: readonly TransferOrder[]): Promise<void> {
    const { ledger, stamp, onHold } = this.components
    let answers: readonly boolean[]
    try {
      answers = await ledger.submit(orders, stamp())
    } catch {
      this.retryLater(orders)
      return
    }
    for (const [place, order] of orders.entries())
      if (order.kind === 'hold') await onHold(order, answers[place] === true)
    this.unanswered -= 1
    if (this.unanswered === 0) this.release()
  }

  private retryLater(orders: readonly TransferOrder[]): void {
    if (this.isStopped) return
    const timer = this.components.timers.schedule(LEDGER_RETRY_MS, () => {
      this.retries.delete(timer)
      // What the answer comes to is the business of whoever takes it.
      this.attempt(orders).catch(() => this.release())
    })
    this.retries.add(timer)
  }

  private release(): void {
    for (const resolve of this.onSettled.splice(0)) resolve()
  }
}
