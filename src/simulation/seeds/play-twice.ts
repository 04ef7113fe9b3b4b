import type { RunInit } from '../run/run-scenario.ts'
import { runScenario } from '../run/run-scenario.ts'
import type { RunReport } from '../run/report.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { seedResultOf, type SeedResult } from './seed-result.ts'

/** A second run of what was run: `undefined` where it is equal. */
export type Unequal = { readonly hash: string; readonly difference: string | null }

/** Plays a seed twice; the second run must equal the first. Throws as `runScenario`. */
export async function playTwice<Options>(scenario: Scenario<Options>, init: RunInit): Promise<SeedResult> {
  const report = await runScenario(scenario, init)
  const unequal = await playAgain(scenario, init, report)
  return { ...seedResultOf(report), ...(unequal !== undefined && { unequal }) }
}

/** Plays once more what gave this report. Throws as `runScenario`. */
export async function playAgain<Options>(
  scenario: Scenario<Options>,
  init: RunInit,
  { hash }: Pick<RunReport, 'hash'>,
): Promise<Unequal | undefined> {
  const again = await runScenario(scenario, init)
  return again.hash === hash ? undefined : { hash: again.hash, difference: null }
}
