import type { ChunkList, RememberedChunk } from './ledger-state.ts'

/**
 * The list with one chunk more in front. Each chunk also knows one farther back, so that a place in a list of n chunks is found in about 2 log2 n steps (Myers 1983,
 * "An applicative random-access stack").
 */
export function withChunk(chunks: ChunkList, chunk: RememberedChunk): ChunkList {
  if (chunks === undefined) return { chunk, next: undefined, jump: undefined, depth: 0 }
  const { depth, jump } = chunks
  const isLevel = jump !== undefined && depth - jump.depth === jump.depth - (jump.jump?.depth ?? 0)
  return { chunk, next: chunks, jump: isLevel ? jump.jump : chunks, depth: depth + 1 }
}

/** The newest chunk that is not younger than the stamp, with all behind it. Stamps never rise towards the back. */
export function chunksUntil(chunks: ChunkList, at: number): ChunkList {
  let list = chunks
  while (list !== undefined && list.chunk.at > at)
    list = list.jump !== undefined && list.jump.chunk.at > at ? list.jump : list.next
  return list
}
