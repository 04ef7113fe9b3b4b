import type { JsonValue } from '../base/canonical-json.ts'
import type { AccessKind } from '../core/access/access-entry.ts'
import type { ControlRequest } from '../node/control/control-request.ts'
import { type Flags, type FlagTable, isFlagSet, listFlag, numberFlag, textFlag, usageError } from './flags.ts'

/** What may be said of a new entry of each kind, beside its bounds. */
export const IDENTITY_FLAGS: Readonly<Record<AccessKind, FlagTable>> = {
  organisation: {},
  tenant: { organisation: { value: 'ID', describe: 'the organisation that it is in' } },
  team: { tenant: { value: 'ID', describe: 'the tenant that it is in' } },
  key: {
    tenant: { value: 'ID', describe: 'the tenant that it is in' },
    team: { value: 'ID', describe: 'the team that it is in, TENANT/NAME' },
  },
}

const OF_KEY: FlagTable = {
  role: { value: 'ROLE', describe: 'what it is for: member (the default), admin, operator or viewer' },
  'expires-at': { value: 'DATE', describe: 'until when it is taken: 2030-01-31T00:00:00Z' },
  'expires-in-days': { value: 'N', describe: 'the same, from now' },
}

const BOUND_FLAGS: FlagTable = {
  label: { value: 'TEXT', describe: 'a name for people' },
  tier: { value: 'TIER', isList: true, describe: 'a tier that may be used; absent: all' },
  model: { value: 'ID', isList: true, describe: 'a model that may be used; absent: all' },
  'requests-per-minute': { value: 'N', describe: 'requests a minute at most' },
  'tokens-per-minute': { value: 'N', describe: 'tokens in and out a minute at most' },
  'concurrent-requests': { value: 'N', describe: 'requests at a time at most' },
  budget: {
    value: 'WINDOW=USD',
    isList: true,
    describe: 'most that may be spent in an hour, day, month or in total: day=12.50',
  },
}

/** Flags of `create`. */
export function creationFlags(kind: AccessKind): FlagTable {
  return { ...IDENTITY_FLAGS[kind], ...(kind === 'key' && OF_KEY), ...BOUND_FLAGS }
}

/** Flags of `update`. */
export function changeFlags(kind: AccessKind): FlagTable {
  return {
    ...(kind === 'key' && OF_KEY),
    ...BOUND_FLAGS,
    disable: { describe: 'take no key of it until it is enabled again' },
    enable: { describe: 'take its keys again' },
    clear: {
      value: 'NAME',
      isList: true,
      describe: 'take a bound away: label, tier, model, rates, expires-at, or a window of its budget',
    },
    revision: { value: 'N', describe: 'change it only if it is still this one' },
  }
}

const RATES = ['requests-per-minute', 'tokens-per-minute', 'concurrent-requests'] as const
const WINDOWS = ['hour', 'day', 'month', 'total'] as const
const CLEARED: Readonly<Record<string, string>> = {
  label: 'label',
  tier: 'tiers',
  model: 'models',
  rates: 'rate_limits',
  'expires-at': 'expires_at',
}
const DAY_S = 86_400

/** What the flags ask for, as the node reads it. Throws `COMMAND_INVALID`. */
export function membersOfFlags(flags: Flags): ControlRequest {
  const members: { [name: string]: JsonValue } = {}
  for (const name of ['organisation', 'tenant', 'team', 'label', 'role']) {
    const text = textFlag(flags, name)
    if (text !== undefined) members[name] = text
  }
  const at = textFlag(flags, 'expires-at')
  if (at !== undefined) members['expires_at'] = at
  const days = numberFlag(flags, 'expires-in-days', { min: 0.001, max: 36_500 })
  if (days !== undefined) members['expires_in_seconds'] = Math.ceil(days * DAY_S)
  if (listFlag(flags, 'tier').length > 0) members['tiers'] = [...listFlag(flags, 'tier')]
  if (listFlag(flags, 'model').length > 0) members['models'] = [...listFlag(flags, 'model')]
  const revision = numberFlag(flags, 'revision', { min: 1, max: Number.MAX_SAFE_INTEGER, isWhole: true })
  if (revision !== undefined) members['revision'] = revision
  return { ...members, ...switchOf(flags), ...ratesOf(flags), ...budgetsOf(flags), ...clearedBy(flags) }
}

function switchOf(flags: Flags): ControlRequest {
  const [isDisabled, isEnabled] = [isFlagSet(flags, 'disable'), isFlagSet(flags, 'enable')]
  if (isDisabled && isEnabled) throw usageError('Give one of --disable and --enable')
  return isDisabled || isEnabled ? { is_disabled: isDisabled } : {}
}

function ratesOf(flags: Flags): ControlRequest {
  const rates = RATES.flatMap((name) => {
    const rate = numberFlag(flags, name, { min: 1, max: 1_000_000_000, isWhole: true })
    return rate === undefined ? [] : [[name.replaceAll('-', '_'), rate] as const]
  })
  return rates.length === 0 ? {} : { rate_limits: Object.fromEntries(rates) }
}

function budgetsOf(flags: Flags): ControlRequest {
  const limits = listFlag(flags, 'budget').map((text) => {
    const [, window = '', usd = ''] = /^([a-z]+)=(\d{1,11}(?:\.\d{1,9})?)$/.exec(text) ?? []
    const known = WINDOWS.find((name) => name === window)
    if (known === undefined)
      throw usageError(`--budget must be WINDOW=USD, such as day=12.50, not ${JSON.stringify(text)}`)
    return [known, usd] as const
  })
  const cleared = listFlag(flags, 'clear').filter((name) => WINDOWS.some((window) => window === name))
  if (limits.length + cleared.length === 0) return {}
  return { budgets: Object.fromEntries([...limits, ...cleared.map((window) => [window, null] as const)]) }
}

function clearedBy(flags: Flags): ControlRequest {
  const members = listFlag(flags, 'clear').flatMap((name) => {
    if (WINDOWS.some((window) => window === name)) return []
    const member = CLEARED[name]
    if (member === undefined)
      throw usageError(`--clear takes ${[...Object.keys(CLEARED), ...WINDOWS].join(', ')}, not ${JSON.stringify(name)}`)
    return [[member, null] as const]
  })
  return Object.fromEntries(members)
}
