import type { ActorSystem } from '../../actors/system/actor-system.ts'
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
import type { EventLog } from '../../ports/event-log.ts'
import type { BudgetLimit, BudgetOwner } from '../../router/budgets/budget-owner.ts'
import { MachineOwner } from '../../router/machine-owner.ts'

export type AccessRegistryComponents = {
  readonly actors: ActorSystem
  /** Of the registry alone. Whoever opened it closes it. */
  readonly log: EventLog
  /** Writes an entry to the audit journal. */
  readonly record: (event: AuditEvent) => Promise<void>
  /** Whether the configuration sets the limit `SCOPE@WINDOW`: then it counts, whatever was set before. */
  readonly isBudgetConfigured: (id: string) => boolean
}

const MAILBOX_BOUND = 4_096
const COMPACT_AT_BYTES = 4 * 1024 * 1024

/**
 * What is kept of organisations, tenants, teams and keys. One change at a time: judged, written to the audit journal, then to the registry's own, and only
 * then are the budgets told, whose limits are those of the registry again after a restart, whatever was interrupted. What takes something away from a key
 * counts before it is in the audit journal.
 */
export class AccessRegistry {
  private readonly components: AccessRegistryComponents
  private readonly owner: MachineOwner<AccessState, AccessEvent, AccessEffect>
  private budgets: Pick<BudgetOwner, 'setLimit'> | undefined
  private last: Promise<unknown> = Promise.resolve()

  private constructor(components: AccessRegistryComponents) {
    this.components = components
    this.owner = createOwner(components)
  }

  /** Reads the journal. Throws `STORE_CORRUPTED`, and what the journal throws. */
  static async open(components: AccessRegistryComponents): Promise<AccessRegistry> {
    const registry = new AccessRegistry(components)
    await registry.owner.start()
    return registry
  }

  get state(): AccessState {
    return this.owner.state
  }

  /** Limits that the owner of budgets is to start with. */
  limits(): readonly BudgetLimit[] {
    return bucketMapEntries(this.state.budgets).flatMap(([id, limitNanos]) => {
      const name = parseBudgetId(id)
      return name === undefined || this.components.isBudgetConfigured(id) ? [] : [{ ...name, limitNanos }]
    })
  }

  /** Who is told of changed limits. Until then only the journal is. */
  follow(budgets: Pick<BudgetOwner, 'setLimit'>): void {
    this.budgets = budgets
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
    const turn = this.last.then(async () => await this.make(event, by))
    this.last = turn.catch(() => undefined)
    await turn
  }

  async stop(): Promise<void> {
    await this.last
    await this.owner.stop()
  }

  private async make(event: AccessEvent, by: string): Promise<void> {
    refuse(ACCESS_MACHINE.transition(this.state, event).effects)
    const { record } = this.components
    const before = this.state
    if (!isRestricting(event)) await record(auditEventOf(event, by))
    refuse(await this.owner.run(event))
    if (isRestricting(event)) await record(auditEventOf(event, by))
    await this.tellBudgets(before, 'entry' in event ? scopeOf(event.entry) : event.scope)
  }

  private async tellBudgets(before: AccessState, scope: string): Promise<void> {
    for (const window of BUDGET_WINDOWS) {
      const id = budgetIdOf(scope, window)
      if (this.components.isBudgetConfigured(id)) continue
      const limitNanos = bucketMapGet(this.state.budgets, id)
      if (limitNanos !== bucketMapGet(before.budgets, id)) await this.budgets?.setLimit(scope, window, limitNanos)
    }
  }
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

function createOwner({ actors, log }: AccessRegistryComponents): MachineOwner<AccessState, AccessEvent, AccessEffect> {
  return new MachineOwner(
    { actors, log, machine: ACCESS_MACHINE },
    {
      id: 'access',
      mailboxBound: MAILBOX_BOUND,
      compactAtBytes: COMPACT_AT_BYTES,
      first: ACCESS_MACHINE.initial(),
      encode: (event) => ENCODER.encode(JSON.stringify(formatAccessEvent(event))),
      replay(state, payload, index) {
        const event = parseAccessEvent(parseJson(payload))
        if (event === undefined) throw corrupted(`record ${index} is no change`)
        const { state: next, effects } = ACCESS_MACHINE.transition(state, event)
        if (effects[0]?.type === 'event-refused')
          throw corrupted(`record ${index} does not follow from the records before it`)
        return next
      },
      encodeState: (state) => ENCODER.encode(JSON.stringify(formatAccessState(state))),
      decodeState(payload) {
        const state = parseAccessState(parseJson(payload))
        if (state === undefined) throw corrupted('its snapshot is none')
        return state
      },
      isWithoutTrace: ([first]) => first?.type === 'event-refused',
    },
  )
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
