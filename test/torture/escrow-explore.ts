import { createHash } from 'node:crypto'
import { type Act, labelOf } from './escrow-acts.ts'
import { isFair, judgeFairness } from './escrow-fairness.ts'
import { judgeState, machineViolations } from './escrow-judge.ts'
import { type EscrowNode, isAtRest, normalised } from './escrow-node.ts'
import { startOf } from './escrow-start.ts'
import { actsOf, bookEventOf, judgeReplay, judgeTick, take } from './escrow-step.ts'
import { textOf } from './escrow-text.ts'
import type { EscrowWorld } from './escrow-worlds.ts'

export type Exploration = {
  readonly states: number
  /** Acts that were tried, and those of them that led to another state. */
  readonly acts: number
  readonly steps: number
  /** Steps that were taken from what is written down as well. */
  readonly replayed: number
  readonly depth: number
  readonly edges: ReadonlySet<string>
  readonly timers: ReadonlySet<string>
  /** True when every act of every state was tried. */
  readonly isComplete: boolean
  readonly failures: readonly string[]
  readonly hash: string
  /** In honest worlds: the largest loss, and the least that was left of the bound. */
  readonly worstLoss: bigint
  readonly leastRoom: bigint
}

type Init = {
  readonly failuresMax?: number
  /** Whether every step is also taken from what is written down. Three times as slow. */
  readonly isReplayed?: boolean
  readonly isOverdue?: () => boolean
  /** Leaves out what the machines say of themselves. */
  readonly isAlone?: boolean
  /** Called for every state. */
  readonly visit?: (node: EscrowNode) => void
}

/**
 * Visits every state that a world can reach, breadth first, with no limit of depth, and judges every state and every step. States are known by the first 128 bits of the SHA-256
 * of their text: with n states two of them are taken for one with a probability below n^2 / 2^129.
 */
export function exploreEscrow(world: EscrowWorld, init: Init = {}): Exploration {
  return new Exploring(world, init).run()
}

class Exploring {
  readonly #world: EscrowWorld
  readonly #init: Init
  readonly #known = new Map<string, number>()
  readonly #nodes: (EscrowNode | undefined)[] = []
  readonly #parents: number[] = []
  readonly #labels: string[] = []
  readonly #depths: number[] = []
  /** Pairs of states: from, to, by nothing but time and the ledger. */
  readonly #passive: number[] = []
  readonly #resting: number[] = []
  readonly #failures: string[] = []
  readonly #edges = new Set<string>()
  readonly #timers = new Set<string>()
  readonly #hash = createHash('sha256')
  #acts = 0
  #steps = 0
  #replayed = 0
  #worstLoss = -1_000n
  #leastRoom = 1_000n

  constructor(world: EscrowWorld, init: Init) {
    this.#world = world
    this.#init = init
  }

  run(): Exploration {
    const failuresMax = this.#init.failuresMax ?? 20
    this.#enter(normalised(startOf(this.#world)), { parent: -1, label: '' })
    let head = 0
    for (; head < this.#nodes.length && this.#failures.length < failuresMax; head += 1) {
      if (head % 256 === 0 && this.#init.isOverdue?.() === true) break
      const node = this.#nodes[head]
      if (node === undefined) break
      this.#expand(node, head)
      this.#nodes[head] = undefined
    }
    const isComplete = head === this.#nodes.length
    // Who follows the protocol does not let time pass, so that world says nothing about time alone.
    if (isComplete && this.#world.honest === undefined) this.#findStuck()
    return {
      states: this.#nodes.length,
      acts: this.#acts,
      steps: this.#steps,
      replayed: this.#replayed,
      depth: this.#depths.at(-1) ?? 0,
      edges: this.#edges,
      timers: this.#timers,
      isComplete,
      failures: this.#failures,
      hash: this.#hash.digest('hex'),
      worstLoss: this.#worstLoss,
      leastRoom: this.#leastRoom,
    }
  }

  #expand(node: EscrowNode, from: number): void {
    for (const what of orBroken(() => ({ broken: judgeTick(node, this.#world) })).broken) this.#fail(what, from, 'tick')
    for (const act of actsOf(node, this.#world)) {
      if (!isFair(node, act, this.#world)) continue
      this.#acts += 1
      const taken = orBroken(() => take(node, act, this.#world))
      for (const what of taken.broken) this.#fail(what, from, labelOf(act))
      for (const edge of taken.edges) this.#edges.add(edge)
      if (taken.node === undefined) continue
      if (act.type === 'timer') this.#timers.add(act.name)
      this.#steps += 1
      if (this.#init.isReplayed === true) this.#replay(node, act, from)
      // What the machine says of the very state that it made, before it is brought into its place.
      for (const what of this.#judge(taken.node)) this.#fail(what, from, labelOf(act))
      const to = this.#enter(normalised(taken.node), { parent: from, label: labelOf(act) })
      if (isPassive(act)) this.#passive.push(from, to)
    }
  }

  #judge(node: EscrowNode): readonly string[] {
    const own = orBroken(() => ({ broken: judgeState(node, this.#world) })).broken
    return this.#init.isAlone === true ? own : [...own, ...machineViolations(node)]
  }

  #replay(node: EscrowNode, act: Act, from: number): void {
    const event = bookEventOf(act, this.#world)
    if (event === undefined) return
    this.#replayed += 1
    for (const what of judgeReplay(node, event)) this.#fail(what, from, labelOf(act))
  }

  #enter(node: EscrowNode, { parent, label }: { readonly parent: number; readonly label: string }): number {
    const digest = createHash('sha256').update(textOf(node, this.#world)).digest().subarray(0, 16)
    const key = digest.toString('latin1')
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const index = this.#nodes.length
    this.#known.set(key, index)
    this.#nodes.push(node)
    this.#init.visit?.(node)
    this.#parents.push(parent)
    this.#labels.push(label)
    this.#depths.push((this.#depths[parent] ?? -1) + 1)
    this.#hash.update(digest)
    if (isAtRest(node)) this.#resting.push(index)
    const fairness = judgeFairness(node, this.#world)
    if (fairness !== undefined) {
      const { loss, bound } = fairness
      if (loss > this.#worstLoss) this.#worstLoss = loss
      if (bound - loss < this.#leastRoom) this.#leastRoom = bound - loss
      if (loss > bound)
        this.#fail(`I14 the honest ${this.#world.honest ?? ''} loses ${loss}, and the bound is ${bound}`, index, '')
    }
    return index
  }

  /** Backward over steps of time and ledger alone, from states in which nothing is held. */
  #findStuck(): void {
    const into = new Map<number, number[]>()
    for (let at = 0; at < this.#passive.length; at += 2) {
      const [from = 0, to = 0] = [this.#passive[at], this.#passive[at + 1]]
      const known = into.get(to)
      if (known === undefined) into.set(to, [from])
      else known.push(from)
    }
    const free = new Uint8Array(this.#nodes.length)
    const stack = [...this.#resting]
    for (const index of stack) free[index] = 1
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      for (const from of into.get(index) ?? []) {
        if (free[from] === 1) continue
        free[from] = 1
        stack.push(from)
      }
    }
    const stuck = free.indexOf(0)
    if (stuck >= 0) this.#fail('I12 nothing but time does not end the contract', stuck, '')
  }

  #fail(what: string, at: number, label: string): void {
    if (this.#failures.length >= (this.#init.failuresMax ?? 20)) return
    const trace: string[] = label === '' ? [] : [label]
    for (let index = at; index > 0; index = this.#parents[index] ?? 0) trace.unshift(this.#labels[index] ?? '')
    this.#failures.push(`${this.#world.name}: ${what}: ${trace.join(' | ')}`)
  }
}

function isPassive(act: Act): boolean {
  return (
    act.type === 'deadline' ||
    act.type === 'timer' ||
    act.type === 'answer' ||
    (act.type === 'ledger' && !act.isRefused)
  )
}

/** A broken assertion of the machines is a finding like any other. */
function orBroken<Result extends { readonly broken: readonly string[] }>(
  step: () => Result,
): Result | { node: undefined; edges: []; broken: string[] } {
  try {
    return step()
  } catch (error: unknown) {
    return { node: undefined, edges: [], broken: [error instanceof Error ? error.message : String(error)] }
  }
}
