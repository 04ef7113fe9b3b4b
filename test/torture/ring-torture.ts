import { sha256Hex } from '../../src/base/sha256.ts'
import { exploreRing } from './explore-ring.ts'
import { RING_PLANTS } from './ring-model.ts'
import { stressRing } from './stress-ring.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureFailure, TortureInit, TortureReport } from './torture.ts'

const MODEL_MESSAGES = 5
const STATES_MAX = 5_000_000
const MESSAGES_PER_ROUND = 10_000_000
const PARKS_PER_ROUND = 100_000

/**
 * First every interleaving of a small model of the ring and its bells. Then one round per seed, with two real threads: ten
 * million messages as fast as they go, and messages with random pauses until the threads parked 100,000 times.
 */
export const RING_TORTURE: Torture = {
  name: 'ring',
  runsDefault: 10,
  plants: {
    ...Object.fromEntries(Object.entries(RING_PLANTS).map(([name, { what }]) => [name, what])),
    'dropped-bell': 'one bell of fifty is not heard, between real threads',
  },
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const defect = RING_PLANTS[init.plant]?.defect
  const explored = exploreRing({
    messages: MODEL_MESSAGES,
    statesMax: STATES_MAX,
    ...(defect !== undefined && { defect }),
  })
  init.log(`model: ${explored.states} states, ${explored.edges} steps, ${explored.failures.length} failures`)
  const failures: TortureFailure[] = explored.failures.map((what) => ({ seed: init.firstSeed, what }))
  const counts = { messages: 0, parks: 0, wakes: 0, saturated_per_second: 0 }
  let runs = 0
  // A defect of the model is found there, or not at all.
  for (; defect === undefined && runs < init.runs && !isOverdue(init) && failures.length === 0; runs += 1) {
    const seed = init.firstSeed + runs
    const saturated = await stressRing({ seed, work: { messages: MESSAGES_PER_ROUND }, plant: init.plant })
    const parked = await stressRing({ seed, work: { parks: PARKS_PER_ROUND }, plant: init.plant })
    counts.messages += saturated.messages + parked.messages
    counts.parks += saturated.parks + parked.parks
    counts.wakes += saturated.wakes + parked.wakes
    counts.saturated_per_second = Math.round((saturated.messages / saturated.durationMs) * 1_000)
    failures.push(...[...saturated.failures, ...parked.failures].map((what) => ({ seed, what })))
    init.log(`round ${runs + 1}: ${counts.messages} messages, ${counts.parks} parks, ${failures.length} failures`)
  }
  return {
    name: 'ring',
    runs,
    counts: {
      states: explored.states,
      edges_covered: explored.edges,
      complete: explored.isComplete,
      ...counts,
      hash: sha256Hex(explored.visited.join('\n')),
    },
    failures,
  }
}
