import type { JsonValue } from '../../base/canonical-json.ts'
import type { Timestamp } from '../../base/time.ts'
import { bucketMapEntries, bucketMapSet, emptyBucketMap } from '../budget/bucket-map.ts'
import { BUDGET_WINDOWS } from '../budget/budget-window.ts'
import {
  INVALID,
  listOf,
  objectOf,
  oneOf,
  optional,
  parsed,
  readCount,
  readNanos,
  readTime,
  toJson,
  unionOf,
  type Reader,
} from '../json/json-reader.ts'
import { EXECUTION_TIERS } from '../routing/task-outcome.ts'
import {
  ACCESS_KINDS,
  ACCESS_ROLES,
  type AccessBounds,
  type AccessEntry,
  type AccessRates,
  ENTRIES_MAX,
  isLabel,
  type KeyPart,
  type KeySecret,
  MODELS_MAX,
  RATE_MAX,
  SECRETS_MAX,
  scopeOf,
} from './access-entry.ts'
import {
  ACCESS_MACHINE,
  type AccessEvent,
  type AccessState,
  type BudgetChange,
  type EntryChange,
  parseBudgetId,
  tenantOf,
} from './access-machine.ts'

const readText: Reader<string> = parsed((text) => (text.length <= 512 ? text : undefined))
const readFlag: Reader<boolean> = oneOf(true, false)
const readWindow = oneOf(...BUDGET_WINDOWS)
const readRate: Reader<number> = (json) => {
  const count = readCount(json)
  return count === INVALID || count < 1 || count > RATE_MAX ? INVALID : count
}
const readNull: Reader<null> = (json) => (json === null ? null : INVALID)
const readLabel: Reader<string> = parsed((text) => (isLabel(text) ? text : undefined))

const readTiers: Reader<NonNullable<AccessBounds['tiers']>> = listOf(oneOf(...EXECUTION_TIERS), EXECUTION_TIERS.length)
const readModels: Reader<NonNullable<AccessBounds['models']>> = listOf(readText, MODELS_MAX)
const readRates: Reader<AccessRates> = compact(
  objectOf<{ readonly [Name in keyof Required<AccessRates>]: number | undefined }>({
    requestsPerMinute: optional(readRate),
    tokensPerMinute: optional(readRate),
    concurrentRequests: optional(readRate),
  }),
)

const readSecret: Reader<KeySecret> = compact(
  objectOf({
    sha256: parsed((text) => (/^[0-9a-f]{64}$/.test(text) ? text : undefined)),
    prefix: readText,
    createdAt: readTime,
    until: optional(readTime),
  }),
)

const readKey: Reader<KeyPart> = compact(
  objectOf({
    role: oneOf(...ACCESS_ROLES),
    expiresAt: optional(readTime),
    secrets: listOf(readSecret, SECRETS_MAX),
    revokedAt: optional(readTime),
  }),
)

const readEntry: Reader<AccessEntry> = compact(
  objectOf({
    kind: oneOf(...ACCESS_KINDS),
    id: readText,
    parent: optional(readText),
    isParentConfigured: readFlag,
    label: optional(readLabel),
    isDisabled: readFlag,
    createdAt: readTime,
    changedAt: readTime,
    revision: readCount,
    tiers: optional(readTiers),
    models: optional(readModels),
    rates: optional(readRates),
    key: optional(readKey),
  }),
)

const readBudgets: Reader<readonly BudgetChange[]> = listOf(
  objectOf({ window: readWindow, limitNanos: optional(readNanos) }),
  BUDGET_WINDOWS.length,
)

const orNull = <Value>(reader: Reader<Value>): Reader<Value | null | undefined> =>
  optional(unionOf<Value | null>(readNull, reader))

const readChange: Reader<EntryChange> = compact(
  objectOf({
    label: orNull(readLabel),
    isDisabled: optional(readFlag),
    role: optional(oneOf(...ACCESS_ROLES)),
    expiresAt: orNull<Timestamp>(readTime),
    tiers: orNull(readTiers),
    models: orNull(readModels),
    rates: orNull(readRates),
  }),
)

const EVENT_READERS: { readonly [Type in AccessEvent['type']]: Reader<AccessEvent> } = {
  'entry-created': objectOf({ type: oneOf('entry-created'), entry: readEntry, budgets: readBudgets }),
  'entry-adopted': objectOf({ type: oneOf('entry-adopted'), entry: readEntry, budgets: readBudgets }),
  'entry-changed': objectOf({
    type: oneOf('entry-changed'),
    scope: readText,
    change: readChange,
    budgets: readBudgets,
    revision: optional(readCount),
    at: readTime,
  }),
  'entry-removed': objectOf({ type: oneOf('entry-removed'), scope: readText, at: readTime }),
  'key-rotated': objectOf({
    type: oneOf('key-rotated'),
    scope: readText,
    secret: readSecret,
    graceMs: readCount,
    at: readTime,
  }),
  'key-revoked': objectOf({ type: oneOf('key-revoked'), scope: readText, at: readTime }),
  'budget-set': objectOf({
    type: oneOf('budget-set'),
    scope: readText,
    window: readWindow,
    limitNanos: optional(readNanos),
    isForeign: readFlag,
    at: readTime,
  }),
}

/** JSON of an event for the journal. */
export function formatAccessEvent(event: AccessEvent): JsonValue {
  return toJson(event)
}

/** Reads what `formatAccessEvent` wrote; `undefined` for anything else. */
export function parseAccessEvent(json: unknown): AccessEvent | undefined {
  const type: unknown = typeof json === 'object' && json !== null && 'type' in json ? json.type : undefined
  if (typeof type !== 'string' || !Object.hasOwn(EVENT_READERS, type)) return undefined
  const event = EVENT_READERS[type as AccessEvent['type']](json)
  return event === INVALID ? undefined : event
}

/** JSON of a state, the same for equal states. */
export function formatAccessState(state: AccessState): JsonValue {
  return {
    entries: bucketMapEntries(state.entries).map(([, entry]) => toJson(entry)),
    budgets: bucketMapEntries(state.budgets).map(([id, limitNanos]) => ({ id, limitNanos: limitNanos.toString() })),
  }
}

const readState = objectOf({
  entries: listOf(readEntry, ENTRIES_MAX),
  budgets: listOf(objectOf({ id: readText, limitNanos: readNanos }), 8 * ENTRIES_MAX),
})

/** Reads what `formatAccessState` wrote; `undefined` for anything else. */
export function parseAccessState(json: unknown): AccessState | undefined {
  const read = readState(json)
  if (read === INVALID) return undefined
  let { entries, digests, budgets, sizes } = ACCESS_MACHINE.initial()
  const counts = new Map<string, number>()
  for (const entry of read.entries) {
    entries = bucketMapSet(entries, scopeOf(entry), entry)
    for (const { sha256 } of entry.key?.secrets ?? []) digests = bucketMapSet(digests, sha256, scopeOf(entry))
    const tenant = tenantOf(entry)
    if (entry.kind === 'team' || entry.kind === 'key') counts.set(tenant, (counts.get(tenant) ?? 0) + 1)
  }
  sizes = emptyBucketMap()
  for (const [tenant, count] of counts) sizes = bucketMapSet(sizes, tenant, count)
  for (const { id, limitNanos } of read.budgets) {
    if (parseBudgetId(id) === undefined) return undefined
    budgets = bucketMapSet(budgets, id, limitNanos)
  }
  return { entries, digests, budgets, sizes }
}

/** Without the members that read as `undefined`. */
function compact<Value extends object>(reader: Reader<unknown>): Reader<Value> {
  return (json) => {
    const value = reader(json)
    if (value === INVALID || typeof value !== 'object' || value === null) return INVALID
    return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value
  }
}
