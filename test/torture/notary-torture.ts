import { sha256Hex } from '../../src/base/sha256.ts'
import { exploreNotary } from './explore-notary.ts'
import type { NotaryModelInit } from './notary-model.ts'
import { NOTARY_PLANTS, type NotaryPlant } from './notary-plants.ts'
import { BooksSimulation } from './simulate-notary-books.ts'
import { NotarySimulation } from './simulate-notaries.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureFailure, TortureInit, TortureReport } from './torture.ts'

type World = Omit<NotaryModelInit, 'plant'>

const STATES_MAX = 4_000_000
const RUNS_OF_ROUND = 100
const BOOKS_RUNS_OF_ROUND = 4

const SMALL = { lastView: 1, slots: 1, hasLateStamps: false, hasRestart: false } as const
const TWO_CONTRACTS = { lastView: 1, slots: 2, hasLateStamps: false, hasRestart: false } as const

/** Where a planted defect shows, the smallest worlds first. */
export const PLANT_WORLDS: readonly World[] = [
  { ...SMALL, byzantine: 0 },
  { ...SMALL, byzantine: 1 },
  { ...TWO_CONTRACTS, byzantine: 0, hasLateStamps: true },
  { ...SMALL, byzantine: 1, hasRestart: true },
]

/**
 * The lying member leads the first view, the second, or none; members that lead no view are alike. Then three views, where the lying member
 * leads the last; then a replica that starts from an older copy of its directory.
 */
export const WORLDS: readonly World[] = [
  { ...TWO_CONTRACTS, byzantine: 0, hasLateStamps: true },
  { ...TWO_CONTRACTS, byzantine: 1 },
  { ...TWO_CONTRACTS, byzantine: 2 },
  { ...SMALL, byzantine: 2, lastView: 2 },
  { ...SMALL, byzantine: 0, hasRestart: true },
  { ...SMALL, byzantine: 1, hasRestart: true },
]

/**
 * First every state of small worlds of four notaries, one of them lying, over a network that loses, repeats and reorders: the real transition
 * functions, to the last state. Then rounds of seeded runs with honest, silent and lying members in virtual time, and of whole replicas with their books,
 * journals, crashes and restarts.
 */
export const NOTARY_TORTURE: Torture = {
  name: 'notary',
  runsDefault: 10,
  plants: Object.fromEntries(Object.entries(NOTARY_PLANTS).map(([name, { what }]) => [name, what])),
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const plant = NOTARY_PLANTS[init.plant]
  const explored = plant?.isNonceReused === true ? NOTHING_EXPLORED : exploreWorlds(init, plant)
  const failures: TortureFailure[] = explored.failures.map((what) => ({ seed: init.firstSeed, what }))
  const counts = { simulations: 0, deliveries: 0, view_max: 0, books_runs: 0, books_slots: 0, crashes: 0 }
  const traces: string[] = []
  let runs = 0
  // A defect of the model is found there, or not at all; one of the books only in a run with books.
  if (plant?.isNonceReused === true) failures.push(...(await runBooks(init.firstSeed, { counts, traces, plant })))
  for (; plant === undefined && runs < init.runs && !isOverdue(init) && failures.length === 0; runs += 1) {
    for (let number = 0; number < RUNS_OF_ROUND; number += 1) {
      const seed = init.firstSeed + runs * RUNS_OF_ROUND + number
      for (const fault of ['none', 'silent', 'lying'] as const) {
        const result = new NotarySimulation({ seed, f: 1, entries: 6, fault }).run()
        counts.simulations += 1
        counts.deliveries += result.deliveries
        counts.view_max = Math.max(counts.view_max, result.viewMax)
        traces.push(`${result.deliveries} ${result.slots} ${result.endedAt}`)
        failures.push(...result.failures.map((what) => ({ seed, what: `${fault}: ${what}` })))
      }
    }
    const first = init.firstSeed + runs * BOOKS_RUNS_OF_ROUND
    failures.push(...(await runBooks(first, { counts, traces, plant })))
    init.log(
      `round ${runs + 1}: ${counts.simulations} runs, ${counts.deliveries} deliveries, ${failures.length} failures`,
    )
  }
  const { states, edges, longestPath, isComplete, situations, visited } = explored
  return {
    name: 'notary',
    runs,
    counts: {
      states,
      edges_covered: edges,
      edges_total: edges,
      longest_path: longestPath,
      situations,
      complete: isComplete,
      ...counts,
      hash: sha256Hex([...visited, ...traces].join('\n')),
    },
    failures,
  }
}

type BooksRound = {
  readonly counts: { books_runs: number; books_slots: number; crashes: number }
  readonly traces: string[]
  readonly plant: NotaryPlant | undefined
}

async function runBooks(first: number, { counts, traces, plant }: BooksRound): Promise<readonly TortureFailure[]> {
  const failures: TortureFailure[] = []
  for (let seed = first; seed < first + BOOKS_RUNS_OF_ROUND; seed += 1) {
    const result = await new BooksSimulation({ seed, isNonceReused: plant?.isNonceReused ?? false }).run()
    counts.books_runs += 1
    counts.books_slots += result.slots
    counts.crashes += result.crashes
    traces.push(result.trace)
    failures.push(...result.failures.map((what) => ({ seed, what: `books: ${what}` })))
  }
  return failures
}

function exploreWorlds(init: TortureInit, plant: NotaryPlant | undefined): Explored {
  const total: Explored = {
    states: 0,
    edges: 0,
    longestPath: 0,
    situations: 0,
    isComplete: true,
    visited: [],
    failures: [],
  }
  for (const world of plant === undefined ? WORLDS : PLANT_WORLDS) {
    const found = exploreNotary({ ...world, plant, statesMax: STATES_MAX })
    init.log(
      `member ${world.byzantine} lies, ${world.lastView + 1} views, ${world.slots} slots${world.hasRestart ? ', an older copy' : ''}: ` +
        `${found.states} states, ${found.edges} edges, complete: ${found.isComplete}, ${found.failures.length} failures`,
    )
    total.states += found.states
    total.edges += found.edges
    total.situations += found.situations
    total.longestPath = Math.max(total.longestPath, found.longestPath)
    total.isComplete = total.isComplete && found.isComplete
    total.visited.push(found.layers.join(' '))
    total.failures.push(...found.failures)
    if (total.failures.length > 0) break
  }
  return total
}

type Explored = {
  states: number
  edges: number
  longestPath: number
  situations: number
  isComplete: boolean
  readonly visited: string[]
  readonly failures: string[]
}

const NOTHING_EXPLORED: Explored = {
  states: 0,
  edges: 0,
  longestPath: 0,
  situations: 0,
  isComplete: false,
  visited: [],
  failures: [],
}
