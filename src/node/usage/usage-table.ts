import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { amountFromUsd, NANOS_PER_UNIT } from '../../base/money.ts'
import type { UsageDimension } from './usage-query.ts'
import type { UsageRow } from './usage-row.ts'

/** Groups of one answer at most. */
export const USAGE_GROUPS_MAX = 10_000

/** Names of the sums of a group, in the order of columns. */
export const USAGE_SUMS = [
  'requests',
  'succeeded',
  'cache_hits',
  'tokens_in',
  'tokens_out',
  'cost_usd',
  'requests_without_cost',
  'saved_usd_estimated',
  'requests_with_estimate',
  'first_at',
  'last_at',
] as const

type Group = {
  readonly names: readonly (string | null)[]
  requests: number
  succeeded: number
  cacheHits: number
  tokensIn: number
  tokensOut: number
  costNanos: bigint
  withoutCost: number
  savedNanos: bigint
  withSavings: number
  firstAt: string | null
  lastAt: string | null
}

/** Adds tasks up, by what they are told apart by. Money is added in nano-dollars. */
export class UsageTable {
  private readonly by: readonly UsageDimension[]
  private readonly groups = new Map<string, Group>()

  constructor(by: readonly UsageDimension[]) {
    this.by = by
  }

  /** Throws `REQUEST_INVALID` where there would be too many groups. */
  add(row: UsageRow): void {
    const names = this.by.map((dimension) => nameIn(row, dimension))
    // Lengths keep apart what a separator in a name would put together.
    const id = names.map((name) => (name === null ? '-' : `${name.length}:${name}`)).join('|')
    const group = this.groups.get(id) ?? this.open(id, names)
    group.requests += 1
    group.succeeded += Number(row.is_success)
    group.cacheHits += Number(row.is_cache_hit)
    group.tokensIn += row.tokens_in
    group.tokensOut += row.tokens_out
    const cost = row.cost_usd === null ? undefined : amountFromUsd(row.cost_usd)
    const premium = row.premium_cost_usd_estimated === null ? undefined : amountFromUsd(row.premium_cost_usd_estimated)
    if (cost === undefined) group.withoutCost += 1
    else group.costNanos += cost
    if (cost !== undefined && premium !== undefined) {
      group.savedNanos += premium - cost
      group.withSavings += 1
    }
    if (row.timestamp === null) return
    if (group.firstAt === null || row.timestamp < group.firstAt) group.firstAt = row.timestamp
    if (group.lastAt === null || row.timestamp > group.lastAt) group.lastAt = row.timestamp
  }

  /** Groups in the order of their names; without dimensions one, that of everything. */
  rows(): readonly { readonly [name: string]: JsonValue }[] {
    if (this.by.length === 0 && this.groups.size === 0) this.open('', [])
    return [...this.groups.values()].toSorted(byNames).map((group) => this.describe(group))
  }

  private open(id: string, names: readonly (string | null)[]): Group {
    if (this.groups.size >= USAGE_GROUPS_MAX)
      throw new CodedError('REQUEST_INVALID', {
        message: `There are more than ${USAGE_GROUPS_MAX} groups; ask for a shorter time, or for less in \`by\``,
        details: { param: 'by' },
      })
    const counts = {
      requests: 0,
      succeeded: 0,
      cacheHits: 0,
      tokensIn: 0,
      tokensOut: 0,
      withoutCost: 0,
      withSavings: 0,
    }
    const group = { names, ...counts, costNanos: 0n, savedNanos: 0n, firstAt: null, lastAt: null }
    this.groups.set(id, group)
    return group
  }

  private describe(group: Group): { readonly [name: string]: JsonValue } {
    return {
      ...Object.fromEntries(this.by.map((dimension, place) => [dimension, group.names[place] ?? null])),
      requests: group.requests,
      succeeded: group.succeeded,
      cache_hits: group.cacheHits,
      tokens_in: group.tokensIn,
      tokens_out: group.tokensOut,
      cost_usd: formatNanos(group.costNanos),
      requests_without_cost: group.withoutCost,
      saved_usd_estimated: group.withSavings === 0 ? null : formatNanos(group.savedNanos),
      requests_with_estimate: group.withSavings,
      first_at: group.firstAt,
      last_at: group.lastAt,
    }
  }
}

const LENGTH_OF = { month: 7, day: 10, hour: 13 } as const

function nameIn(row: UsageRow, dimension: UsageDimension): string | null {
  if (dimension === 'month' || dimension === 'day' || dimension === 'hour')
    return row.timestamp?.slice(0, LENGTH_OF[dimension]) ?? null
  return row[dimension]
}

function byNames(one: Group, other: Group): number {
  for (const [place, name] of one.names.entries()) {
    const [left, right] = [name ?? '', other.names[place] ?? '']
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** Dollars with at most nine decimals; below zero with a minus. */
function formatNanos(nanos: bigint): string {
  const [sign, size] = nanos < 0n ? ['-', -nanos] : ['', nanos]
  const fraction = (size % NANOS_PER_UNIT).toString().padStart(9, '0').replace(/0+$/, '')
  return `${sign}${size / NANOS_PER_UNIT}${fraction === '' ? '' : `.${fraction}`}`
}
