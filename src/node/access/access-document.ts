import type { JsonValue } from '../../base/canonical-json.ts'
import { type Amount, formatAmount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import { type AccessEntry, type AccessRates, entryNameOf, scopeOf } from '../../core/access/access-entry.ts'
import { type AccessState, budgetIdOf, tenantOf } from '../../core/access/access-machine.ts'
import type { EffectiveAccess } from '../../core/access/effective-access.ts'
import { bucketMapGet } from '../../core/budget/bucket-map.ts'
import type { BudgetAccount } from '../../core/budget/budget-account.ts'
import { BUDGET_WINDOWS, type BudgetWindow, windowIdsAt } from '../../core/budget/budget-window.ts'
import type { ConfiguredEntry } from './configured-access.ts'

export type Document = { readonly [name: string]: JsonValue }

/** What a document says besides the entry itself. */
export type DocumentContext = {
  readonly state: AccessState
  readonly now: Timestamp
  /** Whether the configuration sets the limit `SCOPE@WINDOW`. */
  readonly isBudgetConfigured: (id: string) => boolean
  readonly accountOf: (scope: string) => BudgetAccount | undefined
  readonly effective: (scope: string) => EffectiveAccess | undefined
}

/** An entry as it is told over HTTP and by commands. */
export function entryDocument(entry: AccessEntry, context: DocumentContext): Document {
  const above = entry.parent === undefined ? undefined : entryNameOf(entry.parent)
  const tenant = tenantOf(entry)
  return {
    object: entry.kind,
    id: entry.id,
    source: 'registry',
    ...(entry.kind === 'tenant' && { organisation: above?.id ?? null }),
    ...((entry.kind === 'team' || entry.kind === 'key') && { tenant }),
    ...(entry.kind === 'key' && { team: above?.kind === 'team' ? above.id : null }),
    label: entry.label ?? null,
    is_disabled: entry.isDisabled,
    ...(entry.kind === 'key' && keyMembers(entry, context)),
    tiers: entry.tiers === undefined ? null : [...entry.tiers],
    models: entry.models === undefined ? null : [...entry.models],
    rate_limits: ratesDocument(entry.rates),
    budgets: budgetsOf(scopeOf(entry), context),
    created_at: isoOf(entry.createdAt),
    changed_at: isoOf(entry.changedAt),
    revision: entry.revision,
  }
}

/** An entry of the configuration. */
export function configuredDocument({ kind, id, key }: ConfiguredEntry, context: DocumentContext): Document {
  return {
    object: kind,
    id,
    source: 'configuration',
    ...(kind === 'tenant' && { organisation: null }),
    ...(kind === 'team' && { tenant: null }),
    ...(key !== undefined && {
      tenant: key.tenant,
      team: key.team ?? null,
      organisation: key.organisation ?? null,
      role: key.role ?? 'member',
      state: 'active',
    }),
    label: null,
    is_disabled: false,
    tiers: key?.tiers === undefined ? null : [...key.tiers],
    models: null,
    rate_limits: null,
    budgets: budgetsOf(`${kind}:${id}`, context),
  }
}

/** One limit, with what was spent of it in the window that is now. `limit_usd` is `null` where only the configuration knows it and nothing was reserved yet. */
export function budgetDocument(
  { scope, window }: { readonly scope: string; readonly window: BudgetWindow },
  context: DocumentContext,
): Document {
  const kept = bucketMapGet(context.state.budgets, budgetIdOf(scope, window))
  const account = context.accountOf(scope)
  const limitNanos = account?.limits[window] ?? kept
  const { spentNanos, heldNanos } = usedOf(account, window, context.now)
  return {
    object: 'budget',
    id: budgetIdOf(scope, window),
    scope,
    window,
    source: context.isBudgetConfigured(budgetIdOf(scope, window)) ? 'configuration' : 'registry',
    limit_usd: usd(limitNanos),
    spent_usd: formatAmount(spentNanos),
    held_usd: formatAmount(heldNanos),
    available_usd: usd(limitNanos === undefined ? undefined : leftOf(limitNanos, spentNanos, heldNanos)),
  }
}

function usedOf(
  account: BudgetAccount | undefined,
  window: BudgetWindow,
  now: Timestamp,
): { readonly spentNanos: Amount; readonly heldNanos: Amount } {
  const counter = account?.counters[window]
  // Counters move on with the next reservation; until then what they hold is of a window that is over.
  if (counter === undefined || counter.windowId !== windowIdsAt(now)[window])
    return { spentNanos: ZERO_AMOUNT, heldNanos: ZERO_AMOUNT }
  return counter
}

function leftOf(limitNanos: Amount, spentNanos: Amount, heldNanos: Amount): Amount {
  const left = subtractAmounts(limitNanos, spentNanos)
  return (left === undefined ? undefined : subtractAmounts(left, heldNanos)) ?? ZERO_AMOUNT
}

function budgetsOf(scope: string, context: DocumentContext): JsonValue {
  const account = context.accountOf(scope)
  return BUDGET_WINDOWS.filter(
    (window) =>
      account?.limits[window] !== undefined ||
      bucketMapGet(context.state.budgets, budgetIdOf(scope, window)) !== undefined,
  ).map((window) => budgetDocument({ scope, window }, context))
}

function keyMembers(entry: AccessEntry, { now, effective }: DocumentContext): Document {
  const { key } = entry
  if (key === undefined) return {}
  const access = effective(scopeOf(entry))
  const secrets = key.secrets.filter(({ until }) => until === undefined || until > now)
  return {
    organisation: access?.organisation ?? null,
    role: key.role,
    state: stateOf(access, now),
    expires_at: key.expiresAt === undefined ? null : isoOf(key.expiresAt),
    revoked_at: key.revokedAt === undefined ? null : isoOf(key.revokedAt),
    prefix: secrets[0]?.prefix ?? null,
    secrets: secrets.map(({ prefix, createdAt, until }) => ({
      prefix,
      created_at: isoOf(createdAt),
      valid_until: until === undefined ? null : isoOf(until),
    })),
  }
}

function stateOf(access: EffectiveAccess | undefined, now: Timestamp): string {
  if (access === undefined) return 'unknown'
  if (access.barred !== undefined) return access.barred
  return access.expiresAt !== undefined && now >= access.expiresAt ? 'expired' : 'active'
}

function ratesDocument(rates: AccessRates | undefined): JsonValue {
  if (rates === undefined) return null
  return {
    requests_per_minute: rates.requestsPerMinute ?? null,
    tokens_per_minute: rates.tokensPerMinute ?? null,
    concurrent_requests: rates.concurrentRequests ?? null,
  }
}

function usd(amount: Amount | undefined): string | null {
  return amount === undefined ? null : formatAmount(amount)
}

function isoOf(at: Timestamp): string {
  return new Date(at).toISOString()
}
