import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { BudgetWindow } from '../budget/budget-window.ts'
import type { ExecutionTier } from '../routing/task-outcome.ts'

/** What access is kept of, outermost first: an organisation has tenants, a tenant teams, and keys are of a tenant or of one of its teams. */
export const ACCESS_KINDS = ['organisation', 'tenant', 'team', 'key'] as const
export type AccessKind = (typeof ACCESS_KINDS)[number]

/** What a key may be used for; the same words as of configured keys. */
export const ACCESS_ROLES = ['admin', 'operator', 'member', 'viewer'] as const
export type AccessRole = (typeof ACCESS_ROLES)[number]

/** How much at a time; absent members do not bound. */
export type AccessRates = {
  readonly requestsPerMinute?: number
  /** Tokens in and out together. */
  readonly tokensPerMinute?: number
  readonly concurrentRequests?: number
}

/** What whoever is below may use. Absent: everything that the level above allows. */
export type AccessBounds = {
  readonly tiers?: readonly ExecutionTier[]
  /** Ids of the registry. */
  readonly models?: readonly string[]
  readonly rates?: AccessRates
}

/** What a key is recognised by. The key itself is nowhere. */
export type KeySecret = {
  /** Of the key's UTF-8 bytes, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  /** How the key begins, to tell keys apart. */
  readonly prefix: string
  readonly createdAt: Timestamp
  /** From then on it is not taken any more; absent: the newest one. */
  readonly until?: Timestamp
}

export type KeyPart = {
  readonly role: AccessRole
  readonly expiresAt?: Timestamp
  /** The newest first; those behind it are being replaced. */
  readonly secrets: readonly KeySecret[]
  readonly revokedAt?: Timestamp
}

export type AccessEntry = AccessBounds & {
  readonly kind: AccessKind
  /** Unique among its kind. Of a team `TENANT/NAME`. */
  readonly id: string
  /** Scope of what it is in; absent for organisations, and for tenants without one. */
  readonly parent?: string
  /** The parent is told of by the configuration, and not kept here. */
  readonly isParentConfigured: boolean
  /** For people. */
  readonly label?: string
  readonly isDisabled: boolean
  readonly createdAt: Timestamp
  readonly changedAt: Timestamp
  /** Counts its changes, from 1. */
  readonly revision: number
  /** Present for keys and nothing else. */
  readonly key?: KeyPart
}

/** A limit of what may be spent within a window. */
export type BudgetLimitOf = {
  readonly scope: string
  readonly window: BudgetWindow
  readonly limitNanos: Amount
}

/** Organisations, tenants, teams and keys at most, of those of one tenant, and windows of budgets besides theirs. */
export const ENTRIES_MAX = 100_000
export const ENTRIES_OF_TENANT_MAX = 20_000
/** Secrets of one key, the newest and those that it replaces. */
export const SECRETS_MAX = 4
export const LABEL_MAX = 128
export const MODELS_MAX = 256
/** Largest rate. */
export const RATE_MAX = 1_000_000_000

/** The name under which an entry's budget and limits are kept: `tenant:acme`. */
export function scopeOf({ kind, id }: Pick<AccessEntry, 'kind' | 'id'>): string {
  return `${kind}:${id}`
}

/** The scope of a key. */
export function keyScope(id: string): string {
  return `key:${id}`
}

/** Kind and id of a scope; `undefined` for what is none of an entry. */
export function entryNameOf(scope: string): Pick<AccessEntry, 'kind' | 'id'> | undefined {
  const colon = scope.indexOf(':')
  const kind = ACCESS_KINDS.find((known) => known === scope.slice(0, colon))
  const id = scope.slice(colon + 1)
  return kind === undefined || id === '' ? undefined : { kind, id }
}

const NAME = /^[A-Za-z0-9._:-]{1,128}$/
const TEAM = /^[A-Za-z0-9._:-]{1,128}\/[A-Za-z0-9._-]{1,64}$/
const KEY = /^[A-Za-z0-9._:-]{1,64}$/

/** Whether a text may be the id of an entry of that kind. */
export function isEntryId(kind: AccessKind, id: string): boolean {
  if (kind === 'team') return TEAM.test(id)
  return kind === 'key' ? KEY.test(id) : NAME.test(id)
}

/** Tenant of a team, by its id. */
export function tenantOfTeam(id: string): string {
  return id.slice(0, id.indexOf('/'))
}

/** Text that people may read without being misled: no control, format or private character, no half of a pair, nothing that turns the direction around. */
export function isLabel(text: string): boolean {
  return text.length > 0 && text.length <= LABEL_MAX && text.trim() === text && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text)
}
