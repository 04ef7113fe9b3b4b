import type { Clock } from '../../ports/clock.ts'
import type { RateReport, RateSlice, RateStore } from '../../ports/rate-store.ts'

type Slice = { has: number; usedTotal: number; untilMs: number }
/** In sixty-thousandths, of which a rate gives back as many in a millisecond as it allows in a minute. */
type Bucket = { units: number; atMs: number; readonly slices: Map<string, Slice> }

const UNITS = 60_000

/** Rates of several members of one process. */
export class MemoryRateStore {
  private readonly clock: Pick<Clock, 'monotonicMs'>
  private readonly buckets = new Map<string, Bucket>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.clock = clock
  }

  /** The same rates as another member sees them. */
  join(member: string, leaseMs: number): RateStore {
    return {
      leaseMs,
      exchange: async (reports) => reports.map((report) => this.take(report, { member, leaseMs })),
    }
  }

  private take(
    report: RateReport,
    { member, leaseMs }: { readonly member: string; readonly leaseMs: number },
  ): RateSlice {
    const { scope, kind, limit, usedTotal } = report
    const nowMs = Math.floor(this.clock.monotonicMs())
    const name = `${kind} ${scope}`
    const bucket = this.buckets.get(name) ?? { units: limit * UNITS, atMs: nowMs, slices: new Map<string, Slice>() }
    this.buckets.set(name, bucket)
    for (const [other, { untilMs }] of bucket.slices) if (untilMs <= nowMs) bucket.slices.delete(other)
    const before = bucket.slices.get(member)
    bucket.slices.delete(member)
    const others = [...bucket.slices.values()].reduce((sum, { has }) => sum + has, 0)
    const slice =
      kind === 'running' ? runningSlice(report, others) : this.rateSlice(report, { bucket, before, others, nowMs })
    bucket.atMs = nowMs
    if (!report.isLeaving) bucket.slices.set(member, { has: slice.has, usedTotal, untilMs: nowMs + leaseMs })
    return slice
  }

  private rateSlice(
    { limit, usedTotal, has, wants, isNew, isLeaving }: RateReport,
    { bucket, before, others, nowMs }: { bucket: Bucket; before: Slice | undefined; others: number; nowMs: number },
  ): RateSlice {
    // Of a slice that lapsed everything was counted as used.
    const used = usedTotal - (before?.usedTotal ?? (isNew ? 0 : usedTotal))
    const rest = (before?.has ?? 0) - used
    const kept = isLeaving ? 0 : Math.min(has, Math.max(0, rest))
    const given = rest - kept
    const refilled = bucket.units + given * UNITS + Math.max(0, nowMs - bucket.atMs) * limit
    const room = Math.max(0, limit - others - kept) * UNITS
    const units = Math.min(refilled, room)
    const granted = isLeaving ? 0 : Math.min(wants, Math.max(0, Math.floor(units / UNITS)))
    bucket.units = units - granted * UNITS
    return { has: kept + granted, left: Math.floor(bucket.units / UNITS) }
  }
}

function runningSlice({ limit, has, wants, isLeaving }: RateReport, others: number): RateSlice {
  const kept = isLeaving ? 0 : has
  const free = limit - others - kept
  const granted = isLeaving ? 0 : Math.min(wants, Math.max(0, free))
  return { has: kept + granted, left: free - granted }
}
