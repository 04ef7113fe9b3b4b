import { sha256Hex } from '../../src/base/sha256.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { exploreEventLog } from './explore-event-log.ts'
import { StorageVictim, buildFaultyDisk } from './kill-storage.ts'
import type { DiskFaultInit, KillOutcome } from './kill-storage.ts'
import { LOG_PLANTS } from './plants.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureFailure, TortureInit, TortureReport } from './torture.ts'

const KILLS_PER_ROUND = 4
const CUTS_PER_ROUND = 6
const WORK_ROUNDS = 8

type Tally = {
  readonly failures: TortureFailure[]
  readonly traces: string[]
  readonly cutAt: Set<number>
  journalRuns: number
  kills: number
  cuts: number
  callsMax: number
  acknowledgements: number
}

/**
 * One round: every fault at every operation of the journal, a chain of SIGKILLs over one data directory, and power cuts
 * and refused calls under LevelDB and the journal together, on a new directory and on one that was used before.
 */
export const STORAGE_TORTURE: Torture = {
  name: 'storage',
  runsDefault: 10,
  plants: {
    'unsynced-append': 'the journal does not sync what it appends',
    'unsynced-directory': 'the journal does not sync the names of its files',
    'ack-before-sync': 'the journal acknowledges before the sync',
    'unsynced-batch': 'batches of telemetry and cache are not synced',
  },
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const tally: Tally = {
    failures: [],
    traces: [],
    cutAt: new Set(),
    journalRuns: 0,
    kills: 0,
    cuts: 0,
    callsMax: 0,
    acknowledgements: 0,
  }
  const disk = await buildFaultyDisk()
  if ('reason' in disk) init.log(`skipped: LevelDB over the faulty disk (${disk.reason})`)
  let runs = 0
  for (; runs < init.runs && !isOverdue(init); runs += 1) {
    const seed = init.firstSeed + runs
    await exploreJournal(init, tally, seed)
    await killInChain(init, tally, seed)
    if ('shim' in disk) await cutPower(init, tally, { seed, shim: disk.shim })
    init.log(`round ${runs + 1}: ${tally.kills} kills, ${tally.cuts} power cuts, ${tally.failures.length} failures`)
  }
  return {
    name: 'storage',
    runs,
    counts: {
      journal_faults: tally.journalRuns,
      kills: tally.kills,
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

async function exploreJournal(init: TortureInit, tally: Tally, seed: number): Promise<void> {
  const plant = LOG_PLANTS[init.plant]
  const result = await exploreEventLog({ seed, ...(plant !== undefined && { plant }) })
  tally.journalRuns += result.runs
  tally.traces.push(...result.trace)
  for (const what of result.failures) tally.failures.push({ seed, what })
}

async function killInChain(init: TortureInit, tally: Tally, seed: number): Promise<void> {
  const victim = await StorageVictim.create({ seed, plant: init.plant })
  for (let kill = 0; kill < KILLS_PER_ROUND && !isOverdue(init); kill += 1) {
    note(tally, seed, await victim.kill())
    tally.kills += 1
  }
  await victim.remove()
}

async function cutPower(
  init: TortureInit,
  tally: Tally,
  { seed, shim }: { seed: number; shim: string },
): Promise<void> {
  const draws = createRandomStream(seed)
  const whole = { shim, at: undefined, kind: 'crash', cut: 'lose', rounds: WORK_ROUNDS } as const
  for (let cut = 0; cut < CUTS_PER_ROUND && !isOverdue(init); cut += 1) {
    const victim = await StorageVictim.create({ seed: seed * 100 + cut, plant: init.plant })
    const isUsed = draws.nextBelow(2) === 0
    const first = isUsed || tally.callsMax === 0 ? await victim.cutPower(whole) : undefined
    if (first !== undefined) note(tally, seed, first)
    const at = draws.nextBelow(Math.max(tally.callsMax, 1))
    const kind = (['crash', 'fail', 'tear'] as const)[draws.nextBelow(3)] ?? 'crash'
    const fault: DiskFaultInit = { ...whole, at, kind, cut: draws.nextBelow(2) === 0 ? 'lose' : 'half' }
    note(tally, seed, await victim.cutPower(fault))
    tally.cutAt.add(at)
    tally.cuts += first === undefined ? 1 : 2
    await victim.remove()
  }
}

function note(tally: Tally, seed: number, outcome: KillOutcome): void {
  tally.acknowledgements += outcome.acknowledgements
  tally.callsMax = Math.max(tally.callsMax, outcome.calls)
  for (const what of outcome.failures) tally.failures.push({ seed, what })
}
