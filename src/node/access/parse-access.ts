import type { JsonValue } from '../../base/canonical-json.ts'
import { type Amount, amountFromUsd } from '../../base/money.ts'
import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import {
  ACCESS_ROLES,
  type AccessBounds,
  type AccessRates,
  type AccessRole,
  isLabel,
  LABEL_MAX,
  MODELS_MAX,
  RATE_MAX,
} from '../../core/access/access-entry.ts'
import type { BudgetChange } from '../../core/access/access-machine.ts'
import { BUDGET_WINDOWS } from '../../core/budget/budget-window.ts'
import { EXECUTION_TIERS, type ExecutionTier } from '../../core/routing/task-outcome.ts'
import { choiceOf, type ControlRequest, invalidRequest, optionalText } from '../control/control-request.ts'

/** What may be said of an entry of any kind; `null` takes a value away. */
export type AskedBounds = {
  readonly label?: string | null
  readonly isDisabled?: boolean
  readonly role?: AccessRole
  readonly expiresAt?: Timestamp | null
  readonly budgets: readonly BudgetChange[]
} & { readonly [Bound in keyof AccessBounds]?: NonNullable<AccessBounds[Bound]> | null }

const YEARS_MAX_MS = 100 * 366 * 86_400_000

/** Reads the members that create and update have in common. Throws `REQUEST_INVALID`. */
export function parseBounds(request: ControlRequest, now: Timestamp): AskedBounds {
  const isDisabled = flagOf(request, 'is_disabled')
  const role = choiceOf(request, 'role', ACCESS_ROLES)
  const expiresAt = parseExpiry(request, now)
  return {
    ...given('label', request['label'], parseLabel),
    ...(isDisabled !== undefined && { isDisabled }),
    ...(role !== undefined && { role }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...given('tiers', request['tiers'], parseTiers),
    ...given('models', request['models'], parseModels),
    ...given('rates', request['rate_limits'], parseRates),
    budgets: parseBudgets(request['budgets']),
  }
}

/** Over HTTP the method and the path say these. */
const SAID_BY_THE_PLACE: ReadonlySet<string> = new Set(['op', 'kind', 'id'])

/** Throws `REQUEST_INVALID` for a member that is none of these: a misspelt limit must not become no limit. */
export function refuseUnknown(request: ControlRequest, known: readonly string[]): void {
  const unknown = Object.keys(request).find((name) => request[name] !== undefined && !known.includes(name))
  if (unknown === undefined) return
  const told = known.filter((name) => !SAID_BY_THE_PLACE.has(name))
  throw invalidRequest(
    unknown.slice(0, 64),
    `A member is unknown here; there ${told.length === 0 ? 'is none' : `are ${told.join(', ')}`}`,
  )
}

/** Throws `REQUEST_INVALID` for what is no amount of dollars. */
export function parseUsd(value: JsonValue | undefined, name: string): Amount {
  const amount =
    typeof value === 'number' || (typeof value === 'string' && /^\d/.test(value)) ? amountFromUsd(value) : undefined
  if (amount !== undefined) return amount
  throw invalidRequest(name, `${name} must be an amount of dollars, 0 or more, such as "12.50"`)
}

/** Throws `REQUEST_INVALID` for what is there and neither true nor false. */
export function flagOf(request: ControlRequest, name: string): boolean | undefined {
  const value = request[name] ?? undefined
  if (value === undefined || typeof value === 'boolean') return value
  throw invalidRequest(name, `${name} must be true or false`)
}

/** A whole number. Throws `REQUEST_INVALID`. */
export function wholeOf(
  request: ControlRequest,
  name: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined {
  const value = request[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw invalidRequest(name, `${name} must be a whole number from ${least} to ${most}`)
}

function given<Name extends string, Value>(
  name: Name,
  value: JsonValue | undefined,
  parse: (value: JsonValue) => Value,
): { readonly [Key in Name]?: Value | null } {
  if (value === undefined) return {}
  return { [name]: value === null ? null : parse(value) } as { readonly [Key in Name]?: Value | null }
}

function parseLabel(value: JsonValue): string {
  if (typeof value === 'string' && isLabel(value)) return value
  throw invalidRequest(
    'label',
    `label must be 1 to ${LABEL_MAX} visible characters, without control or formatting characters and without spaces at its ends`,
  )
}

function parseTiers(value: JsonValue): readonly ExecutionTier[] {
  const tiers = Array.isArray(value)
    ? value.flatMap((name: JsonValue) => EXECUTION_TIERS.find((tier) => tier === name) ?? [])
    : []
  if (Array.isArray(value) && tiers.length === value.length && tiers.length > 0) return [...new Set(tiers)]
  throw invalidRequest('tiers', `tiers must be a list of ${EXECUTION_TIERS.join(', ')}; null takes the limit away`)
}

function parseModels(value: JsonValue): readonly string[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= MODELS_MAX
  const models = isList
    ? value.filter((name: JsonValue) => typeof name === 'string' && /^[\x21-\x7e]{1,200}$/.test(name))
    : []
  if (isList && models.length === value.length) return [...new Set(models as string[])]
  throw invalidRequest('models', `models must be a list of 1 to ${MODELS_MAX} model ids; null takes the limit away`)
}

const RATES = {
  requests_per_minute: 'requestsPerMinute',
  tokens_per_minute: 'tokensPerMinute',
  concurrent_requests: 'concurrentRequests',
} as const satisfies Readonly<Record<string, keyof AccessRates>>

function parseRates(value: JsonValue): AccessRates {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidRequest('rate_limits', `rate_limits must be an object of ${Object.keys(RATES).join(', ')}`)
  const asked = value as ControlRequest
  refuseUnknown(asked, Object.keys(RATES))
  const rates: { -readonly [Name in keyof AccessRates]: number } = {}
  for (const [name, member] of Object.entries(RATES)) {
    const rate = wholeOf(asked, name, { least: 1, most: RATE_MAX })
    if (rate !== undefined) rates[member] = rate
  }
  return rates
}

function parseBudgets(value: JsonValue | undefined): readonly BudgetChange[] {
  if (value === undefined) return []
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidRequest(
      'budgets',
      `budgets must be an object of ${BUDGET_WINDOWS.join(', ')}, each in dollars or null`,
    )
  const asked = value as ControlRequest
  refuseUnknown(asked, BUDGET_WINDOWS)
  return BUDGET_WINDOWS.flatMap((window): readonly BudgetChange[] => {
    const limit = asked[window]
    if (limit === undefined) return []
    return [{ window, limitNanos: limit === null ? undefined : parseUsd(limit, `budgets.${window}`) }]
  })
}

function parseExpiry(request: ControlRequest, now: Timestamp): Timestamp | null | undefined {
  const seconds = wholeOf(request, 'expires_in_seconds', { least: 1, most: YEARS_MAX_MS / 1_000 })
  const isNull = request['expires_at'] === null
  if (seconds !== undefined) {
    if (request['expires_at'] !== undefined)
      throw invalidRequest('expires_at', 'Give one of expires_at and expires_in_seconds')
    return timestampFromMs(now + seconds * 1_000)
  }
  if (isNull) return null
  const text = optionalText(request, 'expires_at')
  if (text === undefined) return undefined
  const ms = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN
  if (!(ms > now) || ms > now + YEARS_MAX_MS)
    throw invalidRequest(
      'expires_at',
      'expires_at must be an ISO 8601 instant that is to come, such as 2030-01-31T00:00:00Z',
    )
  return timestampFromMs(ms)
}
