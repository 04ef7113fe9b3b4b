import { createRandomStream } from '../../base/random-stream.ts'
import { isCheaper } from '../labels/label-route.ts'
import { roundHalfEven } from '../labels/round-half-even.ts'
import { LABEL_ROUTES, type DatasetRow, type LabelRoute } from './label-row.ts'
import { Reservoir } from './reservoir.ts'

/** What rows are drawn for a person to look at: some of each kind of error, and some of all. */
export const REVIEW_BUCKETS = { overkill: 10, underestimation: 10, misroute: 10, random: 20 } as const
export type ReviewBucket = keyof typeof REVIEW_BUCKETS

export type ReviewedRow = { readonly bucket: ReviewBucket; readonly line: number; readonly row: DatasetRow }

export type AuditReport = {
  readonly total_rows: number
  /** By optimal route. */
  readonly route_distribution: Readonly<Record<LabelRoute, number>>
  readonly error_types: Readonly<Record<string, number>>
  /** Mean cost in dollars of the rows with a known one, by optimal route, 6 decimals; `null` for none. */
  readonly avg_cost_by_route: Readonly<Record<LabelRoute, number | null>>
  readonly avg_cost_by_actual_route: Readonly<Record<LabelRoute, number | null>>
  /** Rows that went to premium and did not need to. */
  readonly downgrade_cases: number
  readonly unknown_costs: number
  /** How many rows each bucket was drawn from. */
  readonly review_pools: Readonly<Record<ReviewBucket, number>>
  /** Each row once, in the order of the buckets. */
  readonly review_sample: readonly ReviewedRow[]
}

type Sum = { total: number; rows: number }

/** Sums up a dataset row by row, and draws the rows to review; what it keeps is bounded. The same rows and seed give the same report. */
export class DatasetAudit {
  readonly #routes = { local: 0, cheap: 0, premium: 0 }
  readonly #errors = { none: 0, underestimation: 0, overestimation: 0, misroute: 0 }
  readonly #byOptimal = sums()
  readonly #byActual = sums()
  readonly #pools: Readonly<Record<ReviewBucket, Reservoir<Omit<ReviewedRow, 'bucket'>>>>
  #rows = 0
  #downgrades = 0
  #unknown = 0

  constructor(seed: number) {
    // A row may be in every pool: each draws enough for what the pools before it take away.
    let room = 0
    const pool = (bucket: ReviewBucket, place: number): Reservoir<Omit<ReviewedRow, 'bucket'>> => {
      room += REVIEW_BUCKETS[bucket]
      return new Reservoir(room, createRandomStream((seed + place * 0x9e3779b9) >>> 0))
    }
    this.#pools = {
      overkill: pool('overkill', 0),
      underestimation: pool('underestimation', 1),
      misroute: pool('misroute', 2),
      random: pool('random', 3),
    }
  }

  /** `line` from 1, of the file. */
  add(row: DatasetRow, line: number): void {
    this.#rows += 1
    this.#routes[row.optimal_route] += 1
    this.#errors[row.error_type] += 1
    if (row.cost_usd === null) this.#unknown += 1
    else {
      addTo(this.#byOptimal[row.optimal_route], row.cost_usd)
      addTo(this.#byActual[row.actual_route], row.cost_usd)
    }
    const item = { line, row }
    if (row.actual_route === 'premium' && isCheaper(row.optimal_route, 'premium')) {
      this.#downgrades += 1
      this.#pools.overkill.add(item)
    }
    if (row.error_type === 'underestimation') this.#pools.underestimation.add(item)
    if (row.error_type === 'misroute') this.#pools.misroute.add(item)
    this.#pools.random.add(item)
  }

  report(): AuditReport {
    const pools = this.#pools
    return {
      total_rows: this.#rows,
      route_distribution: { ...this.#routes },
      error_types: { ...this.#errors },
      avg_cost_by_route: means(this.#byOptimal),
      avg_cost_by_actual_route: means(this.#byActual),
      downgrade_cases: this.#downgrades,
      unknown_costs: this.#unknown,
      review_pools: {
        overkill: pools.overkill.seenCount,
        underestimation: pools.underestimation.seenCount,
        misroute: pools.misroute.seenCount,
        random: pools.random.seenCount,
      },
      review_sample: this.#draw(),
    }
  }

  #draw(): readonly ReviewedRow[] {
    const taken = new Set<number>()
    const drawn: ReviewedRow[] = []
    for (const bucket of ['overkill', 'underestimation', 'misroute', 'random'] as const) {
      const left = this.#pools[bucket].drawn().filter(({ line }) => !taken.has(line))
      for (const item of left.slice(0, REVIEW_BUCKETS[bucket])) {
        taken.add(item.line)
        drawn.push({ bucket, ...item })
      }
    }
    return drawn
  }
}

function sums(): Readonly<Record<LabelRoute, Sum>> {
  return { local: { total: 0, rows: 0 }, cheap: { total: 0, rows: 0 }, premium: { total: 0, rows: 0 } }
}

function addTo(sum: Sum, cost: number): void {
  sum.total += cost
  sum.rows += 1
}

function means(of: Readonly<Record<LabelRoute, Sum>>): AuditReport['avg_cost_by_route'] {
  const [local, cheap, premium] = LABEL_ROUTES.map((route) =>
    of[route].rows === 0 ? null : roundHalfEven(of[route].total / of[route].rows, 6),
  )
  return { local: local ?? null, cheap: cheap ?? null, premium: premium ?? null }
}
