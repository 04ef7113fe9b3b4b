import { createRandomStream } from '../../src/base/random-stream.ts'
import { exploreEventLog } from './explore-event-log.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { NodeVictim } from './kill-node.ts'
import type { NodeEnd } from './kill-node.ts'
import { buildFaultyDisk, drawFault } from './faulty-disk.ts'
import { StorageVictim } from './kill-storage.ts'
import { KillTally } from './kill-tally.ts'
import { LOG_PLANTS } from './plants.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureInit, TortureReport } from './torture.ts'

const KILLS_PER_ROUND = 4
const CUTS_PER_ROUND = 6
const WORK_ROUNDS = 8

/** Lives of the served node, and what its callers heard. */
type NodeTally = { lives: number; answers: number; answersFlushed: number }

/** Plants that the served node is run with: whose syncs the disk leaves out. */
const UNSYNCED_FOLDERS: Readonly<Record<string, string>> = {
  'unsynced-append': '/budgets/',
  'unsynced-batch': '/store/',
}

/**
 * One round: every fault at every operation of the journal, a chain of SIGKILLs over one data directory, and power cuts
 * and refused calls under LevelDB and the journal together, on a new directory and on one that was used before; and the whole
 * served node, ended in the same ways while callers wait for its answers.
 */
export const STORAGE_TORTURE: Torture = {
  name: 'storage',
  runsDefault: 10,
  plants: {
    'unsynced-append': 'the journal does not sync what it appends',
    'unsynced-directory': 'the journal does not sync the names of its files',
    'ack-before-sync': 'the journal acknowledges before the sync',
    'unsynced-batch': 'batches of telemetry and cache are not synced',
    'split-batch': 'sums of usage are not in the batch of their records',
  },
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const tally = new KillTally()
  const nodes: NodeTally = { lives: 0, answers: 0, answersFlushed: 0 }
  const disk = await buildFaultyDisk()
  if ('reason' in disk) init.log(`skipped: LevelDB over the faulty disk (${disk.reason})`)
  let runs = 0
  for (; runs < init.runs && !isOverdue(init); runs += 1) {
    const seed = init.firstSeed + runs
    const plant = LOG_PLANTS[init.plant]
    tally.noteExploration(seed, await exploreEventLog({ seed, ...(plant !== undefined && { plant }) }))
    await killInChain(init, tally, seed)
    if ('shim' in disk) await cutPower(init, tally, { seed, shim: disk.shim })
    await endNode(init, { tally, nodes }, { seed, shim: 'shim' in disk ? disk.shim : undefined })
    init.log(`round ${runs + 1}: ${tally.describe()}`)
  }
  return {
    name: 'storage',
    runs,
    counts: {
      journal_faults: tally.exploredFaults,
      kills: tally.kills,
      power_cuts: tally.cuts,
      disk_calls_covered: tally.cutAt.size,
      disk_calls_max: tally.callsMax,
      acknowledgements: tally.acknowledgements,
      node_lives: nodes.lives,
      node_answers: nodes.answers,
      node_answers_flushed: nodes.answersFlushed,
      faulty_disk: 'shim' in disk,
      hash: tally.hash(),
    },
    failures: tally.failures,
  }
}

async function killInChain(init: TortureInit, tally: KillTally, seed: number): Promise<void> {
  const victim = await StorageVictim.create({ seed, plant: init.plant })
  for (let kill = 0; kill < KILLS_PER_ROUND && !isOverdue(init); kill += 1) {
    tally.noteLife(seed, await victim.kill())
    tally.kills += 1
  }
  await victim.remove()
}

async function cutPower(
  init: TortureInit,
  tally: KillTally,
  { seed, shim }: { seed: number; shim: string },
): Promise<void> {
  const draws = createRandomStream(seed)
  const whole = { shim, at: undefined, kind: 'crash', cut: 'lose', rounds: WORK_ROUNDS } as const
  for (let cut = 0; cut < CUTS_PER_ROUND && !isOverdue(init); cut += 1) {
    const victim = await StorageVictim.create({ seed: seed * 100 + cut, plant: init.plant })
    const isUsed = draws.nextBelow(2) === 0
    const first = isUsed || tally.callsMax === 0 ? await victim.cutPower(whole) : undefined
    if (first !== undefined) tally.noteLife(seed, first)
    const fault = drawFault(draws, tally.callsMax)
    tally.noteLife(seed, await victim.cutPower({ ...whole, ...fault }))
    tally.cutAt.add(fault.at)
    tally.cuts += first === undefined ? 1 : 2
    await victim.remove()
  }
}

/** The real command between callers and a provider, over one data directory: a long life, a short one, and a power cut. */
async function endNode(
  init: TortureInit,
  { tally, nodes }: { readonly tally: KillTally; readonly nodes: NodeTally },
  { seed, shim }: { seed: number; shim: string | undefined },
): Promise<void> {
  const upstream = await startUpstreamServer({
    isRecording: false,
    behaviour: { kind: 'answer', text: 'one two three four five', delayMs: 10, usage: { input: 30, output: 20 } },
  })
  const draws = createRandomStream(seed)
  const ignore = UNSYNCED_FOLDERS[init.plant]
  const ends: readonly NodeEnd[] = [
    { kind: 'kill', afterMs: 1_500 + draws.nextBelow(1_500) },
    { kind: 'kill', afterMs: draws.nextBelow(500) },
    ...(shim === undefined
      ? []
      : [
          {
            kind: 'power-cut',
            shim,
            at: 50 + draws.nextBelow(2_000),
            ...(ignore !== undefined && { ignore }),
          } as const,
        ]),
  ]
  const victim = await NodeVictim.create({ seed, upstreamUrl: upstream.baseUrl })
  try {
    for (const end of ends) {
      if (isOverdue(init)) return
      const outcome = await victim.live(end)
      nodes.lives += 1
      nodes.answers += outcome.answers
      nodes.answersFlushed += outcome.flushed
      tally.noteFailures(seed, outcome.failures)
    }
  } finally {
    await victim.remove()
    await upstream.close()
  }
}
