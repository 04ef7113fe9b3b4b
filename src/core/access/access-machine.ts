import { assertNever } from '../../base/assert.ts'
import type { Amount } from '../../base/money.ts'
import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import { bucketMapDelete, bucketMapEntries, bucketMapGet, bucketMapSet, emptyBucketMap } from '../budget/bucket-map.ts'
import type { BucketMap } from '../budget/bucket-map.ts'
import { BUDGET_WINDOWS, type BudgetWindow } from '../budget/budget-window.ts'
import type { Machine, Step } from '../machine.ts'
import {
  type AccessBounds,
  type AccessEntry,
  ENTRIES_MAX,
  ENTRIES_OF_TENANT_MAX,
  entryNameOf,
  isEntryId,
  type KeyPart,
  type KeySecret,
  scopeOf,
  SECRETS_MAX,
  tenantOfTeam,
} from './access-entry.ts'

export type AccessState = {
  /** By scope. */
  readonly entries: BucketMap<AccessEntry>
  /** Scope of a key by the SHA-256 of each of its secrets, also of those that are over. */
  readonly digests: BucketMap<string>
  /** Limits by `SCOPE@WINDOW`; scopes may also be of the configuration, or of agents. */
  readonly budgets: BucketMap<Amount>
  /** Teams and keys of each tenant. */
  readonly sizes: BucketMap<number>
}

/** A limit that is set, or taken away where it is `undefined`. */
export type BudgetChange = { readonly window: BudgetWindow; readonly limitNanos: Amount | undefined }

/** New values; `null` takes one away, what is absent stays. */
export type EntryChange = {
  readonly label?: string | null
  readonly isDisabled?: boolean
  readonly role?: KeyPart['role']
  readonly expiresAt?: Timestamp | null
} & { readonly [Bound in keyof AccessBounds]?: NonNullable<AccessBounds[Bound]> | null }

export type AccessEvent =
  | {
      readonly type: 'entry-created'
      /** With revision 1, and the one secret of a key. */
      readonly entry: AccessEntry
      readonly budgets: readonly BudgetChange[]
    }
  /** As `entry-created`, of an entry that was kept elsewhere: with its revision and all of its secrets, revoked or not. */
  | { readonly type: 'entry-adopted'; readonly entry: AccessEntry; readonly budgets: readonly BudgetChange[] }
  | {
      readonly type: 'entry-changed'
      readonly scope: string
      readonly change: EntryChange
      readonly budgets: readonly BudgetChange[]
      /** Refused where the entry is another one by now; `undefined` takes any. */
      readonly revision: number | undefined
      readonly at: Timestamp
    }
  /** Forgets an entry that nothing is in, with its budgets. */
  | { readonly type: 'entry-removed'; readonly scope: string; readonly at: Timestamp }
  | {
      readonly type: 'key-rotated'
      readonly scope: string
      readonly secret: KeySecret
      /** How long the secret before is still taken, milliseconds. */
      readonly graceMs: number
      readonly at: Timestamp
    }
  | { readonly type: 'key-revoked'; readonly scope: string; readonly at: Timestamp }
  | {
      readonly type: 'budget-set'
      readonly scope: string
      readonly window: BudgetWindow
      readonly limitNanos: Amount | undefined
      /** The scope is the node's, an agent's or of the configuration, so that no entry has to be there. */
      readonly isForeign: boolean
      readonly at: Timestamp
    }

export type AccessRefusal =
  | 'ENTRY_EXISTS'
  | 'ENTRY_UNKNOWN'
  | 'ENTRY_IN_USE'
  | 'ENTRY_CHANGED'
  | 'PARENT_UNKNOWN'
  | 'REGISTRY_FULL'
  | 'KEY_REVOKED'
  | 'EVENT_INVALID'

export type AccessEffect =
  | { readonly type: 'access-changed'; readonly scope: string }
  | { readonly type: 'event-refused'; readonly code: AccessRefusal }

/**
 * Who may use a node, and how much of it: organisations, tenants, teams and keys, as they are changed while it runs.
 *
 * A change is one event, whole or not at all. What an entry is in never changes, so that nothing moves from one payer to another.
 */
export const ACCESS_MACHINE: Machine<AccessState, AccessEvent, AccessEffect, void> = {
  name: 'access',
  initial: () => ({
    entries: emptyBucketMap(),
    digests: emptyBucketMap(),
    budgets: emptyBucketMap(),
    sizes: emptyBucketMap(),
  }),
  transition,
  violations,
}

function transition(state: AccessState, event: AccessEvent): Step<AccessState, AccessEffect> {
  switch (event.type) {
    case 'entry-created':
    case 'entry-adopted':
      return create(state, event)
    case 'entry-changed':
      return change(state, event)
    case 'entry-removed':
      return remove(state, event.scope)
    case 'key-rotated':
      return rotate(state, event)
    case 'key-revoked':
      return revoke(state, event)
    case 'budget-set':
      return setBudget(state, event)
    default:
      return assertNever(event)
  }
}

type EventOf<Type extends AccessEvent['type']> = Extract<AccessEvent, { readonly type: Type }>

function create(
  state: AccessState,
  { type, entry, budgets }: EventOf<'entry-created' | 'entry-adopted'>,
): Step<AccessState, AccessEffect> {
  const scope = scopeOf(entry)
  if (!isWellFormed(entry) || !hasPastOf(type, entry)) return refused(state, 'EVENT_INVALID')
  if (bucketMapGet(state.entries, scope) !== undefined) return refused(state, 'ENTRY_EXISTS')
  if (!hasParent(state, entry)) return refused(state, 'PARENT_UNKNOWN')
  const tenant = tenantOf(entry)
  const size = bucketMapGet(state.sizes, tenant) ?? 0
  const isFull = state.entries.size >= ENTRIES_MAX || (isInTenant(entry) && size >= ENTRIES_OF_TENANT_MAX)
  if (isFull) return refused(state, 'REGISTRY_FULL')
  const secrets = entry.key?.secrets ?? []
  if (secrets.some(({ sha256 }) => bucketMapGet(state.digests, sha256) !== undefined))
    return refused(state, 'ENTRY_EXISTS')
  let { digests } = state
  for (const { sha256 } of secrets) digests = bucketMapSet(digests, sha256, scope)
  const sizes = isInTenant(entry) ? bucketMapSet(state.sizes, tenant, size + 1) : state.sizes
  const entries = bucketMapSet(state.entries, scope, entry)
  return changed({ entries, digests, sizes, budgets: withBudgets(state.budgets, scope, budgets) }, scope)
}

function change(state: AccessState, event: EventOf<'entry-changed'>): Step<AccessState, AccessEffect> {
  const { scope, revision, budgets } = event
  const entry = bucketMapGet(state.entries, scope)
  if (entry === undefined) return refused(state, 'ENTRY_UNKNOWN')
  if (revision !== undefined && revision !== entry.revision) return refused(state, 'ENTRY_CHANGED')
  const isOfKey = event.change.role !== undefined || event.change.expiresAt !== undefined
  if (isOfKey && entry.key === undefined) return refused(state, 'EVENT_INVALID')
  const next = withChange(entry, event)
  const entries = bucketMapSet(state.entries, scope, next)
  return changed({ ...state, entries, budgets: withBudgets(state.budgets, scope, budgets) }, scope)
}

function remove(state: AccessState, scope: string): Step<AccessState, AccessEffect> {
  const entry = bucketMapGet(state.entries, scope)
  if (entry === undefined) return refused(state, 'ENTRY_UNKNOWN')
  const isParent = entry.key === undefined && bucketMapEntries(state.entries).some(([, { parent }]) => parent === scope)
  if (isParent) return refused(state, 'ENTRY_IN_USE')
  let { digests } = state
  for (const { sha256 } of entry.key?.secrets ?? []) digests = bucketMapDelete(digests, sha256)
  const tenant = tenantOf(entry)
  const sizes = isInTenant(entry) ? withSize(state.sizes, tenant, -1) : state.sizes
  const none = BUDGET_WINDOWS.map((window) => ({ window, limitNanos: undefined }))
  const budgets = withBudgets(state.budgets, scope, none)
  return changed({ entries: bucketMapDelete(state.entries, scope), digests, sizes, budgets }, scope)
}

function rotate(state: AccessState, event: EventOf<'key-rotated'>): Step<AccessState, AccessEffect> {
  const { scope, secret, graceMs, at } = event
  const entry = bucketMapGet(state.entries, scope)
  if (entry?.key === undefined) return refused(state, 'ENTRY_UNKNOWN')
  if (entry.key.revokedAt !== undefined) return refused(state, 'KEY_REVOKED')
  if (!isDigest(secret.sha256) || !(graceMs >= 0) || secret.until !== undefined) return refused(state, 'EVENT_INVALID')
  if (bucketMapGet(state.digests, secret.sha256) !== undefined) return refused(state, 'ENTRY_EXISTS')
  const end = timestampFromMs(at + graceMs)
  const replaced = entry.key.secrets
    .map((old) => ({ ...old, until: old.until === undefined || old.until > end ? end : old.until }))
    .filter((old) => old.until > at)
  // Those beyond are the oldest, and the nearest to their end.
  const secrets = [secret, ...replaced].slice(0, SECRETS_MAX)
  let { digests } = state
  for (const { sha256 } of entry.key.secrets) digests = bucketMapDelete(digests, sha256)
  for (const { sha256 } of secrets) digests = bucketMapSet(digests, sha256, scope)
  const next = touched({ ...entry, key: { ...entry.key, secrets } }, at)
  return changed({ ...state, digests, entries: bucketMapSet(state.entries, scope, next) }, scope)
}

function revoke(state: AccessState, { scope, at }: EventOf<'key-revoked'>): Step<AccessState, AccessEffect> {
  const entry = bucketMapGet(state.entries, scope)
  if (entry?.key === undefined) return refused(state, 'ENTRY_UNKNOWN')
  if (entry.key.revokedAt !== undefined) return refused(state, 'KEY_REVOKED')
  const next = touched({ ...entry, key: { ...entry.key, revokedAt: at } }, at)
  return changed({ ...state, entries: bucketMapSet(state.entries, scope, next) }, scope)
}

function setBudget(state: AccessState, event: EventOf<'budget-set'>): Step<AccessState, AccessEffect> {
  const { scope, window, limitNanos, isForeign } = event
  if (scope.length === 0 || scope.length > 256) return refused(state, 'EVENT_INVALID')
  const isKnown = isForeign || bucketMapGet(state.entries, scope) !== undefined
  if (!isKnown) return refused(state, 'ENTRY_UNKNOWN')
  const isNew = bucketMapGet(state.budgets, budgetIdOf(scope, window)) === undefined
  if (isNew && limitNanos === undefined) return refused(state, 'ENTRY_UNKNOWN')
  if (isNew && isForeign && state.budgets.size >= ENTRIES_MAX) return refused(state, 'REGISTRY_FULL')
  return changed({ ...state, budgets: withBudgets(state.budgets, scope, [{ window, limitNanos }]) }, scope)
}

/** Name of one limit: `tenant:acme@day`. */
export function budgetIdOf(scope: string, window: BudgetWindow): string {
  return `${scope}@${window}`
}

/** Scope and window of a limit's name; `undefined` for what is none. */
export function parseBudgetId(id: string): { readonly scope: string; readonly window: BudgetWindow } | undefined {
  const place = id.lastIndexOf('@')
  const window = BUDGET_WINDOWS.find((known) => known === id.slice(place + 1))
  return place < 1 || window === undefined ? undefined : { scope: id.slice(0, place), window }
}

/** Tenant that a team or key is of, and that an entry is; empty for an organisation. */
export function tenantOf({ kind, id, parent }: AccessEntry): string {
  if (kind === 'organisation') return ''
  if (kind === 'tenant') return id
  const above = parent === undefined ? undefined : entryNameOf(parent)
  if (above === undefined) return ''
  return above.kind === 'team' ? tenantOfTeam(above.id) : above.id
}

function isInTenant({ kind }: AccessEntry): boolean {
  return kind === 'team' || kind === 'key'
}

function hasParent(state: AccessState, { kind, parent, isParentConfigured }: AccessEntry): boolean {
  if (parent === undefined) return kind === 'organisation' || kind === 'tenant'
  // Teams of the configuration name no tenant, so nothing can be put into one.
  return (isParentConfigured && !parent.startsWith('team:')) || bucketMapGet(state.entries, parent) !== undefined
}

const PARENTS: Readonly<Record<AccessEntry['kind'], readonly string[]>> = {
  organisation: [],
  tenant: ['organisation'],
  team: ['tenant'],
  key: ['tenant', 'team'],
}

function isWellFormed(entry: AccessEntry): boolean {
  const { kind, id, parent, key } = entry
  if (!isEntryId(kind, id) || (kind === 'key') !== (key !== undefined)) return false
  const above = parent === undefined ? undefined : entryNameOf(parent)
  if (parent !== undefined && (above === undefined || !PARENTS[kind].includes(above.kind))) return false
  if (kind === 'team' && tenantOfTeam(id) !== above?.id) return false
  return key === undefined || key.secrets.every(({ sha256 }) => isDigest(sha256))
}

/** What is new has no past, and a key one secret; one from elsewhere may have those that it replaces as well, each with its end. */
function hasPastOf(type: 'entry-created' | 'entry-adopted', { key, revision }: AccessEntry): boolean {
  if (revision < 1 || (type === 'entry-created' && revision !== 1)) return false
  if (key === undefined) return true
  const [newest, ...others] = key.secrets
  if (newest === undefined || others.length >= SECRETS_MAX) return false
  if (type === 'entry-created') return others.length === 0
  const digests = new Set(key.secrets.map(({ sha256 }) => sha256))
  return digests.size === key.secrets.length && others.every(({ until }) => until !== undefined)
}

function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

function withChange(entry: AccessEntry, { change: asked, at }: EventOf<'entry-changed'>): AccessEntry {
  const { role, expiresAt, isDisabled, label, tiers, models, rates } = asked
  const { label: _label, tiers: _tiers, models: _models, rates: _rates, key, ...rest } = entry
  const next = {
    ...rest,
    ...(isDisabled !== undefined && { isDisabled }),
    ...member('label', label, entry.label),
    ...member('tiers', tiers, entry.tiers),
    ...member('models', models, entry.models),
    ...member('rates', rates, entry.rates),
  }
  if (key === undefined) return touched(next, at)
  const { expiresAt: before, ...others } = key
  const changedKey = { ...others, ...(role !== undefined && { role }), ...member('expiresAt', expiresAt, before) }
  return touched({ ...next, key: changedKey }, at)
}

function member<Name extends string, Value>(
  name: Name,
  asked: Value | null | undefined,
  before: Value | undefined,
): { readonly [Key in Name]?: Value } {
  const value = asked === undefined ? before : asked
  return (value === undefined || value === null ? {} : { [name]: value }) as { readonly [Key in Name]?: Value }
}

function touched(entry: AccessEntry, at: Timestamp): AccessEntry {
  return { ...entry, changedAt: at, revision: entry.revision + 1 }
}

function withBudgets(
  budgets: AccessState['budgets'],
  scope: string,
  changes: readonly BudgetChange[],
): AccessState['budgets'] {
  let next = budgets
  for (const { window, limitNanos } of changes) {
    const id = budgetIdOf(scope, window)
    next = limitNanos === undefined ? bucketMapDelete(next, id) : bucketMapSet(next, id, limitNanos)
  }
  return next
}

function withSize(sizes: AccessState['sizes'], tenant: string, by: number): AccessState['sizes'] {
  const size = (bucketMapGet(sizes, tenant) ?? 0) + by
  return size <= 0 ? bucketMapDelete(sizes, tenant) : bucketMapSet(sizes, tenant, size)
}

function changed(state: AccessState, scope: string): Step<AccessState, AccessEffect> {
  return { state, effects: [{ type: 'access-changed', scope }] }
}

function refused(state: AccessState, code: AccessRefusal): Step<AccessState, AccessEffect> {
  return { state, effects: [{ type: 'event-refused', code }] }
}

function violations(state: AccessState): readonly string[] {
  const broken: string[] = []
  const sizes = new Map<string, number>()
  const digests = new Map<string, string>()
  for (const [scope, entry] of bucketMapEntries(state.entries)) {
    if (scopeOf(entry) !== scope) broken.push(`${scope}: kept under another name`)
    if (!hasParent(state, entry)) broken.push(`${scope}: is in nothing`)
    const tenant = tenantOf(entry)
    if (isInTenant(entry)) sizes.set(tenant, (sizes.get(tenant) ?? 0) + 1)
    for (const { sha256 } of entry.key?.secrets ?? []) {
      if (digests.has(sha256)) broken.push(`${scope}: shares a secret`)
      digests.set(sha256, scope)
    }
    if ((entry.key?.secrets ?? []).slice(1).some(({ until }) => until === undefined))
      broken.push(`${scope}: a secret that was replaced has no end`)
  }
  if (!isSame(digests, state.digests)) broken.push('the secrets are not those of the keys')
  if (!isSame(sizes, state.sizes)) broken.push('the sizes are not those of the tenants')
  return broken
}

function isSame<Value>(counted: ReadonlyMap<string, Value>, kept: BucketMap<Value>): boolean {
  return counted.size === kept.size && [...counted].every(([name, value]) => bucketMapGet(kept, name) === value)
}
