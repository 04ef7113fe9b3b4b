import { stressThreads } from './stress-threads.ts'
import { THREAD_PLANTS } from './threads-plants.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureFailure, TortureInit, TortureReport } from './torture.ts'

const STEPS_PER_ROUND = 60

/**
 * One round per seed: actors on two worker threads get numbered messages while they are moved and their workers are killed,
 * about seven times a round. Every message must be handled, once and in order, or become a dead letter.
 */
export const THREADS_TORTURE: Torture = {
  name: 'threads',
  runsDefault: 30,
  plants: Object.fromEntries(Object.entries(THREAD_PLANTS).map(([name, { what }]) => [name, what])),
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const failures: TortureFailure[] = []
  const counts = { messages: 0, kills: 0, moves: 0, dead_letters: 0 }
  let runs = 0
  for (; runs < init.runs && !isOverdue(init) && failures.length === 0; runs += 1) {
    const seed = init.firstSeed + runs
    const result = await stressThreads({ seed, rounds: STEPS_PER_ROUND, plant: init.plant })
    counts.messages += result.messages
    counts.kills += result.kills
    counts.moves += result.moves
    counts.dead_letters += result.deadLetters
    failures.push(...result.failures.map((what) => ({ seed, what })))
    init.log(`round ${runs + 1}: ${counts.messages} messages, ${counts.kills} kills, ${failures.length} failures`)
  }
  return { name: 'threads', runs, counts, failures }
}
