import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { NANOS_PER_UNIT } from '../../base/money.ts'
import { addFigures, type CountedUsage, type UsageFigures } from '../../telemetry/sums/usage-figures.ts'
import type { UsageDimension } from './usage-query.ts'

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
  /** Absent of a group of nothing. */
  figures: UsageFigures | undefined
}

/** Adds requests up, by what they are told apart by. Money is added in nano-dollars. */
export class UsageTable {
  private readonly by: readonly UsageDimension[]
  private readonly groups = new Map<string, Group>()

  constructor(by: readonly UsageDimension[]) {
    this.by = by
  }

  /** Throws `REQUEST_INVALID` where there would be too many groups. */
  add(usage: CountedUsage): void {
    const names = this.by.map((dimension) => nameIn(usage, dimension))
    // Lengths keep apart what a separator in a name would put together.
    const id = names.map((name) => (name === null ? '-' : `${name.length}:${name}`)).join('|')
    const group = this.groups.get(id) ?? this.open(id, names)
    group.figures = group.figures === undefined ? usage.figures : addFigures(group.figures, usage.figures)
  }

  /** Groups in the order of their names; without dimensions one, that of everything. */
  rows(): readonly { readonly [name: string]: JsonValue }[] {
    if (this.by.length === 0 && this.groups.size === 0) this.open('', [])
    return [...this.groups.values()].toSorted(byNames).map((group) => this.describe(group))
  }

  private open(id: string, names: readonly (string | null)[]): Group {
    // One more for those that are told apart no further.
    if (this.groups.size > USAGE_GROUPS_MAX)
      throw new CodedError('REQUEST_INVALID', {
        message: `There are more than ${USAGE_GROUPS_MAX} groups; ask for a shorter time, or for less in \`by\``,
        details: { param: 'by' },
      })
    const group = { names, figures: undefined }
    this.groups.set(id, group)
    return group
  }

  private describe({ names, figures }: Group): { readonly [name: string]: JsonValue } {
    return {
      ...Object.fromEntries(this.by.map((dimension, place) => [dimension, names[place] ?? null])),
      requests: figures?.requests ?? 0,
      succeeded: figures?.succeeded ?? 0,
      cache_hits: figures?.cacheHits ?? 0,
      tokens_in: figures?.tokensIn ?? 0,
      tokens_out: figures?.tokensOut ?? 0,
      cost_usd: formatNanos(figures?.costNanos ?? 0n),
      requests_without_cost: figures?.withoutCost ?? 0,
      saved_usd_estimated: figures === undefined || figures.withSavings === 0 ? null : formatNanos(figures.savedNanos),
      requests_with_estimate: figures?.withSavings ?? 0,
      first_at: figures?.firstAt ?? null,
      last_at: figures?.lastAt ?? null,
    }
  }
}

const LENGTH_OF = { month: 7, day: 10, hour: 13 } as const

/** Sums of a bucket are of one hour or day, so that their first instant tells it. */
function nameIn({ names, figures }: CountedUsage, dimension: UsageDimension): string | null {
  if (dimension === 'month' || dimension === 'day' || dimension === 'hour')
    return figures.firstAt.slice(0, LENGTH_OF[dimension])
  return names[dimension]
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
