import type { ActorSystem } from '../../actors/system/actor-system.ts'
import { CodedError } from '../../base/errors.ts'
import { hexOfBytes } from '../../base/hex.ts'
import { type Amount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import { timestampFromMs } from '../../base/time.ts'
import { bucketMapEntries, bucketMapGet } from '../../core/budget/bucket-map.ts'
import type { BudgetAccount } from '../../core/budget/budget-account.ts'
import type { BudgetEffect, BudgetEvent, BudgetState } from '../../core/budget/budget-event.ts'
import { BUDGET_MACHINE, type BudgetMachine, RESERVATIONS_MAX } from '../../core/budget/budget-machine.ts'
import { budgetExceeded } from '../../core/budget/budget-refusal.ts'
import type { BudgetWindow } from '../../core/budget/budget-window.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { BudgetReservation, Budgets, ReserveRequest } from '../../ports/budgets.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Random } from '../../ports/random.ts'
import type { RouteCaller } from '../../ports/router.ts'
import type { Startable } from '../../ports/startable.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'
import { accountsOf, shadowAccounts } from './budget-accounts.ts'
import type { MachineOwner } from '../machine-owner.ts'
import { openBudgetJournal } from './budget-journal.ts'

/** What budgets take from outside: the actors that they are one of, a journal, time and chance. */
export type BudgetOwnerComponents = {
  /** The owner is the actor `budgets` of this system. */
  readonly actors: ActorSystem
  /** The journal of this owner alone. It outlives the owner; whoever opened it closes it. */
  readonly log: EventLog
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  /** Replaces the machine in tests that plant a defect. */
  readonly machine?: BudgetMachine
}

/**
 * The most that calls of one account may cost within a window. `scope` is the account: `node` for all calls, else a kind and a name, as
 * `tenant:NAME`, `key:ID` or `agent:NAME`. Hours, days and months are those of UTC.
 */
export type BudgetLimit = { readonly scope: string; readonly window: BudgetWindow; readonly limitNanos: Amount }

/** The limits that hold from the start on, and bounds of what is reserved, waits, and is kept in the journal. */
export type BudgetOwnerInit = {
  /** All limits there are: ones the journal knows and this list does not are removed. */
  readonly limits: readonly BudgetLimit[]
  /** A reservation nobody ended for so long is charged in full. Default 15 minutes. */
  readonly expiryMs?: number
  /** Reservations that may wait for the disk; more are refused with `BUDGET_OVERLOADED`. Default 10,000. */
  readonly pendingMax?: number
  /** Journal size that starts a compaction. Default 4 MiB. */
  readonly compactAtBytes?: number
}

export type BudgetLine = { readonly scope: string; readonly account: BudgetAccount }

/** Budgets with their limits and what was spent of them, as `createBudgetOwner` makes them. Accounts are named as in `BudgetLimit`. */
export interface BudgetOwner extends Budgets, Startable {
  /** Sets or removes a limit; resolves when durable. */
  setLimit(scope: string, window: BudgetWindow, limitNanos: Amount | undefined): Promise<void>
  /** Replaces the journal's records, which name tasks and tenants, by the books: those name accounts with a limit, and calls that are under way. */
  compact(): Promise<void>
  /** The account of a scope; `undefined` where it has neither limit nor hold. Counters are those of its last event. */
  accountOf(scope: string): BudgetAccount | undefined
  /** Every account with a limit or a hold, by name. Counters are those of its last event. */
  inspect(): readonly BudgetLine[]
  /** Looks at what others set and spent, for `accountOf` and `inspect`. Absent where nobody else does. */
  readonly look?: () => Promise<void>
  /** Names of broken invariants; empty when sound. */
  violations(): readonly string[]
}

export type HoldRequest = {
  /** Outermost first; one of them has a limit. */
  readonly accounts: readonly string[]
  readonly amountNanos: Amount
  /** After so long it is charged in full. Default `expiryMs` of the owner. */
  readonly expiryMs?: number
}

/** A reservation that covers several calls, which end one by one. */
export interface BudgetHold extends BudgetReservation {
  /** Of `releasedNanos` that were held, `spentNanos` were spent; the rest stays held. Resolves when durable. */
  charge(spentNanos: Amount, releasedNanos: Amount): Promise<void>
  settle(spentNanos: Amount): Promise<void>
}

/** An owner that holds room without knowing what for. */
export interface HoldingBudgetOwner extends BudgetOwner {
  /** `undefined` while the journal is not read. */
  limitedAccounts(request: ReserveRequest): readonly string[] | undefined
  /** Throws as `reserve`. */
  hold(request: HoldRequest, options?: AbortOptions): Promise<BudgetHold>
}

const EXPIRY_MS_DEFAULT = 15 * 60_000
const SWEEP_INTERVAL_MS = 60_000
const PENDING_MAX_DEFAULT = 10_000
const COMPACT_AT_BYTES_DEFAULT = 4 * 1024 * 1024
const LIMITS_AND_WRITES_MAX = 100_000

/**
 * The one owner of all budgets of a node. Each event goes through the machine at once and then to the journal; whoever
 * asked hears of it only when it is durable, and the appends of parallel callers share one sync. Room is therefore taken
 * a little earlier than it is granted, never later.
 *
 * A process that dies leaves reservations open. What their calls cost is unknown, and the provider may have been paid, so
 * the next start charges them in full: a crash can cost room, never overspend it.
 *
 * `start` replays the journal; it throws `STORE_CORRUPTED` when that holds what no version wrote. A caller whose accounts
 * have no limit gets a reservation that is not written down anywhere.
 */
export function createBudgetOwner(components: BudgetOwnerComponents, init: BudgetOwnerInit): HoldingBudgetOwner {
  return new JournaledBudgetOwner(components, init)
}

class JournaledBudgetOwner implements HoldingBudgetOwner {
  readonly #components: BudgetOwnerComponents
  readonly #init: BudgetOwnerInit
  readonly #owner: MachineOwner<BudgetState, BudgetEvent, BudgetEffect>
  readonly #runId: string
  #reservationCount = 0
  #isStarted = false
  #sweepTimer: ScheduledTimer | undefined

  constructor(components: BudgetOwnerComponents, init: BudgetOwnerInit) {
    this.#components = components
    this.#init = init
    const { pendingMax = PENDING_MAX_DEFAULT, compactAtBytes = COMPACT_AT_BYTES_DEFAULT } = init
    // Everything has its place in the mailbox, whatever comes at once: reservations, and what ends those that can be open, with what is charged beyond.
    const mailboxBound = pendingMax + 2 * RESERVATIONS_MAX + LIMITS_AND_WRITES_MAX
    const { machine = BUDGET_MACHINE } = components
    this.#owner = openBudgetJournal({ ...components, machine }, { mailboxBound, compactAtBytes })
    this.#runId = hexOfBytes(components.random.bytes(8))
  }

  async start(): Promise<void> {
    if (this.#isStarted) return
    await this.#owner.start()
    await this.#chargeOpenReservations(() => true)
    await this.#applyLimits()
    this.#isStarted = true
    this.#scheduleSweep()
  }

  async stop(): Promise<void> {
    this.#isStarted = false
    this.#sweepTimer?.cancel()
    await this.#owner.stop()
  }

  async compact(): Promise<void> {
    await this.#owner.compact()
  }

  isBounded(caller: RouteCaller): boolean {
    // While the journal is not read nobody can tell, and `reserve` waits or refuses.
    if (!this.#isStarted || !this.#owner.isReady) return true
    return this.#owner.state.accounts.size > 0 && accountsOf(caller).some((name) => this.#hasAccount(name))
  }

  async reserve(request: ReserveRequest, options: AbortOptions = {}): Promise<BudgetReservation> {
    options.signal?.throwIfAborted()
    const accounts = accountsOfRequest(request)
    if (this.limitedAccounts(request)?.length === 0) return UNBOUNDED_RESERVATION
    return await this.hold({ accounts, amountNanos: request.amountNanos }, options)
  }

  limitedAccounts(request: ReserveRequest): readonly string[] | undefined {
    if (!this.#isStarted || !this.#owner.isReady) return undefined
    return accountsOfRequest(request).filter((name) => this.#hasAccount(name))
  }

  async hold({ accounts, amountNanos, expiryMs }: HoldRequest, options: AbortOptions = {}): Promise<BudgetHold> {
    if (!this.#isStarted) throw new CodedError('STORE_NOT_OPEN', { message: 'The budget owner is not started' })
    const { waitingCount } = this.#owner
    if (waitingCount >= (this.#init.pendingMax ?? PENDING_MAX_DEFAULT)) {
      throw new CodedError('BUDGET_OVERLOADED', { message: `${waitingCount} reservations wait for the journal` })
    }
    this.#reservationCount += 1
    const id = `${this.#runId}-${this.#reservationCount}`
    const at = this.#components.clock.now()
    const expiresAt = timestampFromMs(at + (expiryMs ?? this.#init.expiryMs ?? EXPIRY_MS_DEFAULT))
    const effects = await this.#owner.run({ type: 'reservation-requested', id, accounts, amountNanos, expiresAt, at })
    const refusal = effects.find((effect) => effect.type === 'refuse-reservation')
    if (refusal !== undefined) throw budgetExceeded(refusal, amountNanos)
    if (effects[0]?.type !== 'grant-reservation') {
      throw new CodedError('BUDGET_OVERLOADED', { message: 'Too many reservations are open' })
    }
    if (options.signal?.aborted === true) {
      await this.#owner.run({ type: 'reservation-released', id, at: this.#components.clock.now() })
      options.signal.throwIfAborted()
    }
    return this.#holdOf({ id, accounts, amountNanos })
  }

  async setLimit(scope: string, window: BudgetWindow, limitNanos: Amount | undefined): Promise<void> {
    if (scope.length === 0 || scope.length > 256) throw new RangeError('A scope has 1 to 256 characters')
    await this.#owner.run({ type: 'limit-set', account: scope, window, limitNanos, at: this.#components.clock.now() })
  }

  inspect(): readonly BudgetLine[] {
    return bucketMapEntries(this.#owner.state.accounts).map(([scope, account]) => ({ scope, account }))
  }

  accountOf(scope: string): BudgetAccount | undefined {
    return bucketMapGet(this.#owner.state.accounts, scope)
  }

  violations(): readonly string[] {
    return this.#owner.violations()
  }

  #hasAccount(name: string): boolean {
    return bucketMapGet(this.#owner.state.accounts, name) !== undefined
  }

  #holdOf(open: OpenReservation): BudgetHold {
    let isEnded = false
    let { amountNanos } = open
    return {
      charge: async (spentNanos, releasedNanos) => {
        if (isEnded) return
        amountNanos = subtractAmounts(amountNanos, releasedNanos) ?? ZERO_AMOUNT
        await this.#end(
          { ...open, amountNanos: releasedNanos },
          { type: 'reservation-charged', spentNanos, releasedNanos },
        )
      },
      settle: async (spentNanos) => {
        if (isEnded) return
        isEnded = true
        await this.#end({ ...open, amountNanos }, { type: 'call-settled', spentNanos })
      },
      release: async () => {
        if (isEnded) return
        isEnded = true
        await this.#owner.run({ type: 'reservation-released', id: open.id, at: this.#components.clock.now() })
      },
    }
  }

  /** @param open What was held for what ends. */
  async #end({ id, accounts, amountNanos }: OpenReservation, ending: Ending): Promise<void> {
    const { clock } = this.#components
    const [effect] = await this.#owner.run({ ...ending, id, at: clock.now() })
    if (effect?.type !== 'event-refused' || effect.code !== 'RESERVATION_UNKNOWN') return
    // The expiry charged what was reserved; what the call cost beyond is still to be charged.
    const rest = subtractAmounts(ending.spentNanos, amountNanos)
    if (rest === undefined || rest === ZERO_AMOUNT) return
    await this.#owner.run({ type: 'overrun-charged', id, accounts, spentNanos: rest, at: clock.now() })
  }

  async #chargeOpenReservations(isDue: (expiresAt: number) => boolean): Promise<void> {
    const at = this.#components.clock.now()
    const due = bucketMapEntries(this.#owner.state.reservations).filter(([, { expiresAt }]) => isDue(expiresAt))
    await Promise.all(due.map(async ([id]) => await this.#owner.run({ type: 'reservation-expired', id, at })))
  }

  async #applyLimits(): Promise<void> {
    const wanted = new Map(this.#init.limits.map((limit) => [`${limit.window} ${limit.scope}`, limit]))
    const changes: Promise<void>[] = []
    for (const [scope, account] of bucketMapEntries(this.#owner.state.accounts)) {
      for (const window of windowsWithLimit(account)) {
        const limit = wanted.get(`${window} ${scope}`)
        if (limit === undefined) changes.push(this.setLimit(scope, window, undefined))
        else if (limit.limitNanos === account.limits[window]) wanted.delete(`${window} ${scope}`)
      }
    }
    for (const { scope, window, limitNanos } of wanted.values()) changes.push(this.setLimit(scope, window, limitNanos))
    await Promise.all(changes)
  }

  #scheduleSweep(): void {
    this.#sweepTimer = this.#components.timers.schedule(SWEEP_INTERVAL_MS, () => {
      if (!this.#isStarted) return
      const now = this.#components.clock.now()
      // A failed append poisons the journal, and the next caller hears of it.
      this.#chargeOpenReservations((expiresAt) => expiresAt <= now).catch(() => {})
      this.#scheduleSweep()
    })
  }
}

type OpenReservation = {
  readonly id: string
  readonly accounts: readonly string[]
  readonly amountNanos: Amount
}

type Ending = DistributiveOmit<Extract<BudgetEvent, { type: 'call-settled' | 'reservation-charged' }>, 'id' | 'at'>
type DistributiveOmit<Type, Key extends PropertyKey> = Type extends unknown ? Omit<Type, Key> : never

function accountsOfRequest({ purpose, caller, taskId }: ReserveRequest): readonly string[] {
  return purpose === 'shadow' ? shadowAccounts() : accountsOf(caller, taskId)
}

const UNBOUNDED_RESERVATION: BudgetReservation = Object.freeze({ settle(): void {}, release(): void {} })

function windowsWithLimit(account: BudgetAccount): readonly BudgetWindow[] {
  return (['hour', 'day', 'month', 'total'] as const).filter((window) => account.limits[window] !== undefined)
}
