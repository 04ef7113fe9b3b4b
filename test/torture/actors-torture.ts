import { createRandomStream } from '../../src/base/random-stream.ts'
import { exploreActors } from './actors-explore.ts'
import { ActorsVictim } from './actors-kill.ts'
import { ACTOR_PLANTS, ACTOR_PLANT_MEANINGS } from './actors-plants.ts'
import { buildFaultyDisk, drawFault } from './faulty-disk.ts'
import { KillTally } from './kill-tally.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureInit, TortureReport } from './torture.ts'

const KILLS_PER_ROUND = 20
const CUTS_PER_ROUND = 6
const WORK_ROUNDS = 12

/**
 * One round: every fault at every disk operation under a few durable actors in memory; a chain of SIGKILLs at seeded moments
 * over one data directory of 120 actors that send each other money, with worker threads that are ended meanwhile; power cuts and refused or torn writes under the same.
 * After each, nothing that was acknowledged may be gone and no sum wrong; and when all is done, nothing may have happened
 * twice.
 */
export const ACTORS_TORTURE: Torture = {
  name: 'actors',
  runsDefault: 10,
  plants: ACTOR_PLANT_MEANINGS,
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const tally = new KillTally()
  let workerKills = 0
  const disk = await buildFaultyDisk()
  if ('reason' in disk) init.log(`skipped: actors over the faulty disk (${disk.reason})`)
  let runs = 0
  for (; runs < init.runs && !isOverdue(init); runs += 1) {
    const seed = init.firstSeed + runs
    const plant = ACTOR_PLANTS[init.plant]
    tally.noteExploration(seed, await exploreActors({ seed, ...(plant !== undefined && { plant }) }))
    workerKills += await killInChain(init, tally, seed)
    if ('shim' in disk) await cutPower(init, tally, { seed, shim: disk.shim })
    init.log(`round ${runs + 1}: ${tally.describe()}`)
  }
  return {
    name: 'actors',
    runs,
    counts: {
      explored_faults: tally.exploredFaults,
      kills: tally.kills,
      worker_kills: workerKills,
      power_cuts: tally.cuts,
      disk_calls_covered: tally.cutAt.size,
      disk_calls_max: tally.callsMax,
      acknowledgements: tally.acknowledgements,
      faulty_disk: 'shim' in disk,
      hash: tally.hash(),
    },
    failures: tally.failures,
  }
}

/** Returns how many worker threads were ended. */
async function killInChain(init: TortureInit, tally: KillTally, seed: number): Promise<number> {
  let workerKills = 0
  const victim = await ActorsVictim.create({ seed, plant: init.plant })
  try {
    for (let kill = 0; kill < KILLS_PER_ROUND && !isOverdue(init); kill += 1) {
      // Every fourth process has worker threads.
      const outcome = await victim.kill(kill % 4 === 3)
      tally.noteLife(seed, outcome)
      tally.kills += 1
      workerKills += outcome.workerKills
      if (tally.failures.length > 0) return workerKills
    }
    tally.noteLife(seed, await victim.settle())
    return workerKills
  } finally {
    await victim.remove()
  }
}

async function cutPower(
  init: TortureInit,
  tally: KillTally,
  { seed, shim }: { readonly seed: number; readonly shim: string },
): Promise<void> {
  const draws = createRandomStream(seed)
  const whole = { shim, at: undefined, kind: 'crash', cut: 'lose', rounds: WORK_ROUNDS } as const
  const victim = await ActorsVictim.create({ seed: seed * 100, plant: init.plant })
  try {
    for (let cut = 0; cut < CUTS_PER_ROUND && !isOverdue(init); cut += 1) {
      const fault = drawFault(draws, tally.callsMax)
      tally.noteLife(seed, await victim.cutPower(cut === 0 ? whole : { ...whole, ...fault }))
      if (cut > 0) tally.cutAt.add(fault.at)
      tally.cuts += 1
      if (tally.failures.length > 0) return
    }
    tally.noteLife(seed, await victim.settle())
  } finally {
    await victim.remove()
  }
}
