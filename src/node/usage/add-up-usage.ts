import { HOUR_MS, DAY_MS } from '../../base/time.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { SumGrain } from '../../telemetry/sums/sum-keys.ts'
import {
  otherNamesOf,
  usageIdOf,
  usageOfRecord,
  type CountedUsage,
  type UsageNames,
} from '../../telemetry/sums/usage-figures.ts'
import type { UsageSums } from '../../telemetry/sums/record-sums.ts'
import type { TelemetryStore } from '../../telemetry/telemetry-store.ts'
import type { UsageFilter, UsageQuery } from './usage-query.ts'

export type UsageSources = {
  readonly store: Pick<TelemetryStore, 'list'>
  readonly sums: Pick<UsageSums, 'parts' | 'firstDay'>
}

type Span = { readonly from: string | undefined; readonly to: string | undefined }
/** Instants of one bucket. */
type Cut = { readonly from: string; readonly to: string }

/**
 * What was used within a span, from sums of whole days and hours. Of an hour that the span cuts, sums count that lie on one side of the cut, and records for
 * the others; of a day that is cut, or told by hours, the same where sums of its hours are not kept any more.
 */
export async function* addUpUsage(
  sources: UsageSources,
  { by, ...filter }: UsageQuery,
  options: AbortOptions = {},
): AsyncGenerator<CountedUsage, void, undefined> {
  const hoursFrom = await sources.sums.firstDay('hour')
  const reader = new SpanReader(sources, { filter, options, hoursFrom })
  const span = { from: instantOf(filter.from), to: instantOf(filter.to) }
  if (by.includes('hour')) yield* reader.byHours(span)
  else yield* reader.byDays(span)
}

type Reading = {
  readonly filter: UsageFilter
  readonly options: AbortOptions
  /** The oldest day of which there are sums of hours. */
  readonly hoursFrom: string | undefined
}

class SpanReader {
  readonly #sources: UsageSources
  readonly #reading: Reading

  constructor(sources: UsageSources, reading: Reading) {
    this.#sources = sources
    this.#reading = reading
  }

  async *byDays(span: Span): AsyncGenerator<CountedUsage, void, undefined> {
    yield* this.#run('day', span, (cut) => (this.#hasHours(cut.from) ? this.byHours(cut) : this.#cut('day', cut)))
  }

  async *byHours({ from, to }: Span): AsyncGenerator<CountedUsage, void, undefined> {
    const { hoursFrom } = this.#reading
    const start = hoursFrom === undefined ? undefined : `${hoursFrom}T00:00:00.000Z`
    if (start === undefined || (to !== undefined && to <= start)) {
      yield* this.#records({ from, to })
      return
    }
    if (from === undefined || from < start) yield* this.#records({ from, to: start })
    const later = from === undefined || from < start ? start : from
    yield* this.#run('hour', { from: later, to }, (cut) => this.#cut('hour', cut))
  }

  /** Whole buckets by their sums, and what is cut of the first and the last as `cut` has it. */
  async *#run(
    grain: SumGrain,
    { from, to }: Span,
    cut: (part: Cut) => AsyncIterable<CountedUsage>,
  ): AsyncGenerator<CountedUsage, void, undefined> {
    const first = from === undefined ? undefined : ceilingOf(grain, from)
    const last = to === undefined ? undefined : floorOf(grain, to)
    if (from !== undefined && to !== undefined && first !== undefined && last !== undefined && first > last) {
      yield* cut({ from, to })
      return
    }
    if (from !== undefined && first !== undefined && from < first) yield* cut({ from, to: first })
    yield* this.#parts(grain, { from: first, to: last })
    if (to !== undefined && last !== undefined && last < to) yield* cut({ from: last, to })
  }

  async *#cut(grain: SumGrain, { from, to }: Cut): AsyncGenerator<CountedUsage, void, undefined> {
    const bucket = { from: floorOf(grain, from), to: nextOf(grain, from) }
    const inside: CountedUsage[] = []
    const ids = new Set<string>()
    const cutIds = new Set<string>()
    for await (const part of this.#parts(grain, bucket)) {
      const { firstAt, lastAt } = part.figures
      const id = usageIdOf(part.names)
      ids.add(id)
      if (firstAt >= from && lastAt < to) inside.push(part)
      else if (lastAt >= from && firstAt < to) cutIds.add(id)
    }
    yield* inside.filter(({ names }) => !cutIds.has(usageIdOf(names)))
    if (cutIds.size === 0) return
    const idOf = (names: UsageNames): string => {
      const own = usageIdOf(names)
      return ids.has(own) ? own : usageIdOf(otherNamesOf(names))
    }
    for await (const usage of this.#records({ from, to })) if (cutIds.has(idOf(usage.names))) yield usage
  }

  async *#parts(grain: SumGrain, { from, to }: Span): AsyncGenerator<CountedUsage, void, undefined> {
    const { filter, options } = this.#reading
    const { tenant } = filter
    const span = { ...options, ...definedOf({ from, to }), ...(tenant !== undefined && { tenant }) }
    if (from !== undefined && to !== undefined && from >= to) return
    for await (const part of this.#sources.sums.parts(grain, span)) if (isWithin(part.names, filter)) yield part
  }

  async *#records(span: Span): AsyncGenerator<CountedUsage, void, undefined> {
    const { filter, options } = this.#reading
    yield* usageOfRecords(this.#sources.store, { ...filter, ...definedOf(span) }, options)
  }

  #hasHours(instant: string): boolean {
    const { hoursFrom } = this.#reading
    return hoursFrom !== undefined && instant >= hoursFrom
  }
}

/** The same from records alone. */
export async function* usageOfRecords(
  store: Pick<TelemetryStore, 'list'>,
  filter: UsageFilter,
  options?: AbortOptions,
): AsyncGenerator<CountedUsage, void, undefined> {
  const { from, to, tenant } = filter
  const listed = { ...definedOf({ from, to }), ...(tenant !== undefined && { tenant }) }
  for await (const event of store.list(listed, options)) {
    const usage = usageOfRecord(event)
    if (usage !== undefined && isWithin(usage.names, filter)) yield usage
  }
}

export function isWithin(names: UsageNames, filter: UsageFilter): boolean {
  const { organisation, tenant, team, key, model, kind } = filter
  const asked: readonly (readonly [string | undefined, string | null])[] = [
    [organisation, names.organisation],
    [tenant, names.tenant],
    [team, names.team],
    [key, names.key],
    [model, names.model],
    [kind, names.kind],
  ]
  return asked.every(([wanted, is]) => wanted === undefined || wanted === is)
}

function definedOf({ from, to }: Span): { readonly from?: string; readonly to?: string } {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

const LENGTH_MS = { day: DAY_MS, hour: HOUR_MS } as const

function instantOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : new Date(text).toISOString()
}

function floorOf(grain: SumGrain, instant: string): string {
  return grain === 'day' ? `${instant.slice(0, 10)}T00:00:00.000Z` : `${instant.slice(0, 13)}:00:00.000Z`
}

function ceilingOf(grain: SumGrain, instant: string): string {
  return floorOf(grain, instant) === instant ? instant : nextOf(grain, instant)
}

/** The last bucket of the year 9999 ends with it, since later years are not in the order of their texts. */
function nextOf(grain: SumGrain, instant: string): string {
  const next = new Date(Date.parse(floorOf(grain, instant)) + LENGTH_MS[grain]).toISOString()
  return next.startsWith('+') ? '9999-12-31T23:59:59.999Z' : next
}
