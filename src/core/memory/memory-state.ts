import { DAY_MS } from '../../base/time.ts'
import type { DurationMs } from '../../base/time.ts'
import { emptyHashTrie, hashTrieDelete, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { HashTrie } from '../collections/hash-trie.ts'
import { compareEdges } from './memory-node.ts'
import type { MemoryEdge, MemoryEdgeKey, MemoryNode } from './memory-node.ts'

/** Bounds of one graph and how fast it forgets. */
export type MemorySettings = {
  /** Nodes at most, 1 to 1,000,000; the least valuable leave. */
  readonly nodesMax: number
  /** UTF-8 bytes of all texts at most; at least `textBytesMax`. */
  readonly bytesMax: number
  /** UTF-8 bytes of one text at most, 1 to 1 MiB; longer ones are refused. */
  readonly textBytesMax: number
  /** Edges of one node at most, 1 to 256; its least valuable leaves. */
  readonly edgesPerNodeMax: number
  /** Time in which counts and recency halve, 1 ms or more. */
  readonly halfLifeMs: DurationMs
  /** Nodes and edges whose value has faded below this are dropped when time passes; 0 to 0.5. */
  readonly valueMin: number
}

/** What a memory has unless it is told otherwise. */
export const MEMORY_SETTINGS_DEFAULT: MemorySettings = Object.freeze({
  nodesMax: 10_000,
  bytesMax: 8 * 1024 * 1024,
  textBytesMax: 16 * 1024,
  edgesPerNodeMax: 32,
  halfLifeMs: (30 * DAY_MS) as DurationMs,
  valueMin: 1e-6,
})

/** One tenant's graph. Immutable. */
export type MemoryState = {
  readonly settings: MemorySettings
  readonly nodes: HashTrie<MemoryNode>
  readonly edgeCount: number
  /** Sum of the nodes' `sizeBytes`. */
  readonly sizeBytes: number
}

export function emptyMemoryState(settings: MemorySettings): MemoryState {
  return { settings, nodes: emptyHashTrie(), edgeCount: 0, sizeBytes: 0 }
}

/** Whether every member is within its range. */
export function areMemorySettings(settings: MemorySettings): boolean {
  const { nodesMax, bytesMax, textBytesMax, edgesPerNodeMax, halfLifeMs, valueMin } = settings
  return (
    isWhole(nodesMax, 1, 1_000_000) &&
    isWhole(textBytesMax, 1, 1024 * 1024) &&
    isWhole(bytesMax, textBytesMax, Number.MAX_SAFE_INTEGER) &&
    isWhole(edgesPerNodeMax, 1, 256) &&
    Number.isFinite(halfLifeMs) &&
    halfLifeMs >= 1 &&
    valueMin >= 0 &&
    valueMin <= 0.5
  )
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}

export function nodeOf(state: MemoryState, id: string): MemoryNode | undefined {
  return hashTrieGet(state.nodes, id)
}

export function edgeOf(state: MemoryState, key: MemoryEdgeKey): MemoryEdge | undefined {
  return nodeOf(state, key.from)?.edges.find((edge) => compareEdges(edge, key) === 0)
}

/** The state with this node in place of the one with its id. Its edges must be the ones that it had. */
export function withNode(state: MemoryState, node: MemoryNode): MemoryState {
  const before = nodeOf(state, node.id)?.sizeBytes ?? 0
  return {
    ...state,
    nodes: hashTrieSet(state.nodes, node.id, node),
    sizeBytes: state.sizeBytes - before + node.sizeBytes,
  }
}

/** The state without the node and its edges; unchanged when it is not there. */
export function withoutNode(state: MemoryState, id: string): MemoryState {
  const node = nodeOf(state, id)
  if (node === undefined) return state
  const bare = node.edges.reduce(withoutEdge, state)
  return { ...bare, nodes: hashTrieDelete(bare.nodes, id), sizeBytes: bare.sizeBytes - node.sizeBytes }
}

/** The state with this edge at both its ends, in place of the one with its key. Both ends must be there and differ. */
export function withEdge(state: MemoryState, edge: MemoryEdge): MemoryState {
  const isNew = edgeOf(state, edge) === undefined
  const put = (edges: readonly MemoryEdge[]): readonly MemoryEdge[] => {
    const at = edges.findIndex((known) => compareEdges(known, edge) >= 0)
    if (at < 0) return [...edges, edge]
    return isNew ? edges.toSpliced(at, 0, edge) : edges.with(at, edge)
  }
  return { ...withEdges(state, edge, put), edgeCount: state.edgeCount + (isNew ? 1 : 0) }
}

/** The state without the edge; unchanged when it is not there. */
export function withoutEdge(state: MemoryState, key: MemoryEdgeKey): MemoryState {
  if (edgeOf(state, key) === undefined) return state
  const take = (edges: readonly MemoryEdge[]): readonly MemoryEdge[] =>
    edges.filter((edge) => compareEdges(edge, key) !== 0)
  return { ...withEdges(state, key, take), edgeCount: state.edgeCount - 1 }
}

function withEdges(
  state: MemoryState,
  key: MemoryEdgeKey,
  change: (edges: readonly MemoryEdge[]) => readonly MemoryEdge[],
): MemoryState {
  let { nodes } = state
  for (const id of [key.from, key.to]) {
    const node = hashTrieGet(nodes, id)
    if (node !== undefined) nodes = hashTrieSet(nodes, id, { ...node, edges: change(node.edges) })
  }
  return { ...state, nodes }
}
