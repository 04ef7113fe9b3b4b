import { expect, it } from 'vitest'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { FLYWHEEL } from '../../../src/simulation/scenarios/flywheel.ts'

it('learns, is judged and promoted, and its books agree with the bill', async () => {
  const options = {
    tasks: 220,
    everyOutcomes: 100,
    judgeTasks: 100,
    trainTasks: 60,
    trainEvery: 10_000,
    badCandidate: false,
  }
  const report = await runScenario(FLYWHEEL, { seed: 1, options })
  expect(report.violations).toEqual([])
  expect(report.checks).toMatchObject({ 'records-match-bill': 1, 'one-record-per-task': 1, 'all-tasks-recorded': 1 })
  expect(report.metrics['versions_judged']).toBeGreaterThan(0)
  expect(report.handled.learning).toBeGreaterThan(100)
  expect(report.metrics['phases']).toHaveLength(4)
}, 60_000)
