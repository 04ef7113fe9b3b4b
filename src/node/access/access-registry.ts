import { assert } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import {
  ACCESS_MACHINE,
  type AccessEffect,
  type AccessEvent,
  type AccessRefusal,
  type AccessState,
  budgetIdOf,
  parseBudgetId,
} from '../../core/access/access-machine.ts'
import {
  formatAccessEvent,
  formatAccessState,
  parseAccessEvent,
  parseAccessState,
} from '../../core/access/access-codec.ts'
import { scopeOf } from '../../core/access/access-entry.ts'
import type { AuditEvent } from '../../core/audit/audit-entry.ts'
import { bucketMapEntries, bucketMapGet } from '../../core/budget/bucket-map.ts'
import { BUDGET_WINDOWS } from '../../core/budget/budget-window.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EntryLimit, SharedJournal, SharedJournalPage } from '../../ports/shared-journal.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'
import type { BudgetLimit, BudgetOwner } from '../../router/budgets/budget-owner.ts'

export type AccessRegistryComponents = {
  /** Of the registry alone. Whoever opened it closes it. */
  readonly journal: SharedJournal
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly timers: Timers
  /** Writes an entry to the audit journal. */
  readonly record: (event: AuditEvent) => Promise<void>
  /** Whether the configuration sets the limit `SCOPE@WINDOW`: then it counts, whatever was set before. */
  readonly isBudgetConfigured: (id: string) => boolean
}

/** Whoever has budgets whose limits are changed. */
export type LimitOwner = Pick<BudgetOwner, 'setLimit' | 'look'>

const COMPACT_AT_BYTES = 4 * 1024 * 1024
/** How often a shared journal is looked at, whatever its notifications say: two looks fit into the second within which a change holds everywhere. */
const LOOK_MS = 400

/**
 * What is kept of organisations, tenants, teams and keys. One change at a time: judged by all that is in the journal, written to the audit journal, then to the registry's own,
 * and only then are the budgets told, whose limits are those of the registry again after a restart, whatever was interrupted. What takes something away from a key
 * counts before it is in the audit journal.
 *
 * Where the journal is shared, others change it as well: their changes are read as soon as they are told, and a change of one's own that theirs came before is judged again.
 */
export class AccessRegistry {
  private readonly components: AccessRegistryComponents
  private current: AccessState = ACCESS_MACHINE.initial()
  private index = 0
  private sizeBytes = 0
  /** When the last look at the journal began that was answered. */
  private lookedAtMs = Number.NEGATIVE_INFINITY
  private budgets: LimitOwner | undefined
  private last: Promise<unknown> = Promise.resolve()
  private look: Promise<void> | undefined
  private timer: ScheduledTimer | undefined
  private unwatch: () => void = () => {}
  private onChange: () => void = () => {}

  private constructor(components: AccessRegistryComponents) {
    this.components = components
  }

  /** Reads the journal, and goes on reading one that is shared. Throws `STORE_CORRUPTED`, and what the journal throws. */
  static async open(components: AccessRegistryComponents): Promise<AccessRegistry> {
    const registry = new AccessRegistry(components)
    await registry.refresh()
    const broken = ACCESS_MACHINE.violations(registry.state)
    assert(broken.length === 0, `access: sound after replay (${broken.join('; ')})`)
    if (components.journal.isShared) registry.follow()
    return registry
  }

  get state(): AccessState {
    return this.current
  }

  /** How long ago what is known was all that there was, milliseconds; 0 where nobody else changes it. */
  get ageMs(): number {
    const { journal, clock } = this.components
    return journal.isShared ? clock.monotonicMs() - this.lookedAtMs : 0
  }

  /** Limits that the owner of budgets is to start with. */
  limits(): readonly BudgetLimit[] {
    return bucketMapEntries(this.state.budgets).flatMap(([id, limitNanos]) => {
      const name = parseBudgetId(id)
      return name === undefined || this.components.isBudgetConfigured(id) ? [] : [{ ...name, limitNanos }]
    })
  }

  /** Who is told of changed limits. Until then only the journal is. */
  tell(budgets: LimitOwner): void {
    this.budgets = budgets
  }

  /** Who hears that something has changed here or elsewhere, and not what. `onChange` must not throw. */
  listen(onChange: () => void): void {
    this.onChange = onChange
  }

  /** Reads what others changed until now. Throws what the journal throws. */
  async refresh(): Promise<void> {
    // Whoever comes while one waits for its turn is served by it.
    this.look ??= this.inTurn(async () => {
      this.look = undefined
      await this.catchUp()
    })
    await this.look
  }

  /**
   * Makes one change; resolved once it counts and is on stable storage.
   *
   * Throws `ACCESS_ENTRY_EXISTS`, `ACCESS_ENTRY_UNKNOWN`, `ACCESS_ENTRY_IN_USE`, `ACCESS_ENTRY_CHANGED`, `ACCESS_FULL`, `ACCESS_KEY_REVOKED`, and what the
   * journals throw.
   *
   * @param by  Who makes it, for the audit journal.
   */
  async change(event: AccessEvent, by: string): Promise<void> {
    await this.inTurn(async () => await this.make(event, by))
  }

  /** Empties the journal: what it held is kept elsewhere now. Throws what the journal throws. */
  async forgetAll(): Promise<void> {
    await this.inTurn(async () => {
      const nothing = ACCESS_MACHINE.initial()
      await this.components.journal.compact({ nextIndex: this.index, payload: encodeState(nothing) })
      this.current = nothing
    })
  }

  /** Limits that were changed while budgets started with those from before hold as well. Throws what the journal and the budgets throw. */
  async settleLimits(before: readonly BudgetLimit[]): Promise<void> {
    // Whoever changes one after the last look sets it after this.
    for (let told = limitsByName(before); ;) {
      await this.refresh()
      const now = limitsByName(this.limits())
      const changed = [...new Set([...told.keys(), ...now.keys()])].filter((id) => told.get(id) !== now.get(id))
      if (changed.length === 0) return
      for (const id of changed) {
        const name = parseBudgetId(id)
        if (name !== undefined) await this.budgets?.setLimit(name.scope, name.window, now.get(id))
      }
      told = now
    }
  }

  /** What waits is still done. */
  async stop(): Promise<void> {
    this.unwatch()
    this.timer?.cancel()
    this.timer = undefined
    await this.last
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(work)
    this.last = turn.catch(() => undefined)
    return await turn
  }

  private follow(): void {
    // A server that is away is asked again; how old what is known may be, is for the door to say.
    const refresh = (): void => void this.refresh().catch(() => undefined)
    this.unwatch = this.components.journal.watch(refresh)
    const later = (): void => {
      this.timer = this.components.timers.schedule(LOOK_MS, () => {
        this.refresh()
          .catch(() => undefined)
          .finally(() => {
            if (this.timer !== undefined) later()
          })
          .catch(() => undefined)
      })
    }
    later()
  }

  private async make(event: AccessEvent, by: string): Promise<void> {
    const { record, journal } = this.components
    const scope = 'entry' in event ? scopeOf(event.entry) : event.scope
    await this.catchUp()
    for (let isTold = false; ;) {
      const before = this.state
      const { state, effects } = ACCESS_MACHINE.transition(before, event)
      refuse(effects)
      if (!isTold && !isRestricting(event)) await record(auditEventOf(event, by))
      isTold = true
      const limits = this.changedLimits({ before, after: state, scope })
      const entry = encode(event)
      if (await journal.append(entry, { expectedIndex: this.index, limits })) {
        this.current = state
        this.index += 1
        this.sizeBytes += entry.byteLength
        if (isRestricting(event)) await record(auditEventOf(event, by))
        await this.tellBudgets(limits)
        this.onChange()
        break
      }
      await this.catchUp()
    }
    await this.compactWhenLarge()
  }

  private async catchUp(): Promise<void> {
    const { journal, clock } = this.components
    for (;;) {
      const startedMs = clock.monotonicMs()
      const page = await journal.read(this.index)
      if (page.nextIndex < this.index) {
        // Somebody put an older state of the store in the place of this one.
        this.current = ACCESS_MACHINE.initial()
        this.index = 0
        continue
      }
      const before = this.index
      await this.take(page)
      if (this.index === page.nextIndex) {
        this.lookedAtMs = startedMs
        return
      }
      if (this.index === before) throw corrupted(`it has no record ${before}`)
    }
  }

  private async take({ snapshot, entries, sizeBytes }: SharedJournalPage): Promise<void> {
    let [state, index] = [this.current, this.index]
    if (snapshot !== undefined) [state, index] = [decodeState(snapshot.payload), snapshot.nextIndex]
    for (const payload of entries) {
      state = replay(state, payload, index)
      index += 1
    }
    // A key is not to be used before its limits are known here.
    if (state.budgets !== this.current.budgets) await this.budgets?.look?.()
    const isNew = this.index !== index
    this.current = state
    this.index = index
    this.sizeBytes = sizeBytes
    if (isNew) this.onChange()
  }

  private changedLimits({
    before,
    after,
    scope,
  }: {
    readonly before: AccessState
    readonly after: AccessState
    readonly scope: string
  }): readonly EntryLimit[] {
    return BUDGET_WINDOWS.flatMap((window) => {
      const id = budgetIdOf(scope, window)
      const limitNanos = bucketMapGet(after.budgets, id)
      const isSame = limitNanos === bucketMapGet(before.budgets, id)
      return isSame || this.components.isBudgetConfigured(id) ? [] : [{ scope, window, limitNanos }]
    })
  }

  private async tellBudgets(limits: readonly EntryLimit[]): Promise<void> {
    const { budgets } = this
    if (budgets === undefined || limits.length === 0) return
    // They hold already where the journal is shared.
    if (this.components.journal.isShared) await budgets.look?.().catch(() => undefined)
    else for (const { scope, window, limitNanos } of limits) await budgets.setLimit(scope, window, limitNanos)
  }

  private async compactWhenLarge(): Promise<void> {
    if (this.sizeBytes < COMPACT_AT_BYTES) return
    this.sizeBytes = 0
    const snapshot = { nextIndex: this.index, payload: encodeState(this.current) }
    // What is not done now is done after the next change.
    await this.components.journal.compact(snapshot).catch(() => (this.sizeBytes = COMPACT_AT_BYTES))
  }
}

function limitsByName(limits: readonly BudgetLimit[]): ReadonlyMap<string, BudgetLimit['limitNanos']> {
  return new Map(limits.map(({ scope, window, limitNanos }) => [budgetIdOf(scope, window), limitNanos]))
}

/** Whoever takes a right away does not wait for the audit journal, nor for its disk. */
function isRestricting(event: AccessEvent): boolean {
  if (event.type === 'entry-changed') return event.change.isDisabled === true
  return event.type === 'key-revoked' || event.type === 'entry-removed'
}

/** What an event did, without hashes of secrets. */
function auditEventOf(event: AccessEvent, by: string): AuditEvent {
  const scope = 'entry' in event ? scopeOf(event.entry) : event.scope
  const told = { type: 'access-changed', change: event.type, scope, by }
  switch (event.type) {
    case 'entry-created':
    case 'entry-adopted':
      return { ...told, ...(event.entry.parent !== undefined && { parent: event.entry.parent }) }
    case 'entry-changed':
      return { ...told, members: [...Object.keys(event.change), ...(event.budgets.length > 0 ? ['budgets'] : [])] }
    case 'key-rotated':
      return { ...told, prefix: event.secret.prefix, graceMs: event.graceMs }
    case 'budget-set':
      return { ...told, window: event.window, limitNanos: event.limitNanos?.toString() ?? null }
    case 'entry-removed':
    case 'key-revoked':
      return told
  }
}

const REFUSALS = {
  ENTRY_EXISTS: ['ACCESS_ENTRY_EXISTS', 'There is one of that name already'],
  ENTRY_UNKNOWN: ['ACCESS_ENTRY_UNKNOWN', 'There is none of that name'],
  PARENT_UNKNOWN: ['ACCESS_ENTRY_UNKNOWN', 'What it is to be in is not there'],
  ENTRY_IN_USE: ['ACCESS_ENTRY_IN_USE', 'It still has tenants, teams or keys'],
  ENTRY_CHANGED: ['ACCESS_ENTRY_CHANGED', 'It was changed meanwhile'],
  REGISTRY_FULL: ['ACCESS_FULL', 'No more are kept'],
  KEY_REVOKED: ['ACCESS_KEY_REVOKED', 'The key is revoked'],
  EVENT_INVALID: ['REQUEST_INVALID', 'The change does not fit what it is about'],
} as const satisfies Readonly<Record<AccessRefusal, readonly [string, string]>>

function refuse(effects: readonly AccessEffect[]): void {
  const [effect] = effects
  if (effect?.type !== 'event-refused') return
  const [code, message] = REFUSALS[effect.code]
  throw new CodedError(code, { message })
}

const ENCODER = new TextEncoder()

function encode(event: AccessEvent): Uint8Array {
  return ENCODER.encode(JSON.stringify(formatAccessEvent(event)))
}

function replay(state: AccessState, payload: Uint8Array, index: number): AccessState {
  const event = parseAccessEvent(parseJson(payload))
  if (event === undefined) throw corrupted(`record ${index} is no change`)
  const { state: next, effects } = ACCESS_MACHINE.transition(state, event)
  if (effects[0]?.type === 'event-refused')
    throw corrupted(`record ${index} does not follow from the records before it`)
  return next
}

function encodeState(state: AccessState): Uint8Array {
  return ENCODER.encode(JSON.stringify(formatAccessState(state)))
}

function decodeState(payload: Uint8Array): AccessState {
  const state = parseAccessState(parseJson(payload))
  if (state === undefined) throw corrupted('its snapshot is none')
  return state
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
}

function corrupted(what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `The journal of access cannot be read: ${what}` })
}
