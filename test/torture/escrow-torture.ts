import { sha256Hex } from '../../src/base/sha256.ts'
import { ESCROW_EDGES } from '../../src/core/escrow/escrow-edges.ts'
import { ESCROW_TIMER_NAMES } from '../../src/core/escrow/escrow-timers.ts'
import { type Exploration, exploreEscrow } from './escrow-explore.ts'
import { ESCROW_PLANTS } from './escrow-plants.ts'
import { type EscrowWorld, HONEST_WORLDS, LYING_WORLDS } from './escrow-worlds.ts'
import { isOverdue, type Torture, type TortureFailure, type TortureInit, type TortureReport } from './torture.ts'

type Round = { readonly world: EscrowWorld; readonly isReplayed: boolean }

const WORLDS: readonly EscrowWorld[] = [...LYING_WORLDS, ...HONEST_WORLDS]
/** Worlds that are walked a second time, each step from what was written down. */
const REPLAYED = ['C3-small', 'C1']

const ROUNDS: readonly Round[] = [
  ...WORLDS.map((world) => ({ world, isReplayed: false })),
  ...WORLDS.filter(({ name }) => REPLAYED.includes(name)).map((world) => ({ world, isReplayed: true })),
]

/**
 * Every state that one contract and its ledger can reach, in small worlds, to the end: no depth is cut off. A round is a world; the number of rounds takes that many of the
 * first, which are small. What a state is, and what is left out of it, is said by `textOf`; what is judged, by `judgeStep`, `judgeState` and `judgeFairness`.
 */
export const ESCROW_TORTURE: Torture = {
  name: 'escrow',
  runsDefault: ROUNDS.length,
  plants: Object.fromEntries(Object.entries(ESCROW_PLANTS).map(([name, { what }]) => [name, what])),
  async run(init) {
    const plant = ESCROW_PLANTS[init.plant]
    if (plant === undefined) return explore(init, ROUNDS.slice(0, init.runs))
    const remove = plant.plant()
    try {
      return explore(init, ROUNDS.filter(({ world }) => world.name === plant.world).slice(0, 1))
    } finally {
      remove()
    }
  },
}

function explore(init: TortureInit, rounds: readonly Round[]): TortureReport {
  const failures: TortureFailure[] = []
  const sum = new Sum()
  for (const [index, { world, isReplayed }] of rounds.entries()) {
    const before = process.cpuUsage()
    const found = exploreEscrow(world, {
      failuresMax: init.plant === '' ? 20 : 1,
      isReplayed,
      // A defect has to be found without the help of whatever has it.
      isAlone: init.plant !== '',
      isOverdue: () => isOverdue(init),
    })
    sum.add(found, { world, isReplayed })
    failures.push(...found.failures.map((what) => ({ seed: index + 1, what })))
    const { user, system } = process.cpuUsage(before)
    const seconds = ((user + system) / 1e6).toFixed(1)
    const memory = Math.round(process.memoryUsage().rss / 1e6)
    init.log(
      `${world.name}${isReplayed ? ' replayed' : ''}: ${lineOf(found, world)}, ${seconds} s of CPU, ${memory} MB`,
    )
  }
  if (rounds.length === ROUNDS.length) failures.push(...sum.uncovered().map((what) => ({ seed: 0, what })))
  return { name: 'escrow', runs: rounds.length, counts: sum.counts(), failures }
}

function lineOf(found: Exploration, { honest }: EscrowWorld): string {
  const { states, acts, steps, depth, isComplete } = found
  const bound =
    honest === undefined
      ? ''
      : `, ${honest} loses ${found.worstLoss} at most, ${found.leastRoom} below the bound at least`
  return `${states} states, ${acts} acts, ${steps} steps, depth ${depth}, ${isComplete ? 'complete' : 'stopped'}${bound}`
}

class Sum {
  readonly #edges = new Set<string>()
  readonly #timers = new Set<string>()
  readonly #hashes: string[] = []
  #states = 0
  #acts = 0
  #steps = 0
  #replayed = 0
  #depth = 0
  #isComplete = true
  #honest = 0
  #reached = 0

  add(found: Exploration, { world, isReplayed }: Round): void {
    this.#hashes.push(found.hash)
    this.#isComplete &&= found.isComplete
    if (isReplayed) {
      this.#replayed += found.replayed
      return
    }
    for (const edge of found.edges) this.#edges.add(edge)
    for (const timer of found.timers) this.#timers.add(timer)
    this.#states += found.states
    this.#acts += found.acts
    this.#steps += found.steps
    this.#depth = Math.max(this.#depth, found.depth)
    if (world.honest === undefined) return
    this.#honest += 1
    if (found.leastRoom === 0n) this.#reached += 1
  }

  /** Rows of the table and timers that no world has taken: none is unreachable. */
  uncovered(): readonly string[] {
    const edges = ESCROW_EDGES.filter(({ name }) => !this.#edges.has(name)).map(({ name }) => `no world takes ${name}`)
    const timers = ESCROW_TIMER_NAMES.filter((name) => !this.#timers.has(name)).map(
      (name) => `no world fires T_${name}`,
    )
    return [...edges, ...timers]
  }

  counts(): TortureReport['counts'] {
    return {
      states: this.#states,
      acts: this.#acts,
      steps: this.#steps,
      edges_covered: this.#edges.size,
      edges_total: ESCROW_EDGES.length,
      timers_covered: this.#timers.size,
      timers_total: ESCROW_TIMER_NAMES.length,
      longest_path: this.#depth,
      complete: this.#isComplete,
      steps_replayed: this.#replayed,
      honest_worlds: this.#honest,
      bounds_reached: this.#reached,
      hash: sha256Hex(this.#hashes.join('')),
    }
  }
}
