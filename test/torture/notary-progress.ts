import { leaderOf } from '../../src/core/notary/notary-set.ts'
import type { Global, NotaryModel } from './notary-model.ts'

/** Situations that were looked at, with what was wrong. */
export type Finish = Map<string, readonly string[]>

const MOVES_MAX = 60

/**
 * Whether the honest three decide everything once the liar is silent and messages arrive: they leave for the first view behind the liar's that one
 * of them leads, and go on there. Nothing but their heads and what they prepared goes with them, so that states that agree on these are
 * looked at once.
 */
export function canFinish(model: NotaryModel, global: Global, known: Finish): readonly string[] {
  const key = [0, 1, 2].map((position) => situationOf(model, global, position)).join(' | ')
  const before = known.get(key)
  if (before !== undefined) return before
  const found = key.includes('blocked') ? [] : finish(model, global)
  known.set(key, found)
  return found
}

function situationOf(model: NotaryModel, global: Global, position: number): string {
  const { head, prepared, floor } = model.stateAt(global, position)
  // Whoever started from an older copy counts as the faulty one until it has caught up.
  if (floor !== undefined) return 'blocked'
  return `${head.block.slice(0, 12)} ${prepared?.quorum.view} ${prepared?.quorum.block.slice(0, 12)}`
}

function finish(model: NotaryModel, from: Global): readonly string[] {
  let last = model.init.lastView + 1
  while (leaderOf(model.set, last) === model.init.byzantine) last += 1
  let global = from
  for (let count = 0; count < MOVES_MAX; count += 1) {
    const isDone = [0, 1, 2].every((position) => model.stateAt(global, position).head.slot >= model.init.slots)
    if (isDone) return []
    const here = global
    const useful = model
      .movesOf(here, false, last)
      .filter(({ local, position }) => local !== here[position])
      .toSorted((left, right) => rankOf(left.what) - rankOf(right.what))
    const [first] = useful
    if (first === undefined) break
    const changed: [number, number, number] = [...global]
    changed[first.position] = first.local
    global = changed
  }
  const heads = [0, 1, 2].map((position) => model.stateAt(global, position).head.slot)
  return [`no way to the end: heads ${heads.join(', ')}`]
}

/** Everybody goes to the last view first. */
function rankOf(what: string): number {
  const order = ['timeout', 'certificate', 'committed', 'prepared', 'opens', 'proposal']
  return order.findIndex((word) => what.startsWith(word))
}
