import { defineScenario, type Play, type PlayEnd } from '../scenario/scenario.ts'
import type { Stage } from '../scenario/stage.ts'
import { finishFleet } from './fleet/finish.ts'
import { FleetFaults } from './fleet/fleet-faults.ts'
import { drawFleetPlan } from './fleet/fleet-plan.ts'
import { FleetWorld } from './fleet/fleet-world.ts'
import { FLEET_OPTIONS, type FleetOptions } from './fleet/options.ts'

/** Virtual time behind the faults in which everything that was begun comes to its end. */
const CONVERGE_MS = 300_000

/** A set of four notaries and the machines that trade before it, under every fault of disks, clocks, links and processes, and with one among the four that lies. */
export const fleet = defineScenario<FleetOptions>({
  name: 'fleet',
  summary: 'Four notaries, one of whom may lie, and parties that come and go, under every fault',
  schema: FLEET_OPTIONS,
  open: async (stage, options) => await openFleet(stage, options),
})

async function openFleet(stage: Stage, options: FleetOptions): Promise<Play> {
  const world = await FleetWorld.open(stage, options)
  const faults = new FleetFaults(world)
  const { members, liar, town } = world
  const { playMs, plan } = drawFleetPlan(stage.random('faults'), {
    notaries: town.market.notaries.map(({ machine }) => machine.name),
    liar: liar?.machine.machine.name,
    joiners: members.joiners,
    leavers: members.leavers,
    faults: options.faults,
    untilMs: options.seconds * 1_000,
    targetsOf: (kind) => faults.targetsOf(kind),
  })
  return {
    playMs,
    convergeMs: CONVERGE_MS,
    plan,
    inject: (fault) => faults.inject(fault),
    relieve: (fault) => faults.relieve(fault),
    calm: () => {
      faults.calm()
      members.calm()
    },
    isSettled: () => world.unsettled() === undefined && !faults.losses.isPaying,
    finish: async (): Promise<PlayEnd> => await finishFleet(world, faults),
  }
}
