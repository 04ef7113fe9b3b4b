import { hashTrieForEach } from '../collections/hash-trie.ts'
import { compareEdges, isMemoryNodeKind, isNodeId, isRelation, otherEnd } from './memory-node.ts'
import type { MemoryEdge, MemoryNode } from './memory-node.ts'
import { areMemorySettings, nodeOf } from './memory-state.ts'
import type { MemoryState } from './memory-state.ts'
import { COUNT_MAX } from './use-statistics.ts'
import type { UseStatistics } from './use-statistics.ts'
import { utf8Length } from './utf8-length.ts'

/** Names of broken invariants; empty when sound. Reads everything. */
export function memoryViolations(state: MemoryState): readonly string[] {
  const broken = new Set<string>()
  const hold = (condition: boolean, invariant: string): void => {
    if (!condition) broken.add(invariant)
  }
  let nodeCount = 0
  let sizeBytes = 0
  let ends = 0
  hashTrieForEach(state.nodes, (node, id) => {
    nodeCount += 1
    sizeBytes += node.sizeBytes
    ends += node.edges.length
    hold(node.id === id && isNodeId(id), 'a node is filed under its id')
    hold(isSoundNode(node), 'a node has a kind and a text of the size that it says')
    hold(areCounts(node), 'counts are numbers from 0 to their maximum')
    hold(node.edges.length <= state.settings.edgesPerNodeMax, 'a node has no more edges than allowed')
    hold(areSorted(node.edges), 'the edges of a node are sorted and differ')
    for (const edge of node.edges) checkEdge(state, node, { edge, hold })
  })
  hold(areMemorySettings(state.settings), 'settings are within their ranges')
  hold(nodeCount === state.nodes.size, 'the map knows its size')
  hold(sizeBytes === state.sizeBytes, 'the size is the sum of the sizes of the nodes')
  hold(ends === 2 * state.edgeCount, 'every edge has two ends and is counted once')
  hold(nodeCount <= state.settings.nodesMax, 'there are no more nodes than allowed')
  hold(sizeBytes <= state.settings.bytesMax, 'texts take no more bytes than allowed')
  return [...broken]
}

function checkEdge(
  state: MemoryState,
  node: MemoryNode,
  { edge, hold }: { readonly edge: MemoryEdge; readonly hold: (condition: boolean, invariant: string) => void },
): void {
  hold(edge.from === node.id || edge.to === node.id, 'an edge is stored at its ends')
  hold(edge.from !== edge.to, 'an edge joins two nodes')
  hold(isRelation(edge.relation) && edge.weight > 0 && edge.weight <= 1, 'an edge has a relation and a weight')
  hold(areCounts(edge), 'counts are numbers from 0 to their maximum')
  const other = nodeOf(state, otherEnd(edge, node.id))
  hold(other?.edges.includes(edge) === true, 'both ends of an edge hold the same edge')
}

function isSoundNode({ kind, text, sizeBytes }: MemoryNode): boolean {
  return isMemoryNodeKind(kind) && text.trim() !== '' && sizeBytes === utf8Length(text)
}

function areCounts({ successes, failures }: UseStatistics): boolean {
  return successes >= 0 && successes <= COUNT_MAX && failures >= 0 && failures <= COUNT_MAX
}

function areSorted(edges: readonly MemoryEdge[]): boolean {
  return edges.every((edge, at) => at === 0 || compareEdges(edges[at - 1] ?? edge, edge) < 0)
}
