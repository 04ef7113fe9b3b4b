import { createRandomStream } from '../../src/base/random-stream.ts'
import { sha256Hex } from '../../src/base/sha256.ts'
import { exploreActors } from './actors-explore.ts'
import { ActorsVictim } from './actors-kill.ts'
import { ACTOR_PLANTS, ACTOR_PLANT_MEANINGS } from './actors-plants.ts'
import { buildFaultyDisk } from './kill-storage.ts'
import type { DiskFaultInit, KillOutcome } from './kill-storage.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureFailure, TortureInit, TortureReport } from './torture.ts'

const KILLS_PER_ROUND = 20
const CUTS_PER_ROUND = 6
const WORK_ROUNDS = 12

type Tally = {
  readonly failures: TortureFailure[]
  readonly traces: string[]
  readonly cutAt: Set<number>
  exploredFaults: number
  kills: number
  workerKills: number
  cuts: number
  callsMax: number
  acknowledgements: number
}

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
  const tally: Tally = {
    failures: [],
    traces: [],
    cutAt: new Set(),
    exploredFaults: 0,
    kills: 0,
    workerKills: 0,
    cuts: 0,
    callsMax: 0,
    acknowledgements: 0,
  }
  const disk = await buildFaultyDisk()
  if ('reason' in disk) init.log(`skipped: actors over the faulty disk (${disk.reason})`)
  let runs = 0
  for (; runs < init.runs && !isOverdue(init); runs += 1) {
    const seed = init.firstSeed + runs
    await explore(init, tally, seed)
    await killInChain(init, tally, seed)
    if ('shim' in disk) await cutPower(init, tally, { seed, shim: disk.shim })
    init.log(`round ${runs + 1}: ${tally.kills} kills, ${tally.cuts} power cuts, ${tally.failures.length} failures`)
  }
  return {
    name: 'actors',
    runs,
    counts: {
      explored_faults: tally.exploredFaults,
      kills: tally.kills,
      worker_kills: tally.workerKills,
      power_cuts: tally.cuts,
      disk_calls_covered: tally.cutAt.size,
      disk_calls_max: tally.callsMax,
      acknowledgements: tally.acknowledgements,
      faulty_disk: 'shim' in disk,
      hash: sha256Hex(tally.traces.join('\n')),
    },
    failures: tally.failures,
  }
}

async function explore(init: TortureInit, tally: Tally, seed: number): Promise<void> {
  const plant = ACTOR_PLANTS[init.plant]
  const result = await exploreActors({ seed, ...(plant !== undefined && { plant }) })
  tally.exploredFaults += result.runs
  tally.traces.push(...result.trace)
  for (const what of result.failures) tally.failures.push({ seed, what })
}

async function killInChain(init: TortureInit, tally: Tally, seed: number): Promise<void> {
  const victim = await ActorsVictim.create({ seed, plant: init.plant })
  try {
    for (let kill = 0; kill < KILLS_PER_ROUND && !isOverdue(init); kill += 1) {
      // Every fourth process has worker threads.
      const outcome = await victim.kill(kill % 4 === 3)
      note(tally, seed, outcome)
      tally.kills += 1
      tally.workerKills += outcome.workerKills
      if (tally.failures.length > 0) return
    }
    note(tally, seed, await victim.settle())
  } finally {
    await victim.remove()
  }
}

async function cutPower(
  init: TortureInit,
  tally: Tally,
  { seed, shim }: { readonly seed: number; readonly shim: string },
): Promise<void> {
  const draws = createRandomStream(seed)
  const whole = { shim, at: undefined, kind: 'crash', cut: 'lose', rounds: WORK_ROUNDS } as const
  const victim = await ActorsVictim.create({ seed: seed * 100, plant: init.plant })
  try {
    for (let cut = 0; cut < CUTS_PER_ROUND && !isOverdue(init); cut += 1) {
      const at = draws.nextBelow(Math.max(tally.callsMax, 1))
      const kind = (['crash', 'fail', 'tear'] as const)[draws.nextBelow(3)] ?? 'crash'
      const fault: DiskFaultInit = { ...whole, at, kind, cut: draws.nextBelow(2) === 0 ? 'lose' : 'half' }
      note(tally, seed, await victim.cutPower(cut === 0 ? whole : fault))
      if (cut > 0) tally.cutAt.add(at)
      tally.cuts += 1
      if (tally.failures.length > 0) return
    }
    note(tally, seed, await victim.settle())
  } finally {
    await victim.remove()
  }
}

function note(tally: Tally, seed: number, outcome: KillOutcome): void {
  tally.acknowledgements += outcome.acknowledgements
  tally.callsMax = Math.max(tally.callsMax, outcome.calls)
  for (const what of outcome.failures) tally.failures.push({ seed, what })
}
