import type { Shrunk } from '../../simulation/run/shrink.ts'
import type { CommandContext } from '../command.ts'
import type { DescribedScenario } from './describe-scenario.ts'
import { replayOf, replayOfShrunk } from './replay.ts'
import type { PlayedAs } from './run-job.ts'
import { shrinkSeeds } from './shrink-seeds.ts'
import type { SimulatePlan } from './simulate-plan.ts'

/** A scenario that is ready to be played as the command line says. */
export type Simulation = {
  readonly plan: SimulatePlan
  readonly scenario: DescribedScenario
  readonly playedAs: PlayedAs
}

/** The command line that plays a seed again. */
export function replayIn({ plan }: Simulation): (seed: number) => string {
  return (seed) => replayOf(plan, seed)
}

export type ShrunkSeed = Shrunk & { readonly replay: string }

/** The first failing seeds made small, where the command line asks for it. */
export async function shrinkIn(
  { plan, scenario, playedAs }: Simulation,
  seeds: readonly number[],
  { terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>,
): Promise<readonly ShrunkSeed[]> {
  if (!plan.isShrunk) return []
  if (seeds.length === 0) {
    terminal.note('There is nothing to shrink: no checker found a violation')
    return []
  }
  const shrunk = await shrinkSeeds({ playedAs, seeds, timeoutMs: plan.timeoutMs ?? 600_000, terminal, signal })
  return shrunk.map((each) => ({ ...each, replay: replayOfShrunk(plan, each, scenario.defaults) }))
}
