import { CodedError } from '../../base/errors.ts'
import type { TracedEvent } from '../record/run-recorder.ts'
import { type Comparison, compareScenarioRuns } from '../run/compare-runs.ts'
import type { RunReport } from '../run/report.ts'
import { type RunInit, runScenario } from '../run/run-scenario.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { seedResultOf, type SeedResult } from './seed-result.ts'

/** What a second run of a seed gave where it is not equal, and the first event in which runs differ, as a sentence. */
export type Unequal = { readonly hash: string; readonly difference: string }

/** Plays a seed twice; the second run must equal the first. Throws as `runScenario`. */
export async function playTwice<Options>(scenario: Scenario<Options>, init: RunInit): Promise<SeedResult> {
  const report = await runScenario(scenario, init)
  const unequal = await playAgain(scenario, init, report)
  return { ...seedResultOf(report), ...(unequal !== undefined && { unequal }) }
}

/** Plays once more what gave this report; where it comes out otherwise, a few times more to say where. Throws as `runScenario`. */
export async function playAgain<Options>(
  scenario: Scenario<Options>,
  init: RunInit,
  { hash }: Pick<RunReport, 'hash'>,
): Promise<Unequal | undefined> {
  const again = await runScenario(scenario, init)
  if (again.hash === hash) return undefined
  const { onEvent: _, eventsMax: __, ...compared } = init
  try {
    return { hash: again.hash, difference: sentenceOf(await compareScenarioRuns(scenario, compared)) }
  } catch (error: unknown) {
    if (CodedError.is(error) && error.code === 'SIMULATION_UNSTEADY')
      return { hash: again.hash, difference: error.message }
    throw error
  }
}

function sentenceOf(comparison: Comparison): string {
  if (comparison.kind === 'same') return `further runs were equal, ${comparison.events} events each`
  if (comparison.kind === 'end') return `all ${comparison.events} events are equal, what came of them is not`
  return `event ${comparison.index} is ${eventText(comparison.first)} or ${eventText(comparison.second)}`
}

function eventText(event: TracedEvent | undefined): string {
  if (event === undefined) return 'not there'
  return `${event.type} of ${event.address} at ${event.atMs} ms with ${event.digest}`
}
