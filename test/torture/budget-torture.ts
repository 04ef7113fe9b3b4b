import { sha256Hex } from '../../src/base/sha256.ts'
import { exploreBudgetMachine } from './explore-budget-machine.ts'
import { exploreBudgetOwner } from './explore-budget-owner.ts'
import { BUDGET_PLANTS } from './plants.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureFailure, TortureInit, TortureReport } from './torture.ts'

const CALLERS = 4
const STATES_MAX = 100_000

/**
 * First every state of a small world of the budget machine. Then one round per seed: a workload of parallel calls, once
 * for every fault at every disk operation and every kind of power cut.
 */
export const BUDGET_TORTURE: Torture = {
  name: 'budget',
  runsDefault: 20,
  plants: {
    'unsynced-append': 'the journal does not sync what it appends',
    'unsynced-directory': 'the journal does not sync the names of its files',
    'ack-before-sync': 'the journal acknowledges before the sync',
    'lost-settle': 'settlements are acknowledged and never written',
    'lost-release': 'a released reservation keeps its room',
    'double-reserve': 'every second reservation takes no room',
  },
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const plant = BUDGET_PLANTS[init.plant]
  const machine = plant?.machine
  const explored = exploreBudgetMachine({
    ids: CALLERS,
    statesMax: STATES_MAX,
    ...(machine !== undefined && { machine }),
  })
  init.log(`machine: ${explored.states} states, ${explored.edges} edges, ${explored.failures.length} failures`)
  const failures: TortureFailure[] = explored.failures.map((what) => ({ seed: init.firstSeed, what }))
  const traces: string[] = []
  let faults = 0
  let runs = 0
  for (; runs < init.runs && !isOverdue(init); runs += 1) {
    const seed = init.firstSeed + runs
    const result = await exploreBudgetOwner({ seed, ...(plant !== undefined && { plant }) })
    faults += result.runs
    traces.push(...result.trace)
    failures.push(...result.failures.map((what) => ({ seed, what })))
    init.log(`round ${runs + 1}: ${result.runs} faults, ${failures.length} failures`)
  }
  return {
    name: 'budget',
    runs,
    counts: {
      states: explored.states,
      edges_covered: explored.edges,
      edges_total: explored.edges,
      complete: explored.isComplete,
      owner_faults: faults,
      hash: sha256Hex([...explored.visited, ...traces].join('\n')),
    },
    failures,
  }
}
