import { CodedError } from '../../base/errors.ts'
import { type Amount, amountFromNanos, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import { HOUR_MS } from '../../base/time.ts'
import { BUDGET_WINDOWS, type BudgetWindow, windowIdsAt } from '../../core/budget/budget-window.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { BudgetReservation, ReserveRequest } from '../../ports/budgets.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RouteCaller } from '../../ports/router.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'
import type { BudgetLine, BudgetOwner, HoldingBudgetOwner } from './budget-owner.ts'
import { AdvanceTable } from './advance-table.ts'
import { BudgetAdvance } from './budget-advance.ts'

export type AdvancedBudgetsComponents = {
  readonly owner: HoldingBudgetOwner
  readonly clock: Clock
  readonly timers: Timers
}

/** Calls that an advance has room for, by the most that they can cost. */
const CALLS_AHEAD = 32n
/** An advance for fewer calls is not worth its own records. */
const CALLS_AHEAD_MIN = 4n
/** Of the room that is left in the narrowest account, the part that an advance may take. */
const ROOM_SHARE = 64n
/** How long an advance serves, ms. */
const SERVES_MS = 60_000
/** An advance from which nobody takes for so long is given back, ms. */
const IDLE_MS = 1_000
/** How far the books lag behind what has ended, ms. */
const TOLD_WITHIN_MS = 25
/** A reservation that nobody ended is charged behind this, and the time that its advance served. */
const EXPIRY_MS = 15 * 60_000 + SERVES_MS
/** Advances that one call waits for at most, before it asks for its own room. */
const WAITS_MAX = 4

/**
 * Budgets whose calls seldom wait for the disk. Room for many calls is reserved at once, and what they cost is told to the books together and soon: a call takes
 * its room from the advance, within it no less exact than in the books. Where less than 64 such advances of room are left, or the limit changes, each call asks the books.
 *
 * A process that dies leaves its advances open: they are charged in full, as every open reservation. So a crash costs at most the room of one advance for each group of accounts that
 * was called in the last second, a 64th of what was left, and passes no limit.
 */
export function advanceBudgets(components: AdvancedBudgetsComponents): BudgetOwner {
  return new AdvancedBudgets(components)
}

class AdvancedBudgets implements BudgetOwner {
  readonly #owner: HoldingBudgetOwner
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #table = new AdvanceTable()
  readonly #pending = new Map<string, Promise<void>>()
  readonly #telling = new Set<Promise<void>>()
  /** Scopes whose limits change now: their calls ask the books. */
  readonly #changing = new Map<string, number>()
  #timer: ScheduledTimer | undefined
  #timerMs = 0
  #isRunning = false

  constructor({ owner, clock, timers }: AdvancedBudgetsComponents) {
    this.#owner = owner
    this.#clock = clock
    this.#timers = timers
  }

  async start(): Promise<void> {
    await this.#owner.start()
    this.#isRunning = true
  }

  /** What calls still hold is charged at the next start. */
  async stop(): Promise<void> {
    this.#isRunning = false
    this.#timer?.cancel()
    for (const advance of this.#table.all) this.#close(advance)
    await Promise.all(this.#telling)
    await this.#owner.stop()
  }

  isBounded(caller: RouteCaller): boolean {
    return this.#owner.isBounded(caller)
  }

  reserve(request: ReserveRequest, options: AbortOptions = {}): BudgetReservation | Promise<BudgetReservation> {
    const accounts = this.#isRunning ? (this.#owner.limitedAccounts(request) ?? []) : []
    if (accounts.length === 0) return this.#owner.reserve(request, options)
    options.signal?.throwIfAborted()
    if (accounts.some((name) => this.#changing.has(name))) return this.#reserveExactly(request, accounts, options)
    return this.#take(accounts, request.amountNanos) ?? this.#reserveSlowly(request, accounts, options)
  }

  async setLimit(scope: string, window: BudgetWindow, limitNanos: Amount | undefined): Promise<void> {
    this.#changing.set(scope, (this.#changing.get(scope) ?? 0) + 1)
    try {
      await Promise.all(this.#pending.values())
      for (const advance of this.#table.sharing([scope])) this.#close(advance)
      await this.#owner.setLimit(scope, window, limitNanos)
    } finally {
      const left = (this.#changing.get(scope) ?? 1) - 1
      if (left > 0) this.#changing.set(scope, left)
      else this.#changing.delete(scope)
    }
  }

  async compact(): Promise<void> {
    await this.#owner.compact()
  }

  inspect(): readonly BudgetLine[] {
    return this.#owner.inspect().map((line) => this.#table.correct(line))
  }

  accountOf(scope: string): BudgetLine['account'] | undefined {
    const account = this.#owner.accountOf(scope)
    return account && this.#table.correct({ scope, account }).account
  }

  violations(): readonly string[] {
    return this.#owner.violations()
  }

  #take(accounts: readonly string[], amountNanos: Amount): BudgetReservation | undefined {
    const nowMs = this.#clock.monotonicMs()
    const advance = this.#table.serving(accounts)
    if (advance === undefined || this.#isOver(advance, nowMs) || !advance.take(amountNanos, nowMs)) return undefined
    // The next one is made while this one still serves.
    if (advance.freeNanos < CALLS_AHEAD_MIN * amountNanos) this.#advance(accounts, amountNanos).catch(() => {})
    return this.#reservation(advance, amountNanos)
  }

  #isOver(advance: BudgetAdvance, nowMs: number): boolean {
    const isOfNow = advance.windowIds.hour === Math.floor(this.#clock.now() / HOUR_MS)
    return !isOfNow || nowMs - advance.startedMs > SERVES_MS
  }

  #reservation(advance: BudgetAdvance, amountNanos: Amount): BudgetReservation {
    let isEnded = false
    const end = (spentNanos: Amount): void => {
      if (isEnded) return
      isEnded = true
      const told = advance.end(amountNanos, spentNanos)
      if (told !== undefined) this.#tell(advance, told)
      else this.#wake(TOLD_WITHIN_MS)
    }
    return { settle: end, release: () => end(ZERO_AMOUNT) }
  }

  async #reserveSlowly(
    request: ReserveRequest,
    accounts: readonly string[],
    options: AbortOptions,
  ): Promise<BudgetReservation> {
    for (let wait = 0; wait < WAITS_MAX; wait += 1) {
      if (!(await this.#advance(accounts, request.amountNanos))) break
      options.signal?.throwIfAborted()
      const taken = this.#isRunning ? this.#take(accounts, request.amountNanos) : undefined
      if (taken !== undefined) return taken
    }
    return await this.#reserveExactly(request, accounts, options)
  }

  /** Room is refused only where none would be left without advances either. */
  async #reserveExactly(
    request: ReserveRequest,
    accounts: readonly string[],
    options: AbortOptions,
  ): Promise<BudgetReservation> {
    for (;;) {
      const before = this.#table.closedCount
      try {
        return await this.#owner.reserve(request, options)
      } catch (error: unknown) {
        if (!CodedError.is(error, 'BUDGET_EXCEEDED')) throw error
        for (const advance of this.#table.sharing(accounts)) this.#close(advance)
        if (this.#table.closedCount === before) throw error
      }
    }
  }

  /** Reserves room ahead, once at a time for the same accounts. @returns False where there is too little of it. Throws as `hold`, but for `BUDGET_EXCEEDED`. */
  async #advance(accounts: readonly string[], amountNanos: Amount): Promise<boolean> {
    const key = AdvanceTable.keyOf(accounts)
    const pending = this.#pending.get(key)
    if (pending !== undefined) {
      await pending
      return true
    }
    const sizeNanos = this.#sizeOf(accounts, amountNanos)
    if (sizeNanos === undefined) return false
    const holding = this.#hold(accounts, sizeNanos).finally(() => this.#pending.delete(key))
    this.#pending.set(key, holding)
    await holding
    return true
  }

  async #hold(accounts: readonly string[], amountNanos: Amount): Promise<void> {
    const windowIds = windowIdsAt(this.#clock.now())
    try {
      const hold = await this.#owner.hold({ accounts, amountNanos, expiryMs: EXPIRY_MS })
      const nowMs = this.#clock.monotonicMs()
      const advance = new BudgetAdvance({ hold, amountNanos, accounts, windowIds, nowMs })
      const before = this.#table.serving(accounts)
      this.#table.add(advance)
      if (before !== undefined) this.#close(before)
      if (!this.#isRunning) this.#close(advance)
      this.#wake(IDLE_MS)
    } catch (error: unknown) {
      // Somebody was faster: each asks for its own.
      if (!CodedError.is(error, 'BUDGET_EXCEEDED')) throw error
    }
  }

  /** `undefined` where the accounts have no room to spare. */
  #sizeOf(accounts: readonly string[], amountNanos: Amount): Amount | undefined {
    const open = this.#table.serving(accounts)?.openCount ?? 0
    const wanted = amountNanos * (BigInt(2 * open) > CALLS_AHEAD ? BigInt(2 * open) : CALLS_AHEAD)
    let most = wanted
    for (const name of accounts) {
      const room = this.#roomOf(name) / ROOM_SHARE
      if (room < most) most = room
    }
    return most < amountNanos * CALLS_AHEAD_MIN || most === 0n ? undefined : amountFromNanos(most)
  }

  #roomOf(name: string): bigint {
    const account = this.#owner.accountOf(name)
    if (account === undefined) return 0n
    let room: bigint | undefined
    for (const window of BUDGET_WINDOWS) {
      const limit = account.limits[window]
      if (limit === undefined) continue
      const { spentNanos, heldNanos } = account.counters[window]
      const left = subtractAmounts(limit, amountFromNanos(spentNanos + heldNanos)) ?? ZERO_AMOUNT
      if (room === undefined || left < room) room = left
    }
    return room ?? 0n
  }

  #close(advance: BudgetAdvance): void {
    if (advance.isClosed) return
    this.#table.close(advance)
    this.#tell(advance, advance.close())
  }

  /** What the books refuse they refuse the next caller too, who hears of it. */
  #tell(advance: BudgetAdvance, told: Promise<void>): void {
    if (advance.isEnded) this.#table.all.delete(advance)
    const telling = told.catch(() => {}).finally(() => this.#telling.delete(telling))
    this.#telling.add(telling)
  }

  #wake(afterMs: number): void {
    if (!this.#isRunning || (this.#timer !== undefined && this.#timerMs <= afterMs)) return
    this.#timer?.cancel()
    this.#timerMs = afterMs
    this.#timer = this.#timers.schedule(afterMs, () => this.#look())
  }

  /** Tells the books what has ended, and gives back what nobody takes. */
  #look(): void {
    this.#timer = undefined
    const nowMs = this.#clock.monotonicMs()
    for (const advance of this.#table.all) {
      if (this.#isOver(advance, nowMs) || nowMs - advance.usedMs >= IDLE_MS) this.#close(advance)
      if (advance.isDirty) this.#tell(advance, advance.tell())
    }
    if (this.#table.all.size > 0) this.#wake(IDLE_MS)
  }
}
