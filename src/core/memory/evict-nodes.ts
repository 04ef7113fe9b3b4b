import type { Timestamp } from '../../base/time.ts'
import { hashTrieForEach } from '../collections/hash-trie.ts'
import { compareEdges, compareText } from './memory-node.ts'
import type { MemoryEdge, MemoryNode } from './memory-node.ts'
import { withoutEdge, withoutNode } from './memory-state.ts'
import type { MemoryState } from './memory-state.ts'
import { valueOf } from './use-statistics.ts'
import type { Fading } from './use-statistics.ts'

/**
 * A full graph makes room for this share of its bounds at once, and for one at least: looking for the least valuable reads
 * every node, and is thereby paid for by many.
 */
const SLACK_SHARE = 1 / 64

/** Nodes looked for at a time beyond those known to be too many, when bytes are what is short. */
const BATCH_NODES = 64

export type Eviction = { readonly state: MemoryState; readonly nodeIds: readonly string[] }

/**
 * Drops the least valuable nodes until the graph keeps its bounds; of equal values the one with the lower id goes first. A
 * graph within its bounds is left alone.
 *
 * @param protectedId  Stays whatever its value is: what was just remembered.
 */
export function evictToFit(state: MemoryState, at: Timestamp, protectedId: string | undefined): Eviction {
  const { nodesMax, bytesMax } = state.settings
  if (state.nodes.size <= nodesMax && state.sizeBytes <= bytesMax) return { state, nodeIds: [] }
  const nodesWanted = nodesMax - Math.floor(nodesMax * SLACK_SHARE)
  const bytesWanted = bytesMax - Math.floor(bytesMax * SLACK_SHARE)
  const isTooFull = (candidate: MemoryState): boolean =>
    candidate.nodes.size > nodesWanted || candidate.sizeBytes > bytesWanted
  const nodeIds: string[] = []
  let next = state
  while (isTooFull(next)) {
    const count = Math.max(0, next.nodes.size - nodesWanted) + BATCH_NODES
    const candidates = leastValuableNodes(next, { at, count, protectedId })
    if (candidates.length === 0) break
    for (const id of candidates) {
      if (!isTooFull(next)) break
      next = withoutNode(next, id)
      nodeIds.push(id)
    }
  }
  return { state: next, nodeIds }
}

type Search = { readonly at: Timestamp; readonly count: number; readonly protectedId: string | undefined }

/** Ids of the `count` least valuable nodes, least valuable first. */
function leastValuableNodes(state: MemoryState, { at, count, protectedId }: Search): readonly string[] {
  const fading: Fading = { at, halfLifeMs: state.settings.halfLifeMs }
  const valued: Valued[] = []
  hashTrieForEach(state.nodes, (node, id) => {
    if (id !== protectedId) valued.push({ id, value: valueOf(node, fading) })
  })
  return lowest(valued, count)
    .sort(compareValued)
    .map(({ id }) => id)
}

type Valued = { readonly id: string; readonly value: number }

/** The `count` lowest, in any order, by partitioning about a pivot: sorting all of them would cost more than everything else. */
function lowest(items: Valued[], count: number): Valued[] {
  let from = 0
  let to = items.length
  while (to - from > 1 && from < count && count < to) {
    const pivot = items[(from + to) >> 1] as Valued
    let left = from
    let right = to - 1
    while (left <= right) {
      while (compareValued(items[left] as Valued, pivot) < 0) left += 1
      while (compareValued(items[right] as Valued, pivot) > 0) right -= 1
      if (left > right) break
      const kept = items[left] as Valued
      items[left] = items[right] as Valued
      items[right] = kept
      left += 1
      right -= 1
    }
    if (count <= right) to = right + 1
    else if (count >= left) from = left
    else break
  }
  return items.slice(0, count)
}

function compareValued(one: Valued, other: Valued): number {
  return one.value - other.value || compareText(one.id, other.id)
}

/** Drops the least valuable edges of a node until it keeps its bound; `kept` stays. Returns the edges that went as well. */
export function evictEdgesToFit(
  state: MemoryState,
  node: MemoryNode,
  { at, kept }: { readonly at: Timestamp; readonly kept: MemoryEdge | undefined },
): { readonly state: MemoryState; readonly edges: readonly MemoryEdge[] } {
  const surplus = node.edges.length - state.settings.edgesPerNodeMax
  if (surplus <= 0) return { state, edges: [] }
  const fading: Fading = { at, halfLifeMs: state.settings.halfLifeMs }
  const edges = node.edges
    .filter((edge) => kept === undefined || compareEdges(edge, kept) !== 0)
    .map((edge) => ({ edge, value: edgeValue(edge, fading) }))
    .sort((one, other) => one.value - other.value || compareEdges(one.edge, other.edge))
    .slice(0, surplus)
    .map(({ edge }) => edge)
  return { state: edges.reduce(withoutEdge, state), edges }
}

export function edgeValue(edge: MemoryEdge, fading: Fading): number {
  return edge.weight * valueOf(edge, fading)
}
