import { describe, expect, it } from 'vitest'
import { DatasetAudit, REVIEW_BUCKETS } from '../../../src/learning/dataset/dataset-audit.ts'
import type { LabelRow } from '../../../src/learning/dataset/label-row.ts'
import { labelRow } from './row-builder.ts'

const OVERKILL = { actual_route: 'premium', optimal_route: 'cheap', error_type: 'misroute', cost_usd: 0.01 } as const
const UNDER = { actual_route: 'cheap', optimal_route: 'cheap', error_type: 'underestimation', cost_usd: 0.02 } as const
const MISROUTE = { actual_route: 'cheap', optimal_route: 'premium', error_type: 'misroute', cost_usd: null } as const

function auditOf(rows: readonly LabelRow[], seed = 1): ReturnType<DatasetAudit['report']> {
  const audit = new DatasetAudit(seed)
  for (const [place, row] of rows.entries()) audit.add(row, place + 1)
  return audit.report()
}
const rowsOf = (...parts: readonly (readonly [number, Partial<LabelRow>])[]): readonly LabelRow[] =>
  parts.flatMap(([count, changes]) => Array.from({ length: count }, () => labelRow(changes)))
const bucketsOf = (report: ReturnType<DatasetAudit['report']>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { bucket } of report.review_sample) counts[bucket] = (counts[bucket] ?? 0) + 1
  return counts
}

describe('an audit', () => {
  it('sums up routes, errors, costs and what went to premium without need', () => {
    const report = auditOf(rowsOf([2, OVERKILL], [1, UNDER], [1, MISROUTE], [3, { cost_usd: 0.001 }]))
    expect(report).toMatchObject({
      total_rows: 7,
      route_distribution: { local: 3, cheap: 3, premium: 1 },
      error_types: { none: 3, underestimation: 1, overestimation: 0, misroute: 3 },
      avg_cost_by_route: { local: 0.001, cheap: 0.013333, premium: null },
      avg_cost_by_actual_route: { local: 0.001, cheap: 0.02, premium: 0.01 },
      downgrade_cases: 2,
      unknown_costs: 1,
      review_pools: { overkill: 2, underestimation: 1, misroute: 3, random: 7 },
    })
    expect(report.review_sample).toHaveLength(7)
  })

  it('draws ten of each error and twenty of all, no row twice, and the same for a seed', () => {
    const rows = rowsOf([100, OVERKILL], [100, UNDER], [100, MISROUTE], [700, {}])
    const report = auditOf(rows)
    expect(bucketsOf(report)).toEqual(REVIEW_BUCKETS)
    expect(new Set(report.review_sample.map(({ line }) => line)).size).toBe(50)
    expect(auditOf(rows)).toEqual(report)
    expect(auditOf(rows, 2).review_sample).not.toEqual(report.review_sample)
    for (const { bucket, row } of report.review_sample) {
      if (bucket === 'overkill') expect(row).toMatchObject(OVERKILL)
      if (bucket === 'underestimation') expect(row).toMatchObject(UNDER)
    }
  })

  it('fills every bucket where the same rows are in all of them', () => {
    const both = { ...OVERKILL, error_type: 'underestimation' } as const
    const report = auditOf(rowsOf([50, both]))
    expect(bucketsOf(report)).toEqual({ overkill: 10, underestimation: 10, random: 20 })
    expect(bucketsOf(auditOf(rowsOf([12, both])))).toEqual({ overkill: 10, underestimation: 2 })
  })

  it('draws evenly from the whole file', () => {
    const seen = new Map<number, number>()
    const rows = rowsOf([40, {}])
    for (let seed = 0; seed < 400; seed += 1)
      for (const { line } of auditOf(rows, seed).review_sample) seen.set(line, (seen.get(line) ?? 0) + 1)
    // 200 expected of 400 draws; five standard deviations.
    for (let line = 1; line <= 40; line += 1) expect(Math.abs((seen.get(line) ?? 0) - 200)).toBeLessThan(50)
  })
})
