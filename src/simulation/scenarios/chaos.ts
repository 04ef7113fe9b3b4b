import { defineScenario, type Play, type PlayEnd } from '../scenario/scenario.ts'
import type { Stage } from '../scenario/stage.ts'
import { ChaosWorld } from './chaos/chaos-world.ts'
import { finishChaos } from './chaos/finish.ts'
import { CHAOS_OPTIONS, type ChaosOptions } from './chaos/options.ts'

/** Virtual time behind the faults in which everything that was begun comes to its end. */
const CONVERGE_MS = 240_000

/** Every fault at once, and everything that the product promises looked at. */
export const chaos = defineScenario<ChaosOptions>({
  name: 'chaos',
  summary: 'Machines, actors and money under every fault there is',
  schema: CHAOS_OPTIONS,
  open: async (stage, options) => await openChaos(stage, options),
})

async function openChaos(stage: Stage, options: ChaosOptions): Promise<Play> {
  const world = new ChaosWorld(stage, options)
  await world.open()
  const { faults, nodes } = world
  return {
    playMs: options.seconds * 1_000,
    convergeMs: CONVERGE_MS,
    plan: world.plan(),
    inject: (fault) => faults.inject(fault),
    relieve: (fault) => faults.relieve(fault),
    calm: () => world.calm(),
    watch: () => nodes.forEach((node) => node.look()),
    isSettled: () => world.isSettled(),
    finish: async (): Promise<PlayEnd> => await finishChaos(world),
  }
}
