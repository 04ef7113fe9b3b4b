import type { RunReport } from '../../../src/simulation/run/report.ts'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { findScenario } from '../../../src/simulation/scenarios/scenario-table.ts'
import type { RunJob } from './run-job.ts'

/** Plays one run. Violations of checks are a failure: figures of a world that is broken say nothing. */
export async function playJob({ scenario, seed, options }: RunJob): Promise<RunReport> {
  const report = await runScenario(findScenario(scenario), { seed, options })
  const [violation] = report.violations
  if (violation !== undefined) throw new Error(`${violation.checker}: ${violation.what}`)
  return report
}
