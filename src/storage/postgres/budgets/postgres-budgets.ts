import { CodedError } from '../../../base/errors.ts'
import { hexOfBytes } from '../../../base/hex.ts'
import type { TaskId } from '../../../base/identifiers.ts'
import { type Amount, ZERO_AMOUNT } from '../../../base/money.ts'
import type { BudgetAccount } from '../../../core/budget/budget-account.ts'
import { budgetExceeded } from '../../../core/budget/budget-refusal.ts'
import type { BudgetWindow } from '../../../core/budget/budget-window.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import type { BudgetReservation, Budgets, ReserveRequest } from '../../../ports/budgets.ts'
import type { Random } from '../../../ports/random.ts'
import type { RouteCaller } from '../../../ports/router.ts'
import type { Startable } from '../../../ports/startable.ts'
import type { StoreChanges } from '../../../ports/store-changes.ts'
import type { ScheduledTimer } from '../../../ports/timers.ts'
import type { PostgresConnection } from '../postgres-connection.ts'
import { BudgetBatches } from './budget-batches.ts'
import { readRefusal } from './budget-commands.ts'
import { findMismatches, LIMITS_TOPIC, readLimits, readLines } from './read-budget-lines.ts'

/** Reservations of the dead that one statement charges at most: it ends well within the limit of statements. */
export const CHARGED_AT_ONCE = 1_000

export type PostgresBudgetsComponents = {
  readonly connection: PostgresConnection
  readonly changes: StoreChanges
  readonly random: Pick<Random, 'bytes'>
  /** Accounts of a caller's call, outermost first, at most 8. */
  readonly accountsOf: (caller: RouteCaller, taskId?: TaskId) => readonly string[]
  /** Accounts of a call that only the operator wants. */
  readonly shadowAccounts: () => readonly string[]
  /** Told of failures behind anybody's back. */
  readonly onError: (error: unknown) => void
}

export type SharedLimit = { readonly scope: string; readonly window: BudgetWindow; readonly limitNanos: Amount }

export type PostgresBudgetsInit = {
  /** All limits of the configuration: others that came from one are removed with the start, those that were set meanwhile stay. */
  readonly limits: readonly SharedLimit[]
  /** Limits that this gateway was told while it ran, before. Default none. */
  readonly ownLimits?: readonly SharedLimit[]
  /** What this process announces its own changes with. */
  readonly origin: string
  /** How long a member may be silent, by the server's clock, before what it holds is charged. Default 15,000 ms. */
  readonly leaseMs?: number
  /** A reservation nobody ended for so long is charged in full. Default 15 minutes. */
  readonly expiryMs?: number
  /** Reservations that may wait for the server; more are refused with `BUDGET_OVERLOADED`. Default 10,000. */
  readonly pendingMax?: number
}

export interface SharedBudgets extends Budgets, Startable {
  /** Sets or removes a limit for all gateways; resolves when durable. */
  setLimit(scope: string, window: BudgetWindow, limitNanos: Amount | undefined): Promise<void>
  compact(): Promise<void>
  /** Every account with a limit, by name, as of the last look: at most a third of the lease ago. */
  inspect(): readonly { readonly scope: string; readonly account: BudgetAccount }[]
  /** The account of a scope that has a limit, as `inspect`. */
  accountOf(scope: string): BudgetAccount | undefined
  /** Names of broken invariants, as of the last `verify`. */
  violations(): readonly string[]
  /** Looks at the limits now, which others may have set. Throws `STORE_*`. */
  look(): Promise<void>
  /** Looks at the books now. Throws `STORE_*`. */
  verify(): Promise<readonly string[]>
  /** Reservations that are open at all gateways. */
  readonly openCount: number
}

const LEASE_MS_DEFAULT = 15_000
const EXPIRY_MS_DEFAULT = 15 * 60_000
const PENDING_MAX_DEFAULT = 10_000

/**
 * Budgets of all gateways on one store. Room is taken and given back at the server, under locks on the accounts' limits, so that all gateways together never pass
 * a limit; parallel callers of one gateway share a statement. A caller whose accounts have no limit costs no statement.
 *
 * Windows go by the server's clock. A gateway that dies, or is silent for longer than its lease, is charged all that it held. While the server is away nobody with
 * a limit gets room (`STORE_UNREACHABLE`); what calls under way cost is told when it is back.
 */
export function createPostgresBudgets(components: PostgresBudgetsComponents, init: PostgresBudgetsInit): SharedBudgets {
  return new PostgresBudgets(components, init)
}

type Lines = ReturnType<SharedBudgets['inspect']>

class PostgresBudgets implements SharedBudgets {
  readonly #components: PostgresBudgetsComponents
  readonly #init: PostgresBudgetsInit
  readonly #leaseMs: number
  readonly #batches: BudgetBatches
  readonly #runId: string
  #lines: Lines = []
  #limited: ReadonlyMap<string, BudgetAccount> = new Map()
  #violations: readonly string[] = []
  #reservationCount = 0
  #isStarted = false
  #timer: ScheduledTimer | undefined
  #unwatch: () => void = () => {}
  openCount = 0

  constructor(components: PostgresBudgetsComponents, init: PostgresBudgetsInit) {
    this.#components = components
    this.#init = init
    this.#leaseMs = init.leaseMs ?? LEASE_MS_DEFAULT
    this.#batches = new BudgetBatches(components.connection, { leaseMs: this.#leaseMs, random: components.random })
    this.#runId = hexOfBytes(components.random.bytes(8))
  }

  async start(): Promise<void> {
    if (this.#isStarted) return
    this.#unwatch = this.#components.changes.watch(LIMITS_TOPIC, () => {
      this.look().catch(this.#components.onError)
    })
    await this.#chargeAbandoned()
    await this.look()
    await this.#applyLimits()
    await this.look()
    this.#isStarted = true
    this.#beatLater()
  }

  async stop(): Promise<void> {
    if (!this.#isStarted) return
    this.#isStarted = false
    this.#timer?.cancel()
    this.#unwatch()
    await this.#batches.leave()
  }

  async compact(): Promise<void> {
    // The books name accounts that have a limit, and no task; what was deleted goes with the next vacuum of the server.
    await this.look()
  }

  isBounded(caller: RouteCaller): boolean {
    if (!this.#isStarted) return true
    return this.#limited.size > 0 && this.#components.accountsOf(caller).some((name) => this.#limited.has(name))
  }

  async reserve(request: ReserveRequest, options: AbortOptions = {}): Promise<BudgetReservation> {
    options.signal?.throwIfAborted()
    if (!this.#isStarted) throw new CodedError('STORE_NOT_OPEN', { message: 'The budgets are not started' })
    const { accountsOf, shadowAccounts } = this.#components
    const scopes = request.purpose === 'shadow' ? shadowAccounts() : accountsOf(request.caller, request.taskId)
    if (!scopes.some((name) => this.#limited.has(name))) return UNBOUNDED_RESERVATION
    const { waitingCount } = this.#batches
    if (waitingCount >= (this.#init.pendingMax ?? PENDING_MAX_DEFAULT))
      throw new CodedError('BUDGET_OVERLOADED', { message: `${waitingCount} reservations wait for the store` })
    this.#reservationCount += 1
    const id = `${this.#runId}-${this.#reservationCount}`
    const amount = request.amountNanos.toString()
    const answer = await this.#batches.send({
      type: 'reserve',
      id,
      scopes,
      amount,
      expiryMs: this.#init.expiryMs ?? EXPIRY_MS_DEFAULT,
    })
    const refusal = readRefusal(answer)
    if (refusal !== undefined) throw budgetExceeded(refusal, request.amountNanos)
    const open = { id, scopes, amount }
    if (options.signal?.aborted === true) {
      await this.#end(open, ZERO_AMOUNT)
      options.signal.throwIfAborted()
    }
    return this.#reservation(open)
  }

  async setLimit(scope: string, window: BudgetWindow, limitNanos: Amount | undefined): Promise<void> {
    if (scope.length === 0 || scope.length > 256) throw new RangeError('A scope has 1 to 256 characters')
    await this.#setLimit({ scope, window, limitNanos }, false)
    if (this.#isStarted) await this.look()
  }

  inspect(): Lines {
    return this.#lines
  }

  accountOf(scope: string): BudgetAccount | undefined {
    return this.#limited.get(scope)
  }

  violations(): readonly string[] {
    return this.#violations
  }

  async verify(): Promise<readonly string[]> {
    this.#violations = await findMismatches(this.#components.connection)
    return this.#violations
  }

  #reservation(open: OpenReservation): BudgetReservation {
    let isEnded = false
    const end = (spentNanos: Amount): Promise<void> => {
      if (isEnded) return ENDED
      isEnded = true
      return this.#end(open, spentNanos)
    }
    return { settle: end, release: () => end(ZERO_AMOUNT) }
  }

  async #end(open: OpenReservation, spentNanos: Amount): Promise<void> {
    await this.#batches.send({ type: 'settle', ...open, spent: spentNanos.toString() })
  }

  async look(): Promise<void> {
    const { lines, openCount } = await readLines(this.#components.connection)
    this.#lines = lines
    this.openCount = openCount
    this.#limited = new Map(lines.map(({ scope, account }) => [scope, account]))
  }

  async #setLimit(
    { scope, window, limitNanos }: Omit<SharedLimit, 'limitNanos'> & { readonly limitNanos: Amount | undefined },
    isConfigured: boolean,
  ): Promise<void> {
    const { connection } = this.#components
    await connection.run(
      {
        text: `SELECT ${connection.schema}.set_limit($1, $2, $3, $4, $5)`,
        values: [scope, window, limitNanos?.toString() ?? null, isConfigured, this.#init.origin],
      },
      { action: 'write', isRepeatable: true },
    )
  }

  /** Nothing is said of limits that are as they should be, so that gateways with one configuration start without a word. */
  async #applyLimits(): Promise<void> {
    const { connection } = this.#components
    const { limits, ownLimits = [] } = this.#init
    const known = await readLimits(connection)
    const configured = new Set(limits.map(limitName))
    for (const limit of known)
      if (limit.isConfigured && !configured.has(limitName(limit)))
        await this.#setLimit({ ...limit, limitNanos: undefined }, true)
    const knownBy = new Map(known.map((limit) => [limitName(limit), limit]))
    for (const limit of limits) {
      const before = knownBy.get(limitName(limit))
      if (before?.isConfigured !== true || before.limitNanos !== limit.limitNanos) await this.#setLimit(limit, true)
    }
    for (const limit of ownLimits)
      if (!configured.has(limitName(limit)) && knownBy.get(limitName(limit))?.limitNanos !== limit.limitNanos)
        await this.#setLimit(limit, false)
  }

  async #chargeAbandoned(): Promise<void> {
    const { connection } = this.#components
    const text = `SELECT ${connection.schema}.charge_abandoned($1) AS charged`
    let charged: unknown
    do {
      const { rows } = await connection.run(
        { text, values: [CHARGED_AT_ONCE] },
        { action: 'write', isRepeatable: true },
      )
      charged = (rows as readonly { readonly charged?: unknown }[])[0]?.charged
    } while (charged === CHARGED_AT_ONCE)
  }

  #beatLater(): void {
    if (!this.#isStarted) return
    this.#timer = this.#components.connection.timers.schedule(this.#leaseMs / 3, () => {
      this.#beat()
        .catch(this.#components.onError)
        .finally(() => this.#beatLater())
        .catch(this.#components.onError)
    })
  }

  async #beat(): Promise<void> {
    await this.#batches.renew()
    await this.#chargeAbandoned()
    await this.look()
  }
}

function limitName({ scope, window }: Pick<SharedLimit, 'scope' | 'window'>): string {
  return `${window} ${scope}`
}

type OpenReservation = { readonly id: string; readonly scopes: readonly string[]; readonly amount: string }

const ENDED: Promise<void> = Promise.resolve()

const UNBOUNDED_RESERVATION: BudgetReservation = Object.freeze({ settle(): void {}, release(): void {} })
