import type { Step } from '../machine.ts'
import { evictEdgesToFit } from './evict-nodes.ts'
import type { MemoryEffect, MemoryEvent } from './memory-event.ts'
import type { MemoryEdge, MemoryNode } from './memory-node.ts'
import { edgeOf, nodeOf, withEdge, withNode, withoutNode } from './memory-state.ts'
import type { MemoryState } from './memory-state.ts'
import { combinedStatistics } from './use-statistics.ts'
import type { Fading } from './use-statistics.ts'

/**
 * Two nodes turned out to be one: `into` keeps its text and kind and takes statistics and edges of both. An edge between the
 * two is gone; where both had the same relation to a third node, the stronger weight and the counts of both stay.
 */
export function mergeNodes(
  state: MemoryState,
  event: Extract<MemoryEvent, { readonly type: 'nodes-merged' }>,
): Step<MemoryState, MemoryEffect> {
  const { into, from, at } = event
  if (into === from) return { state, effects: [{ type: 'event-refused', code: 'EVENT_INVALID' }] }
  const kept = nodeOf(state, into)
  const gone = nodeOf(state, from)
  if (kept === undefined || gone === undefined)
    return { state, effects: [{ type: 'event-refused', code: 'NODE_UNKNOWN' }] }
  const fading: Fading = { at, halfLifeMs: state.settings.halfLifeMs }
  const apart = withoutNode(state, from)
  let next = withNode(apart, combineNodes(nodeOf(apart, into) ?? kept, gone, fading))
  for (const edge of gone.edges) {
    const moved: MemoryEdge = {
      ...edge,
      from: edge.from === from ? into : edge.from,
      to: edge.to === from ? into : edge.to,
    }
    if (moved.from === moved.to) continue
    const known = edgeOf(next, moved)
    next = withEdge(next, known === undefined ? moved : combineEdges(known, moved, fading))
  }
  const bounded = evictEdgesToFit(next, nodeOf(next, into) ?? kept, { at, kept: undefined })
  const drops = bounded.edges.map(({ from: start, relation, to }): MemoryEffect => ({
    type: 'drop-edge',
    from: start,
    relation,
    to,
    reason: 'evicted',
  }))
  return { state: bounded.state, effects: [{ type: 'drop-node', id: from, reason: 'merged' }, ...drops] }
}

function combineNodes(kept: MemoryNode, gone: MemoryNode, fading: Fading): MemoryNode {
  return {
    ...kept,
    ...combinedStatistics(kept, gone, fading),
    createdAt: kept.createdAt < gone.createdAt ? kept.createdAt : gone.createdAt,
  }
}

function combineEdges(known: MemoryEdge, moved: MemoryEdge, fading: Fading): MemoryEdge {
  return { ...known, ...combinedStatistics(known, moved, fading), weight: Math.max(known.weight, moved.weight) }
}
