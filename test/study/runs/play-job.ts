import type { RunReport } from '../../../src/simulation/run/report.ts'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import type { Scenario } from '../../../src/simulation/scenario/scenario.ts'
import type { RunJob } from './run-job.ts'

/** Scenarios that studies play, by their names. */
const SCENARIOS: readonly Scenario<never>[] = []

/** Plays one run. Violations of checks are a failure: figures of a world that is broken say nothing. */
export async function playJob({ scenario: name, seed, options }: RunJob): Promise<RunReport> {
  const scenario = SCENARIOS.find((known) => known.name === name)
  if (scenario === undefined) throw new RangeError(`There is no scenario ${name}`)
  const report = await runScenario(scenario, { seed, options })
  const [violation] = report.violations
  if (violation !== undefined) throw new Error(`${violation.checker}: ${violation.what}`)
  return report
}
