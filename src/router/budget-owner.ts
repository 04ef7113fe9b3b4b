import { assert } from '../base/assert.ts'
import { CodedError } from '../base/errors.ts'
import { formatAmount, subtractAmounts, ZERO_AMOUNT } from '../base/money.ts'
import type { Amount } from '../base/money.ts'
import { timestampFromMs } from '../base/time.ts'
import { bucketMapEntries, bucketMapGet } from '../core/budget/bucket-map.ts'
import type { BudgetAccount } from '../core/budget/budget-account.ts'
import {
  formatBudgetEvent,
  formatBudgetState,
  parseBudgetEvent,
  parseBudgetState,
} from '../core/budget/budget-codec.ts'
import { BUDGET_MACHINE } from '../core/budget/budget-machine.ts'
import type { BudgetEffect, BudgetEvent, BudgetInput, BudgetState } from '../core/budget/budget-machine.ts'
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
import { accountsOf } from './budget-accounts.ts'

export type BudgetOwnerComponents = {
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
  readonly #machine: Machine<BudgetState, BudgetEvent, BudgetEffect, BudgetInput>
  readonly #runId: string
  #state: BudgetState
  #reservationCount = 0
  #pendingCount = 0
  #isStarted = false
  #sweepTimer: ScheduledTimer | undefined
  #compaction: Promise<void> | undefined
  /** Set once an append failed: the state is then ahead of the journal, and nothing more may be granted from it. */
  #failure: { readonly cause: unknown } | undefined

  constructor(components: BudgetOwnerComponents, init: BudgetOwnerInit) {
    this.#components = components
    this.#init = init
    this.#machine = components.machine ?? BUDGET_MACHINE
    this.#state = this.#machine.initial({ at: timestampFromMs(0) })
    this.#runId = Array.from(components.random.bytes(8), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  async start(): Promise<void> {
    if (this.#isStarted) return
    await this.#replay()
    await this.#chargeOpenReservations(() => true)
    await this.#applyLimits()
    this.#isStarted = true
    this.#scheduleSweep()
  }

  async stop(): Promise<void> {
    this.#isStarted = false
    this.#sweepTimer?.cancel()
    await this.#compaction
  }

  isBounded(caller: RouteCaller): boolean {
    // Before the journal is read nobody can tell, and `reserve` refuses.
    if (!this.#isStarted) return true
    return this.#state.accounts.size > 0 && accountsOf(caller).some((name) => this.#hasAccount(name))
  }

  async reserve(request: ReserveRequest, options: AbortOptions = {}): Promise<BudgetReservation> {
    options.signal?.throwIfAborted()
    if (!this.#isStarted) throw new CodedError('STORE_NOT_OPEN', { message: 'The budget owner is not started' })
    const accounts = accountsOf(request.caller, request.taskId)
    if (!accounts.some((name) => this.#hasAccount(name))) return UNBOUNDED_RESERVATION
    if (this.#pendingCount >= (this.#init.pendingMax ?? PENDING_MAX_DEFAULT)) {
      throw new CodedError('BUDGET_OVERLOADED', { message: `${this.#pendingCount} reservations wait for the journal` })
    }
    this.#reservationCount += 1
    const id = `${this.#runId}-${this.#reservationCount}`
    const at = this.#components.clock.now()
    const expiresAt = timestampFromMs(at + (this.#init.expiryMs ?? EXPIRY_MS_DEFAULT))
    const { amountNanos } = request
    const effects = await this.#run({ type: 'reservation-requested', id, accounts, amountNanos, expiresAt, at })
    const refusal = effects.find((effect) => effect.type === 'refuse-reservation')
    if (refusal !== undefined) throw exceededError(refusal, amountNanos)
    if (effects[0]?.type !== 'grant-reservation') {
      throw new CodedError('BUDGET_OVERLOADED', { message: 'Too many reservations are open' })
    }
    if (options.signal?.aborted === true) {
      await this.#run({ type: 'reservation-released', id, at: this.#components.clock.now() })
      options.signal.throwIfAborted()
    }
    return this.#reservation({ id, accounts, amountNanos })
  }

  async setLimit(scope: string, window: BudgetWindow, limitNanos: Amount | undefined): Promise<void> {
    if (scope.length === 0 || scope.length > 256) throw new RangeError('A scope has 1 to 256 characters')
    await this.#run({ type: 'limit-set', account: scope, window, limitNanos, at: this.#components.clock.now() })
  }

  inspect(): readonly BudgetLine[] {
    return bucketMapEntries(this.#state.accounts).map(([scope, account]) => ({ scope, account }))
  }

  violations(): readonly string[] {
    return this.#machine.violations(this.#state)
  }

  #hasAccount(name: string): boolean {
    return bucketMapGet(this.#state.accounts, name) !== undefined
  }

  #reservation({ id, accounts, amountNanos }: OpenReservation): BudgetReservation {
    let isEnded = false
    const end = async (work: () => Promise<unknown>): Promise<void> => {
      if (isEnded) return
      isEnded = true
      await work()
    }
    const { clock } = this.#components
    const settle = async (spentNanos: Amount): Promise<void> => {
      const [effect] = await this.#run({ type: 'call-settled', id, spentNanos, at: clock.now() })
      const isExpired = effect?.type === 'event-refused' && effect.code === 'RESERVATION_UNKNOWN'
      // The expiry charged what was reserved; what the call cost beyond is still to be charged.
      const rest = isExpired ? subtractAmounts(spentNanos, amountNanos) : undefined
      if (rest === undefined || rest === ZERO_AMOUNT) return
      await this.#run({ type: 'overrun-charged', id, accounts, spentNanos: rest, at: clock.now() })
    }
    return {
      settle: async (spentNanos) => await end(async () => await settle(spentNanos)),
      release: async () =>
        await end(async () => await this.#run({ type: 'reservation-released', id, at: clock.now() })),
    }
  }

  /** One step of the shell: through the machine, into the journal, and only then back to whoever asked. */
  async #run(event: BudgetEvent): Promise<readonly BudgetEffect[]> {
    if (this.#failure !== undefined) throw this.#failure.cause
    const step = this.#machine.transition(this.#state, event)
    const first = step.effects[0]
    // What changed nothing needs no journal: a refusal is as good after a crash as before.
    if (first?.type === 'refuse-reservation' || first?.type === 'event-refused') return step.effects
    this.#state = step.state
    this.#pendingCount += 1
    try {
      await this.#components.log.append([encodeRecord(event, first)])
    } catch (error: unknown) {
      this.#failure ??= { cause: error }
      throw error
    } finally {
      this.#pendingCount -= 1
    }
    this.#compactWhenLarge()
    return step.effects
  }

  async #replay(): Promise<void> {
    const { log } = this.#components
    this.#state = this.#machine.initial({ at: timestampFromMs(0) })
    if (log.snapshot !== undefined) {
      const state = parseBudgetState(parseJson(log.snapshot.payload))
      if (state === undefined) throw corruptedError('its snapshot is not a budget state')
      this.#state = state
    }
    for await (const { index, payload } of log.read(log.snapshot?.nextIndex ?? 0)) {
      const record = decodeRecord(payload)
      if (record === undefined) throw corruptedError(`record ${index} is not a budget event`)
      const step = this.#machine.transition(this.#state, record.event)
      if ((step.effects[0]?.type ?? null) !== record.effect) {
        throw corruptedError(`record ${index} does not follow from the records before it`)
      }
      this.#state = step.state
    }
    const broken = this.#machine.violations(this.#state)
    assert(broken.length === 0, `budgets are sound after replay (${broken.join('; ')})`)
  }

  async #chargeOpenReservations(isDue: (expiresAt: number) => boolean): Promise<void> {
    const at = this.#components.clock.now()
    const due = bucketMapEntries(this.#state.reservations).filter(([, { expiresAt }]) => isDue(expiresAt))
    await Promise.all(due.map(async ([id]) => await this.#run({ type: 'reservation-expired', id, at })))
  }

  async #applyLimits(): Promise<void> {
    const wanted = new Map(this.#init.limits.map((limit) => [`${limit.window} ${limit.scope}`, limit]))
    const changes: Promise<void>[] = []
    for (const [scope, account] of bucketMapEntries(this.#state.accounts)) {
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

  #compactWhenLarge(): void {
    const { log } = this.#components
    if (this.#compaction !== undefined || !this.#isStarted) return
    if (log.sizeBytes < (this.#init.compactAtBytes ?? COMPACT_AT_BYTES_DEFAULT)) return
    const payload = new TextEncoder().encode(JSON.stringify(formatBudgetState(this.#state)))
    this.#compaction = log
      .compact({ nextIndex: log.nextIndex, payload })
      .catch(() => {})
      .finally(() => {
        this.#compaction = undefined
      })
  }
}

type OpenReservation = {
  readonly id: string
  readonly accounts: readonly string[]
  readonly amountNanos: Amount
}

const UNBOUNDED_RESERVATION: BudgetReservation = Object.freeze({ settle(): void {}, release(): void {} })

type BudgetRecord = { readonly event: BudgetEvent; readonly effect: string | null }

/** The first effect is kept beside the event, so that a replay by other rules is noticed instead of believed. */
function encodeRecord(event: BudgetEvent, effect: BudgetEffect | undefined): Uint8Array {
  const record = { format: RECORD_FORMAT, event: formatBudgetEvent(event), effect: effect?.type ?? null }
  return new TextEncoder().encode(JSON.stringify(record))
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

function exceededError(
  refusal: Extract<BudgetEffect, { type: 'refuse-reservation' }>,
  neededNanos: Amount,
): CodedError {
  const { account, window, limitNanos, availableNanos } = refusal
  return new CodedError('BUDGET_EXCEEDED', {
    message: `Budget ${account} (${window}) has ${formatAmount(availableNanos)} USD left of ${formatAmount(limitNanos)}, and the call may cost ${formatAmount(neededNanos)}; send max_tokens to bound its answer`,
    details: {
      scope: account,
      window,
      limitNanos: limitNanos.toString(),
      availableNanos: availableNanos.toString(),
      neededNanos: neededNanos.toString(),
    },
  })
}
