import { hash } from 'node:crypto'
import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { timestampFromMs } from '../../base/time.ts'
import {
  ACCESS_KINDS,
  type AccessEntry,
  type AccessKind,
  isEntryId,
  keyScope,
  type KeySecret,
  scopeOf,
} from '../../core/access/access-entry.ts'
import { type BudgetChange, budgetIdOf, type EntryChange } from '../../core/access/access-machine.ts'
import { bucketMapGet } from '../../core/budget/bucket-map.ts'
import {
  choiceOf,
  type ControlRequest,
  invalidRequest,
  optionalText,
  requiredText,
} from '../control/control-request.ts'
import { type AccessActor, isConfiguredWithinReach, isWithinReach, requireChangeable } from './access-actor.ts'
import type { AccessDeskComponents } from './access-desk-components.ts'
import { configuredDocument, type Document, type DocumentContext, entryDocument } from './access-document.ts'
import { AccessView } from './access-view.ts'
import { BUDGET_OPERATIONS, BudgetDesk } from './budget-desk.ts'
import { pageOf, readPage } from './page.ts'
import { parseBounds, refuseUnknown, wholeOf } from './parse-access.ts'

const ENTRY_OPERATIONS = ['list', 'show', 'create', 'update', 'remove', 'rotate', 'revoke'] as const
export const ACCESS_OPERATIONS = [...ENTRY_OPERATIONS, ...BUDGET_OPERATIONS] as const

const READING = ['list', 'show', 'budget-list', 'budget-show'] as const
/** Whoever has not answered for so long is not waited for. */
const AWAY_MS = 2_000

/** What every key begins with, so that scanners for secrets know one. */
const KEY_BEGINNING = 'kos_'
const KEY_BYTES = 32
const PREFIX_LENGTH = 10
const GRACE_SECONDS_DEFAULT = 86_400
const GRACE_SECONDS_MAX = 90 * 86_400

const BOUNDS = ['label', 'is_disabled', 'tiers', 'models', 'rate_limits', 'budgets'] as const
const OF_KEY = ['role', 'expires_at', 'expires_in_seconds'] as const
const IDENTITY: Readonly<Record<AccessKind, readonly string[]>> = {
  organisation: ['id'],
  tenant: ['id', 'organisation'],
  team: ['name', 'tenant'],
  key: ['tenant', 'team', ...OF_KEY],
}

/** Organisations, tenants, teams and keys as people manage them: over HTTP and by commands alike. */
export class AccessDesk {
  private readonly components: AccessDeskComponents
  private readonly view: AccessView
  private readonly budgetDesk: BudgetDesk

  constructor(components: AccessDeskComponents) {
    this.components = components
    this.view = new AccessView(components.configured)
    const find = (actor: AccessActor, scope: string): AccessEntry | undefined => this.look(actor, scope)
    this.budgetDesk = new BudgetDesk(components, { find, contextOf: () => this.context() })
  }

  /**
   * Does what is asked: `{"op", "kind", ...}`. What the actor may not see is as if it were not there.
   *
   * Throws `REQUEST_INVALID`, `ACCESS_*`, `GATEWAY_ROLE_REFUSED`, and what the journals throw.
   */
  async answer(request: ControlRequest, actor: AccessActor): Promise<JsonValue> {
    const operation = choiceOf(request, 'op', ACCESS_OPERATIONS)
    await this.catchUp(operation)
    const budgetOperation = BUDGET_OPERATIONS.find((known) => known === operation)
    if (budgetOperation !== undefined) return await this.budgetDesk.answer(budgetOperation, request, actor)
    const kind = choiceOf(request, 'kind', ACCESS_KINDS)
    if (kind === undefined) throw invalidRequest('kind', `kind must be one of ${ACCESS_KINDS.join(', ')}`)
    switch (ENTRY_OPERATIONS.find((known) => known === operation)) {
      case 'list':
        return this.list(kind, request, actor)
      case 'show':
        return this.show(`${kind}:${requiredText(request, 'id')}`, actor)
      case 'create':
        return await this.create(kind, request, actor)
      case 'update':
        return await this.update(kind, request, actor)
      case 'remove':
        return await this.remove(kind, request, actor)
      case 'rotate':
        return await this.rotate(request, actor)
      case 'revoke':
        return await this.revoke(request, actor)
      case undefined:
        throw invalidRequest('op', `op must be one of ${ACCESS_OPERATIONS.join(', ')}`)
    }
  }

  /** Others may have changed what is asked for. Where nobody can say so, it is shown as it was known, and not changed. */
  private async catchUp(operation: string | undefined): Promise<void> {
    const { registry, budgets } = this.components
    const isChange = !READING.some((name) => name === operation)
    if (isChange) await registry.refresh()
    else if (registry.ageMs < AWAY_MS) await registry.refresh().catch(() => undefined)
    // What was spent of them, here and elsewhere, is shown as it is.
    if (registry.ageMs < AWAY_MS) await budgets.look?.().catch(() => undefined)
  }

  private context(): DocumentContext {
    const { registry, budgets, clock } = this.components
    const { state } = registry
    return {
      state,
      now: clock.now(),
      isBudgetConfigured: (id) => this.components.configured.budgets.has(id),
      accountOf: (scope) => budgets.accountOf(scope),
      effective: (scope) => this.view.key(state, scope)?.access,
    }
  }

  /** An entry of the registry that the actor may see. */
  private look({ reach }: AccessActor, scope: string): AccessEntry | undefined {
    const entry = bucketMapGet(this.components.registry.state.entries, scope)
    return entry !== undefined && isWithinReach(reach, entry) ? entry : undefined
  }

  private find(actor: AccessActor, scope: string): AccessEntry {
    const entry = this.look(actor, scope)
    if (entry !== undefined) return entry
    const configured = this.components.configured.entries.get(scope)
    if (configured === undefined || !isConfiguredWithinReach(actor.reach, configured)) throw unknown(scope)
    throw new CodedError('ACCESS_ENTRY_CONFIGURED', {
      message: `${scope} stands in the configuration, and is not changed here`,
    })
  }

  private show(scope: string, actor: AccessActor): Document {
    const entry = this.look(actor, scope)
    if (entry !== undefined) return entryDocument(entry, this.context())
    const configured = this.components.configured.entries.get(scope)
    if (configured === undefined || !isConfiguredWithinReach(actor.reach, configured)) throw unknown(scope)
    return configuredDocument(configured, this.context())
  }

  private list(kind: AccessKind, request: ControlRequest, actor: AccessActor): JsonValue {
    refuseUnknown(request, ['op', 'kind', 'limit', 'cursor', 'tenant', 'team', 'organisation', 'state'])
    const page = readPage(request)
    const filters = ['tenant', 'team', 'organisation', 'state'].flatMap((name) => {
      const value = optionalText(request, name)
      return value === undefined ? [] : [[name, value] as const]
    })
    const { configured, registry } = this.components
    const isSeen = (scope: string, isConfigured: boolean): boolean => {
      const entry = isConfigured ? undefined : bucketMapGet(registry.state.entries, scope)
      if (entry !== undefined) return isWithinReach(actor.reach, entry)
      const told = configured.entries.get(scope)
      return told !== undefined && isConfiguredWithinReach(actor.reach, told)
    }
    return pageOf(this.view.list(registry.state, kind), page, ({ scope, isConfigured }) => {
      if (!isSeen(scope, isConfigured)) return undefined
      const document = this.show(scope, actor)
      return filters.every(([name, value]) => document[name] === value) ? document : undefined
    })
  }

  private async create(kind: AccessKind, request: ControlRequest, actor: AccessActor): Promise<JsonValue> {
    refuseUnknown(request, ['op', 'kind', ...IDENTITY[kind], ...BOUNDS])
    const { clock, registry, configured } = this.components
    const now = clock.now()
    const { budgets, label, isDisabled = false, role, expiresAt, ...limits } = parseBounds(request, now)
    const place = this.placeOf(kind, request, actor)
    this.refuseConfiguredBudgets(`${kind}:${place.id}`, budgets)
    if (configured.entries.has(`${kind}:${place.id}`))
      throw new CodedError('ACCESS_ENTRY_EXISTS', { message: `${kind}:${place.id} stands in the configuration` })
    const made = kind === 'key' ? this.newSecret() : undefined
    const entry: AccessEntry = {
      kind,
      ...place,
      isParentConfigured: place.parent !== undefined && configured.entries.has(place.parent),
      ...(typeof label === 'string' && { label }),
      isDisabled,
      ...withoutNull(limits),
      createdAt: now,
      changedAt: now,
      revision: 1,
      ...(made !== undefined && {
        key: {
          role: role ?? 'member',
          ...(typeof expiresAt === 'number' && { expiresAt }),
          secrets: [made.secret],
        },
      }),
    }
    await registry.change({ type: 'entry-created', entry, budgets }, actor.by)
    return { ...this.show(scopeOf(entry), actor), ...(made !== undefined && { key: made.key }) }
  }

  /** Id of a new entry, and what it is in. Throws `REQUEST_INVALID`, `ACCESS_ENTRY_UNKNOWN`, `GATEWAY_ROLE_REFUSED`. */
  private placeOf(
    kind: AccessKind,
    request: ControlRequest,
    { reach }: AccessActor,
  ): { readonly id: string; readonly parent?: string } {
    if (kind === 'organisation' || kind === 'tenant') {
      if (reach.kind !== 'node') throw tooFar(`make ${kind}s`)
      const organisation = kind === 'tenant' ? optionalText(request, 'organisation') : undefined
      const id = idOf(kind, requiredText(request, 'id'), 'id')
      return organisation === undefined ? { id } : { id, parent: `organisation:${organisation}` }
    }
    const tenant = optionalText(request, 'tenant') ?? (reach.kind === 'tenant' ? reach.tenant : undefined)
    if (kind === 'team') {
      if (tenant === undefined) throw invalidRequest('tenant', 'tenant is missing')
      if (reach.kind === 'tenant' && (reach.tenant !== tenant || reach.team !== undefined))
        throw tooFar('make that team')
      return { id: idOf(kind, `${tenant}/${requiredText(request, 'name')}`, 'name'), parent: `tenant:${tenant}` }
    }
    return { id: `key_${hexOf(this.components.random.bytes(8))}`, parent: this.ownerOf(request, tenant, reach) }
  }

  private ownerOf(request: ControlRequest, tenant: string | undefined, reach: AccessActor['reach']): string {
    const team = optionalText(request, 'team') ?? (reach.kind === 'tenant' ? reach.team : undefined)
    if (team === undefined) {
      if (tenant === undefined) throw invalidRequest('tenant', 'Give the tenant of the key, or its team')
      if (reach.kind === 'tenant' && reach.tenant !== tenant) throw unknown(`tenant:${tenant}`)
      return `tenant:${tenant}`
    }
    const isOther = reach.kind === 'tenant' && reach.team !== undefined && reach.team !== team
    if (isOther || this.look({ by: '', reach }, `team:${team}`) === undefined) throw unknown(`team:${team}`)
    if (tenant !== undefined && !team.startsWith(`${tenant}/`))
      throw invalidRequest('team', 'The team is not of that tenant')
    return `team:${team}`
  }

  private async update(kind: AccessKind, request: ControlRequest, actor: AccessActor): Promise<JsonValue> {
    const known = [...BOUNDS, 'revision', ...(kind === 'key' ? OF_KEY : [])]
    refuseUnknown(request, ['op', 'kind', 'id', ...known])
    const scope = `${kind}:${requiredText(request, 'id')}`
    const entry = this.find(actor, scope)
    requireChangeable(actor, entry)
    const { clock, registry } = this.components
    if (entry.key?.revokedAt !== undefined)
      throw new CodedError('ACCESS_KEY_REVOKED', { message: `${scope} is revoked` })
    const { budgets, ...change } = parseBounds(request, clock.now())
    this.refuseConfiguredBudgets(scope, budgets)
    const revision = wholeOf(request, 'revision', { least: 1, most: Number.MAX_SAFE_INTEGER })
    if (budgets.length === 0 && Object.keys(change).length === 0)
      throw invalidRequest('body', `Nothing is changed; give one of ${known.join(', ')}`)
    const asked: EntryChange = change
    await registry.change({ type: 'entry-changed', scope, change: asked, budgets, revision, at: clock.now() }, actor.by)
    return this.show(scope, actor)
  }

  private async remove(kind: AccessKind, request: ControlRequest, actor: AccessActor): Promise<JsonValue> {
    const scope = `${kind}:${requiredText(request, 'id')}`
    const entry = this.find(actor, scope)
    requireChangeable(actor, entry)
    await this.components.registry.change({ type: 'entry-removed', scope, at: this.components.clock.now() }, actor.by)
    return { object: kind, id: entry.id, deleted: true }
  }

  private async rotate(request: ControlRequest, actor: AccessActor): Promise<JsonValue> {
    refuseUnknown(request, ['op', 'kind', 'id', 'grace_seconds'])
    const scope = keyScope(requiredText(request, 'id'))
    this.find(actor, scope)
    const graceS = wholeOf(request, 'grace_seconds', { least: 0, most: GRACE_SECONDS_MAX }) ?? GRACE_SECONDS_DEFAULT
    const { secret, key } = this.newSecret()
    const event = { type: 'key-rotated', scope, secret, graceMs: graceS * 1_000, at: secret.createdAt } as const
    await this.components.registry.change(event, actor.by)
    return { ...this.show(scope, actor), key }
  }

  private async revoke(request: ControlRequest, actor: AccessActor): Promise<JsonValue> {
    refuseUnknown(request, ['op', 'kind', 'id'])
    const scope = keyScope(requiredText(request, 'id'))
    this.find(actor, scope)
    await this.components.registry.change({ type: 'key-revoked', scope, at: this.components.clock.now() }, actor.by)
    return this.show(scope, actor)
  }

  private refuseConfiguredBudgets(scope: string, budgets: readonly BudgetChange[]): void {
    const found = budgets.find(({ window }) => this.components.configured.budgets.has(budgetIdOf(scope, window)))
    if (found === undefined) return
    throw new CodedError('ACCESS_ENTRY_CONFIGURED', {
      message: `The budget ${budgetIdOf(scope, found.window)} stands in the configuration`,
    })
  }

  /** A new key, shown this once, and what is kept of it. */
  private newSecret(): { readonly key: string; readonly secret: KeySecret } {
    const { random, clock } = this.components
    const key = `${KEY_BEGINNING}${Buffer.from(random.bytes(KEY_BYTES)).toString('base64url')}`
    const createdAt = timestampFromMs(Math.floor(clock.now()))
    return { key, secret: { sha256: hash('sha256', key, 'hex'), prefix: key.slice(0, PREFIX_LENGTH), createdAt } }
  }
}

function idOf(kind: AccessKind, id: string, param: string): string {
  if (isEntryId(kind, id)) return id
  const letters = kind === 'team' ? '64 of A-Z a-z 0-9 . _ -' : '128 of A-Z a-z 0-9 . _ : -'
  throw invalidRequest(param, `${param} must be 1 to ${letters}`)
}

function withoutNull<Members extends object>(
  members: Members,
): {
  readonly [Name in keyof Members]?: NonNullable<Members[Name]>
} {
  const kept = Object.entries(members).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(kept) as { readonly [Name in keyof Members]?: NonNullable<Members[Name]> }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function unknown(scope: string): CodedError {
  return new CodedError('ACCESS_ENTRY_UNKNOWN', { message: `There is no ${JSON.stringify(scope.slice(0, 200))}` })
}

function tooFar(what: string): CodedError {
  return new CodedError('GATEWAY_ROLE_REFUSED', {
    message: `A key with the role admin manages its own tenant, and does not ${what}`,
    details: { remedy: 'Use the admin token of the node.' },
  })
}
