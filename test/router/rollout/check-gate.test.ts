import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { GATE_DEFAULTS } from '../../../src/core/learning/gate/gate-thresholds.ts'
import type { AttachedGateReport } from '../../../src/ports/policy-registry.ts'
import { requireGate, type GateQuestion } from '../../../src/router/rollout/check-gate.ts'

const candidate = { version: 'policy-1-aaaaaaaaaaaa', sha256: 'a'.repeat(64) }
const incumbent = { version: 'priors-1', sha256: null }
const report = (day: number, change: Partial<AttachedGateReport> = {}): AttachedGateReport => ({
  candidate: candidate.version,
  candidateSha256: candidate.sha256,
  incumbent: incumbent.version,
  incumbentSha256: null,
  hasPassed: true,
  at: `2026-01-0${day}T00:00:00.000Z`,
  reasons: [],
  sha256: `report ${day}`,
  dataSha256: `data ${day}`,
  thresholds: GATE_DEFAULTS,
  changedThresholds: [],
  text: '',
  ...change,
})
const breach = { at: timestampFromMs(Date.parse('2026-01-02T12:00:00.000Z')) }

/** The report that opens, or why none does. */
function ask(question: Partial<GateQuestion> & Pick<GateQuestion, 'reports'>): string {
  try {
    return requireGate({ candidate, incumbent, floors: {}, breach: undefined, ...question }).sha256
  } catch (error: unknown) {
    return error instanceof Error ? error.message : 'no error'
  }
}

describe('what opens the gate', () => {
  it('is the newest report that passed', () => {
    expect(ask({ reports: [report(2), report(1)] })).toBe('report 2')
    expect(ask({ reports: [] })).toContain('No gate report of this node compares')
    expect(ask({ reports: [report(2, { hasPassed: false, reasons: ['cost: dear'] }), report(1)] })).toContain(
      'cost: dear',
    )
  })

  it('is no report from before the candidate did harm, and none of the same data once more', () => {
    expect(ask({ reports: [report(2), report(1)], breach })).toMatch(
      /was taken back at 2026-01-02T12:00:00.000Z .* of before; evaluate it again, on newer data/,
    )
    expect(ask({ reports: [report(3, { dataSha256: 'data 1' }), report(1)], breach })).toContain(
      'of the data that let it pass before; evaluate it on newer data',
    )
    expect(ask({ reports: [report(3), report(1)], breach })).toBe('report 3')
    expect(ask({ reports: [report(4, { dataSha256: 'data 3' }), report(3), report(1)], breach })).toBe('report 4')
  })

  it('is no report that was judged by looser bounds than the configuration allows', () => {
    const loose = report(1, { thresholds: { ...GATE_DEFAULTS, qualityMargin: -1, costTolerance: null } })
    expect(ask({ reports: [loose] })).toBe('report 1')
    expect(ask({ reports: [loose], floors: { qualityMargin: 0, costTolerance: 0.1 } })).toContain(
      'looser bounds than `policy.gate` allows: qualityMargin -1, allowed 0; costTolerance any, allowed 0.1',
    )
    expect(ask({ reports: [report(1)], floors: { qualityMargin: 0, costTolerance: 0.1 } })).toBe('report 1')
  })
})
