import { addDuration, elapsedBetween, HOUR_MS, type Timestamp } from '../../base/time.ts'
import { hashTrieApply } from '../collections/hash-trie.ts'
import type { Generation, LedgerState, RememberedChunk } from './ledger-state.ts'

/** Stamps that one generation covers. An id is remembered for the retention at least, and for this much longer at most while events come. */
const GENERATION_SPAN = HOUR_MS

/** Ids forgotten at one event at least, where that many are old, and per id that the event brings: more go than come. */
const FORGOTTEN_MIN = 64
const FORGOTTEN_PER_NEW = 4

/** Adds the ids of one event to the newest generation. */
export function rememberIds(generations: readonly Generation[], chunk: RememberedChunk): readonly Generation[] {
  if (chunk.ids.length === 0) return generations
  const last = generations.at(-1)
  if (last === undefined || chunk.at >= addDuration(last.from, GENERATION_SPAN))
    return [...generations, { from: chunk.at, last: chunk.at, chunks: { chunk, next: undefined } }]
  const grown: Generation = { from: last.from, last: chunk.at, chunks: { chunk, next: last.chunks } }
  return [...generations.slice(0, -1), grown]
}

/**
 * Forgets a part of what is older than the retention, whole chunks at a time, so that a linked chain is remembered whole or not at all. How much follows
 * from the state and the event alone: every replica forgets the same ids at the same event.
 */
export function forgetOld(state: LedgerState, newIds: number): LedgerState {
  const oldest = state.generations[0]
  if (oldest === undefined || !isOld(oldest.last, state)) return state
  const changes = new Map<string, undefined>()
  const budget = FORGOTTEN_MIN + FORGOTTEN_PER_NEW * newIds
  let seen = 0
  let { chunks } = oldest
  for (; chunks !== undefined && seen < budget; chunks = chunks.next) {
    const { ids } = chunks.chunk
    seen += ids.length
    for (const id of ids) changes.set(id, undefined)
  }
  const rest = state.generations.slice(1)
  const generations = chunks === undefined ? rest : [{ ...oldest, chunks }, ...rest]
  return { ...state, remembered: hashTrieApply(state.remembered, changes), generations }
}

function isOld(last: Timestamp, { at, limits }: LedgerState): boolean {
  return elapsedBetween(last, at) >= limits.retention
}

/** Every chunk, oldest generation first, and newest first within one: the order in which they are written down. */
export function chunksOf(generation: Generation): readonly RememberedChunk[] {
  const chunks: RememberedChunk[] = []
  for (let list = generation.chunks; list !== undefined; list = list.next) chunks.push(list.chunk)
  return chunks
}

/** Ids in the chunks of all generations. */
export function countChunkIds(generations: readonly Generation[]): number {
  let count = 0
  for (const generation of generations) for (const { ids } of chunksOf(generation)) count += ids.length
  return count
}
