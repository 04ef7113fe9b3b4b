import { addDuration, elapsedBetween, HOUR_MS } from '../../base/time.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { versionedMapApply } from '../collections/versioned-map.ts'
import type { Did } from '../evidence/names.ts'
import { withChunk } from './chunk-list.ts'
import type { TransferId } from './ledger-names.ts'
import type { HoldOrder } from './transfer-order.ts'
import type { Generation, IdSource, LedgerState, RememberedChunk } from './ledger-state.ts'

/** Stamps that one generation covers. An id is remembered for the retention at least, and for this much longer at most while events come. */
const GENERATION_SPAN = HOUR_MS

/** Ids forgotten at one event at least, where that many are old, and per id that the event brings: more go than come. */
const FORGOTTEN_MIN = 64
const FORGOTTEN_PER_NEW = 4

/**
 * Where an id that a client chose is remembered: the first 128 bits of SHA-256 over a domain, whose money or word it is, and the id. So one client's ids are nothing to
 * another's, and nobody takes an id before somebody else can use it.
 */
export function keyOfClientId(principal: Did, id: TransferId): TransferId {
  return sha256Hex(`kernell/ledger/id/v1\0${principal}\0${id}`).slice(0, 32) as TransferId
}

/**
 * Where a hold is kept while it is open and remembered when it has ended. Those of contracts have their ids, which follow from the contract and which anybody can work
 * out: so clients' holds, which everybody who has a part in one names by its id alone, are in a name space of their own, and no client takes an id that a contract will need.
 */
export function keyOfHold({ id, contract }: Pick<HoldOrder, 'id' | 'contract'>): TransferId {
  return contract === undefined ? (sha256Hex(`kernell/ledger/hold/v1\0${id}`).slice(0, 32) as TransferId) : id
}

/** Adds ids of one event to the newest generation of their source. */
export function rememberIds(
  generations: readonly Generation[],
  source: IdSource,
  chunk: RememberedChunk,
): readonly Generation[] {
  const { length: count } = chunk.ids
  if (count === 0) return generations
  const index = generations.findLastIndex((generation) => generation.source === source)
  const last = generations[index]
  if (last === undefined || chunk.at >= addDuration(last.from, GENERATION_SPAN))
    return [...generations, { source, from: chunk.at, last: chunk.at, chunks: withChunk(undefined, chunk), count }]
  const { from, chunks } = last
  const grown: Generation = {
    source,
    from,
    last: chunk.at,
    chunks: withChunk(chunks, chunk),
    count: last.count + count,
  }
  return generations.with(index, grown)
}

/**
 * Forgets a part of what is older than its retention, whole chunks at a time, so that a linked chain is remembered whole or not at all. How much follows
 * from the state and the event alone: every replica forgets the same ids at the same event.
 */
export function forgetOld(state: LedgerState, newIds: number): LedgerState {
  const { retention, clientRetention } = state.limits
  const some = forgetOf(state, newIds, { source: 'contracts', retention })
  return forgetOf(some, newIds, { source: 'clients', retention: clientRetention })
}

function forgetOf(
  state: LedgerState,
  newIds: number,
  { source, retention }: { readonly source: IdSource; readonly retention: number },
): LedgerState {
  const index = state.generations.findIndex((generation) => generation.source === source)
  const oldest = state.generations[index]
  if (oldest === undefined || elapsedBetween(oldest.last, state.at) < retention) return state
  const changes = new Map<string, undefined>()
  const budget = FORGOTTEN_MIN + FORGOTTEN_PER_NEW * newIds
  let seen = 0
  let { chunks } = oldest
  for (; chunks !== undefined && seen < budget; chunks = chunks.next) {
    const { ids } = chunks.chunk
    seen += ids.length
    for (const id of ids) changes.set(id, undefined)
  }
  const generations =
    chunks === undefined
      ? state.generations.toSpliced(index, 1)
      : state.generations.with(index, { ...oldest, chunks, count: oldest.count - seen })
  return { ...state, remembered: versionedMapApply(state.remembered, changes), generations }
}

/** Every chunk, oldest generation first, and newest first within one: the order in which they are written down. */
export function chunksOf({ chunks }: Pick<Generation, 'chunks'>): readonly RememberedChunk[] {
  const all: RememberedChunk[] = []
  for (let list = chunks; list !== undefined; list = list.next) all.push(list.chunk)
  return all
}

/** Ids that are remembered of one source. */
export function countIdsOf(generations: readonly Generation[], source: IdSource): number {
  let count = 0
  for (const generation of generations) if (generation.source === source) count += generation.count
  return count
}

/** Ids in the chunks of all generations. */
export function countChunkIds(generations: readonly Generation[]): number {
  let count = 0
  for (const generation of generations) for (const { ids } of chunksOf(generation)) count += ids.length
  return count
}
