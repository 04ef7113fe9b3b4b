import { compareText, otherEnd } from './memory-node.ts'
import type { MemoryEdge, MemoryNode } from './memory-node.ts'
import { nodeOf } from './memory-state.ts'
import type { MemoryState } from './memory-state.ts'
import { expectedSuccess } from './use-statistics.ts'
import type { Fading } from './use-statistics.ts'

/** How far a retrieval follows edges. At most `startsMax + depthMax x frontierMax x fanOutMax` nodes are looked at. */
export type SpreadLimits = {
  /** Edges between a start and what it reaches at most, 0 to 8; 0 follows none. */
  readonly depthMax: number
  /** Strongest edges of a node that are followed, 1 to 256. */
  readonly fanOutMax: number
  /** Most active nodes of a depth from which it goes on, 1 to 1,024. */
  readonly frontierMax: number
  /** Starts at most, the most active of those given, 1 to 1,024. */
  readonly startsMax: number
  /** Activation below this goes no further, above 0 up to 1. */
  readonly activationMin: number
}

/** How far recall follows links unless it is told otherwise. */
export const SPREAD_LIMITS_DEFAULT: SpreadLimits = Object.freeze({
  depthMax: 3,
  fanOutMax: 8,
  frontierMax: 32,
  startsMax: 16,
  activationMin: 0.02,
})

/** Where activation begins: how active a node is by itself, above 0 up to 1. */
export type SpreadStart = { readonly id: string; readonly activation: number }

/** The best way found to a node: a chain of edges back to the start that it came from. */
export type Reach = {
  readonly id: string
  /** Activation of the start times the strength of every edge on the way. */
  readonly activation: number
  readonly startId: string
  /** Absent at the start itself. */
  readonly last: { readonly edge: MemoryEdge; readonly from: Reach } | undefined
}

/**
 * Spreads activation from the starts over the edges, in both directions, depth by depth: a node is as active as the best way
 * to it is strong, a way as strong as the product of its start and its edges, an edge as strong as its weight times its
 * expected success. Of equally strong ways the first by depth, then by the order of `compareEdges`, counts.
 *
 * @returns What was reached over one edge or more, by node. A start is among it when another start leads to it.
 */
export function spreadActivation(
  state: MemoryState,
  {
    starts,
    limits,
    fading,
  }: { readonly starts: readonly SpreadStart[]; readonly limits: SpreadLimits; readonly fading: Fading },
): ReadonlyMap<string, Reach> {
  const reached = new Map<string, Reach>()
  let frontier: readonly Reach[] = starts
    .map(({ id, activation }): Reach => ({ id, activation, startId: id, last: undefined }))
    .sort(compareReach)
    .slice(0, limits.startsMax)
  for (let depth = 0; depth < limits.depthMax && frontier.length > 0; depth += 1) {
    const improved = new Map<string, Reach>()
    for (const from of frontier) {
      for (const { edge, strength } of followedEdges(nodeOf(state, from.id), from.last?.edge, { limits, fading })) {
        const activation = from.activation * strength
        const id = otherEnd(edge, from.id)
        if (activation < limits.activationMin || id === from.startId) continue
        if (activation <= (reached.get(id)?.activation ?? 0)) continue
        const reach: Reach = { id, activation, startId: from.startId, last: { edge, from } }
        reached.set(id, reach)
        improved.set(id, reach)
      }
    }
    frontier = [...improved.values()].sort(compareReach).slice(0, limits.frontierMax)
  }
  return reached
}

/** The edges of the way to a reached node, from its start on. */
export function edgesTo(reach: Reach): readonly MemoryEdge[] {
  const edges: MemoryEdge[] = []
  for (let at: Reach | undefined = reach; at?.last !== undefined; at = at.last.from) edges.push(at.last.edge)
  return edges.reverse()
}

/** Ids of the nodes of the way before the reached one, from its start on. */
export function nodesBefore(reach: Reach): readonly string[] {
  const ids: string[] = []
  for (let at = reach.last?.from; at !== undefined; at = at.last?.from) ids.push(at.id)
  return ids.reverse()
}

type StrongEdge = { readonly edge: MemoryEdge; readonly strength: number }

/** The strongest edges, but not the one that the node was reached by. Equally strong ones in the order of `compareEdges`, which they come in. */
function followedEdges(
  node: MemoryNode | undefined,
  arrival: MemoryEdge | undefined,
  { limits, fading }: { readonly limits: SpreadLimits; readonly fading: Fading },
): readonly StrongEdge[] {
  const strong: StrongEdge[] = []
  for (const edge of node?.edges ?? []) {
    if (edge !== arrival) strong.push({ edge, strength: edge.weight * expectedSuccess(edge, fading) })
  }
  if (strong.length <= limits.fanOutMax) return strong
  return strong.sort((one, other) => other.strength - one.strength).slice(0, limits.fanOutMax)
}

function compareReach(one: Reach, other: Reach): number {
  return other.activation - one.activation || compareText(one.id, other.id)
}
