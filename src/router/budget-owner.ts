import type { ActorSystem } from '../actors/system/actor-system.ts'
import { CodedError } from '../base/errors.ts'
import { hexOfBytes } from '../base/hex.ts'
import { type Amount, subtractAmounts, ZERO_AMOUNT } from '../base/money.ts'
import { timestampFromMs } from '../base/time.ts'
import { bucketMapEntries, bucketMapGet } from '../core/budget/bucket-map.ts'
import type { BudgetAccount } from '../core/budget/budget-account.ts'
import {
  formatBudgetEvent,
  formatBudgetState,
  parseBudgetEvent,
  parseBudgetState,
} from '../core/budget/budget-codec.ts'
import {
  BUDGET_MACHINE,
  type BudgetEffect,
  type BudgetEvent,
  type BudgetInput,
  type BudgetState,
  RESERVATIONS_MAX,
} from '../core/budget/budget-machine.ts'
import { budgetExceeded } from '../core/budget/budget-refusal.ts'
import type { BudgetWindow } from '../core/budget/budget-window.ts'
import type { Machine } from '../core/machine.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { BudgetReservation, Budgets, ReserveRequest } from '../ports/budgets.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Random } from '../ports/random.ts'
import type { RouteCaller } from '../ports/router.ts'
import type { Startable } from '../ports/startable.ts'
import type { ScheduledTimer, Timers } from '../ports/timers.ts'
import { accountsOf, shadowAccounts } from './budget-accounts.ts'
import { MachineOwner } from './machine-owner.ts'

export type BudgetOwnerComponents = {
  /** The owner is the actor `budgets` of this system. */
  readonly actors: ActorSystem
  /** The journal of this owner alone. It outlives the owner; whoever opened it closes it. */
  readonly log: EventLog
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  /** Replaces the machine in tests that plant a defect. */
  readonly machine?: Machine<BudgetState, BudgetEvent, BudgetEffect, BudgetInput>
}

export type BudgetLimit = { readonly scope: string; readonly window: BudgetWindow; readonly limitNanos: Amount }

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

export interface BudgetOwner extends Budgets, Startable {
  /** Sets or removes a limit; resolves when durable. */
  setLimit(scope: string, window: BudgetWindow, limitNanos: Amount | undefined): Promise<void>
  /** Replaces the journal's records, which name tasks and tenants, by the books: those name accounts with a limit, and calls that are under way. */
  compact(): Promise<void>
  /** The account of a scope; `undefined` where it has neither limit nor hold. Counters are those of its last event. */
  accountOf(scope: string): BudgetAccount | undefined
  /** Every account with a limit or a hold, by name. Counters are those of its last event. */
  inspect(): readonly BudgetLine[]
  /** Names of broken invariants; empty when sound. */
  violations(): readonly string[]
}

const EXPIRY_MS_DEFAULT = 15 * 60_000
const SWEEP_INTERVAL_MS = 60_000
const PENDING_MAX_DEFAULT = 10_000
const COMPACT_AT_BYTES_DEFAULT = 4 * 1024 * 1024
const RECORD_FORMAT = 1
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
export function createBudgetOwner(components: BudgetOwnerComponents, init: BudgetOwnerInit): BudgetOwner {
  return new JournaledBudgetOwner(components, init)
}

class JournaledBudgetOwner implements BudgetOwner {
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
    this.#owner = createOwner(components, init)
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
    if (!this.#isStarted) throw new CodedError('STORE_NOT_OPEN', { message: 'The budget owner is not started' })
    const accounts = request.purpose === 'shadow' ? shadowAccounts() : accountsOf(request.caller, request.taskId)
    if (this.#owner.isReady && !accounts.some((name) => this.#hasAccount(name))) return UNBOUNDED_RESERVATION
    const { waitingCount } = this.#owner
    if (waitingCount >= (this.#init.pendingMax ?? PENDING_MAX_DEFAULT)) {
      throw new CodedError('BUDGET_OVERLOADED', { message: `${waitingCount} reservations wait for the journal` })
    }
    this.#reservationCount += 1
    const id = `${this.#runId}-${this.#reservationCount}`
    const at = this.#components.clock.now()
    const expiresAt = timestampFromMs(at + (this.#init.expiryMs ?? EXPIRY_MS_DEFAULT))
    const { amountNanos } = request
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
    return this.#reservation({ id, accounts, amountNanos })
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

  #reservation(open: OpenReservation): BudgetReservation {
    let isEnded = false
    return {
      settle: (spentNanos) => {
        if (isEnded) return ENDED
        isEnded = true
        return this.#settle(open, spentNanos)
      },
      release: () => {
        if (isEnded) return ENDED
        isEnded = true
        return this.#release(open.id)
      },
    }
  }

  async #release(id: string): Promise<void> {
    await this.#owner.run({ type: 'reservation-released', id, at: this.#components.clock.now() })
  }

  async #settle({ id, accounts, amountNanos }: OpenReservation, spentNanos: Amount): Promise<void> {
    const { clock } = this.#components
    const [effect] = await this.#owner.run({ type: 'call-settled', id, spentNanos, at: clock.now() })
    if (effect?.type !== 'event-refused' || effect.code !== 'RESERVATION_UNKNOWN') return
    // The expiry charged what was reserved; what the call cost beyond is still to be charged.
    const rest = subtractAmounts(spentNanos, amountNanos)
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

/**
 * Everything that reaches the mailbox has its place there, whatever comes at once: reservations are bounded by `pendingMax`,
 * and what ends them by how many can be open, with what is charged beyond.
 */
function createOwner(
  components: BudgetOwnerComponents,
  { pendingMax = PENDING_MAX_DEFAULT, compactAtBytes = COMPACT_AT_BYTES_DEFAULT }: BudgetOwnerInit,
): MachineOwner<BudgetState, BudgetEvent, BudgetEffect> {
  const { actors, log, machine = BUDGET_MACHINE } = components
  const encoder = new TextEncoder()
  return new MachineOwner(
    { actors, log, machine },
    {
      id: 'budgets',
      mailboxBound: pendingMax + 2 * RESERVATIONS_MAX + LIMITS_AND_WRITES_MAX,
      compactAtBytes,
      first: machine.initial({ at: timestampFromMs(0) }),
      encode: (event, [first]) => encoder.encode(formatRecord(event, first)),
      replay(state, payload, index) {
        const record = decodeRecord(payload)
        if (record === undefined) throw corruptedError(`record ${index} is not a budget event`)
        const step = machine.transition(state, record.event)
        if ((step.effects[0]?.type ?? null) !== record.effect)
          throw corruptedError(`record ${index} does not follow from the records before it`)
        return step.state
      },
      encodeState: (state) => encoder.encode(JSON.stringify(formatBudgetState(state))),
      decodeState(payload) {
        const state = parseBudgetState(parseJson(payload))
        if (state === undefined) throw corruptedError('its snapshot is not a budget state')
        return state
      },
      isWithoutTrace: ([first]) => first?.type === 'refuse-reservation' || first?.type === 'event-refused',
    },
  )
}

type OpenReservation = {
  readonly id: string
  readonly accounts: readonly string[]
  readonly amountNanos: Amount
}

const ENDED: Promise<void> = Promise.resolve()

const UNBOUNDED_RESERVATION: BudgetReservation = Object.freeze({ settle(): void {}, release(): void {} })

type BudgetRecord = { readonly event: BudgetEvent; readonly effect: string | null }

/** The first effect is kept beside the event, so that a replay by other rules is noticed instead of believed. */
function formatRecord(event: BudgetEvent, effect: BudgetEffect | undefined): string {
  return JSON.stringify({ format: RECORD_FORMAT, event: formatBudgetEvent(event), effect: effect?.type ?? null })
}

function decodeRecord(payload: Uint8Array): BudgetRecord | undefined {
  const json = parseJson(payload)
  if (typeof json !== 'object' || json === null || !('event' in json) || !('effect' in json)) return undefined
  if (!('format' in json) || json.format !== RECORD_FORMAT) return undefined
  const event = parseBudgetEvent(json.event)
  const { effect } = json
  if (event === undefined || (typeof effect !== 'string' && effect !== null)) return undefined
  return { event, effect }
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
}

function windowsWithLimit(account: BudgetAccount): readonly BudgetWindow[] {
  return (['hour', 'day', 'month', 'total'] as const).filter((window) => account.limits[window] !== undefined)
}

function corruptedError(what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `The budget journal cannot be replayed: ${what}` })
}
