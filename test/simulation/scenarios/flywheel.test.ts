import { describe, expect, it } from 'vitest'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { FLYWHEEL } from '../../../src/simulation/scenarios/flywheel.ts'

describe('the flywheel', () => {
  it('learns, is judged and promoted, and its books agree with the bill', { timeout: 60_000 }, async () => {
    const options = { tasks: 220, everyOutcomes: 100, judgeTasks: 100, trainTasks: 60, badCandidate: false }
    const report = await runScenario(FLYWHEEL, { seed: 1, options: { ...options, trainEvery: 200 } })
    expect(report.violations).toEqual([])
    expect(report.checks).toMatchObject({
      'records-match-bill': 1,
      'one-record-per-task': 1,
      'all-tasks-recorded': 1,
      'judged-by-other-tasks': 1,
    })
    expect(report.checks['breach-ends-trial']).toBeGreaterThan(0)
    expect(report.metrics['candidates']).toMatchObject({ proposed: { trained: 1 } })
    expect(report.handled.learning).toBeGreaterThan(100)
    expect(report.metrics['phases']).toHaveLength(3)
    expect(report.metrics['leaked']).toBeNull()
    const units = new Set(report.series.map(({ unit }) => unit))
    expect([...units]).toEqual(
      expect.arrayContaining(['dollars a task', 'share of tasks', 'policy, in the order of their coming']),
    )
  })

  it('takes back what was learned from leaked measurements, which the gate lets in', { timeout: 60_000 }, async () => {
    const options = { tasks: 650, judgeTasks: 200, trainTasks: 60, everyOutcomes: 10_000, trainEvery: 10_000 }
    const report = await runScenario(FLYWHEEL, { seed: 3, options })
    expect(report.violations).toEqual([])
    const leaked = report.metrics['leaked'] as Readonly<Record<string, unknown>>
    expect(leaked).toMatchObject({ refused_for: [], full_after_ms: null })
    expect(['shadow', 'canary']).toContain(leaked['stage'])
    expect(leaked['taken_back_after_ms']).toBeGreaterThan(0)
    expect(leaked['taken_back_for']).toMatch(/^(?:drift|feedback|quality) against /)
    expect(report.metrics['candidates']).toMatchObject({ promoted: { leaked: 1 }, in_full: {} })
  })
})
