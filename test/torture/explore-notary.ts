import type { ContractId, Hash } from '../../src/core/evidence/names.ts'
import { type Global, NotaryModel, type NotaryModelInit } from './notary-model.ts'
import { canFinish, type Finish } from './notary-progress.ts'
import { APPLICATION_START } from './notary-local.ts'
import { EPSILON_MS, execute, NOW } from './notary-world.ts'

export type NotaryExploration = {
  readonly states: number
  readonly edges: number
  /** False when `statesMax` or a failure stopped it. */
  readonly isComplete: boolean
  readonly locals: number
  /** Different situations from which the end was looked for. */
  readonly situations: number
  readonly longestPath: number
  readonly failures: readonly string[]
  /** States by moves, for the hash of what was visited. */
  readonly layers: readonly number[]
}

const FAILURES_MAX = 5
const WIDTH = 1 << 17

/** Visits every state of the model, layer by layer, and looks at safety in each and at the way to the end from each. */
export function exploreNotary(init: NotaryModelInit & { readonly statesMax: number }): NotaryExploration {
  const model = new NotaryModel(init)
  const finish: Finish = new Map()
  const known = new Set<number>()
  const failures: string[] = []
  const layers: number[] = []
  let layer: Global[] = [model.start()]
  known.add(numberOf(layer[0] ?? [0, 0, 0]))
  let edges = 0
  while (layer.length > 0 && failures.length < FAILURES_MAX && known.size < init.statesMax) {
    layers.push(layer.length)
    const next: Global[] = []
    for (const global of layer) {
      failures.push(...judge(model, global, finish))
      if (failures.length >= FAILURES_MAX) break
      for (const { position, local } of model.movesOf(global, true)) {
        edges += 1
        const changed: [number, number, number] = [...global]
        changed[position] = local
        const reached = model.canonical(changed)
        const name = numberOf(reached)
        if (known.has(name)) continue
        known.add(name)
        next.push(reached)
      }
    }
    layer = next
  }
  return {
    states: known.size,
    edges,
    isComplete: layer.length === 0,
    locals: model.states.locals.length,
    situations: finish.size,
    longestPath: layers.length,
    failures: [...new Set(failures)],
    layers,
  }
}

function numberOf([first, second, third]: Global): number {
  if (first >= WIDTH || second >= WIDTH || third >= WIDTH) throw new RangeError('More local states than a number holds')
  return (first * WIDTH + second) * WIDTH + third
}

function judge(model: NotaryModel, global: Global, finish: Finish): readonly string[] {
  const failures: string[] = []
  for (const id of global) failures.push(...model.states.local(id).faults)
  failures.push(...judgeCertificates(model, global))
  if (failures.length === 0) failures.push(...canFinish(model, global, finish))
  return failures
}

/** What anybody could hold as a certificate, whoever put it together: one block for each slot, one transition for each place of a contract. */
function judgeCertificates(model: NotaryModel, global: Global): readonly string[] {
  const failures: string[] = []
  const slots = new Map<number, Hash>()
  const transitions = new Map<ContractId, Hash>()
  for (const { statement } of model.networkOf(global, true).quorums) {
    if (statement.phase !== 'commit') continue
    const before = slots.get(statement.slot)
    if (before === statement.block) continue
    if (before !== undefined) failures.push(`two certificates for slot ${statement.slot}`)
    slots.set(statement.slot, statement.block)
    const block = model.states.blocks.get(statement.block)
    if (block === undefined) continue
    const under = model.states.blocks.get(block.previous)
    if (under !== undefined && block.at < under.at) failures.push('a certified stamp goes backward')
    if (Math.abs(block.at - NOW) > EPSILON_MS) failures.push('a certified stamp is far from the clocks')
    const due = execute(under?.state ?? APPLICATION_START, block.at, block.entries)
    for (const [index, { contract, transition }] of block.entries.entries()) {
      const known = transitions.get(contract)
      if (known !== undefined && known !== transition) failures.push('two transitions for one place of a contract')
      transitions.set(contract, transition)
      if (due.results[index]?.transition !== transition)
        failures.push('a certified transition is not what the message does')
    }
  }
  return failures
}
