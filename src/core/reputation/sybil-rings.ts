import type { Did } from '../evidence/names.ts'
import { type FlowEdge, type FlowGraph, maxFlow } from './max-flow.ts'
import { PPM } from './reputation-policy.ts'
import type { ReputationRefusalCode } from './reputation-refusals.ts'
import { sortEdges, type TrustEdge } from './trust-graph.ts'

/** Peers and edges of one search at most: it asks for one flow per peer. */
export const RING_PEERS_MAX = 2_000
export const RING_EDGES_MAX = 20_000
/** Weights above are counted as this, so that sums stay exact in doubles. */
const CAPACITY_MAX_MICROS = 100_000_000_000n

export type RingSearchInit = {
  readonly edges: readonly TrustEdge[]
  /** Peers that are believed without evidence; one at least. */
  readonly preTrusted: readonly Did[]
  /** A peer is starved when less than this share of what it claims can reach it, parts per million, 1 to 1,000,000. */
  readonly starvedPpm: bigint
}

/**
 * Peers who claim more from each other than they can have from the pre-trusted set. `unanchored`: nothing reaches them, so nothing can be said for them;
 * `starved`: less than they claim.
 */
export type SybilRing = {
  readonly kind: 'unanchored' | 'starved'
  /** By DID ascending. */
  readonly members: readonly Did[]
  /** Trust that members gave each other, in millionths of a unit. */
  readonly internalMicros: bigint
  /** Largest flow of trust from the pre-trusted set into the ring: what its members may count for together. */
  readonly inflowMicros: bigint
}

export type RingSearch =
  | {
      readonly kind: 'rings'
      /** By first member ascending. */
      readonly rings: readonly SybilRing[]
    }
  | { readonly kind: 'refused'; readonly code: ReputationRefusalCode }

export const STARVED_PPM_DEFAULT = 500_000n

/**
 * Rings by maximum flow (the bound of SybilGuard and SumUp: an attacker has as many keys as it likes, and as few honest edges as it could earn).
 *
 * A peer claims the trust that it was given, or what the pre-trusted set gives in total where that is less. It is starved when less than `starvedPpm` of the
 * claim flows to it from the set. Starved peers joined by edges are one ring; its inflow is the flow into all of its members together. Honest peers who trade
 * among themselves alone look the same from here, so this is a reason to cap, not a verdict.
 */
export function findSybilRings(init: RingSearchInit): RingSearch {
  const edges = sortEdges(init.edges).filter(({ from, to, weightMicros }) => from !== to && weightMicros > 0n)
  const peers = [...new Set([...init.preTrusted, ...edges.flatMap(({ from, to }) => [from, to])])].sort()
  if (init.preTrusted.length === 0) return { kind: 'refused', code: 'REPUTATION_PRETRUSTED_BAD' }
  if (peers.length > RING_PEERS_MAX || edges.length > RING_EDGES_MAX)
    return { kind: 'refused', code: 'REPUTATION_GRAPH_LARGE' }
  const indexOf = new Map(peers.map((peer, index) => [peer, index]))
  const graph: FlowGraph = {
    nodes: peers.length,
    edges: edges.map(({ from, to, weightMicros }) => ({
      from: indexOf.get(from) ?? 0,
      to: indexOf.get(to) ?? 0,
      capacity: Number(weightMicros > CAPACITY_MAX_MICROS ? CAPACITY_MAX_MICROS : weightMicros),
    })),
  }
  const sources = init.preTrusted.map((peer) => indexOf.get(peer) ?? 0)
  const starved = findStarved(graph, sources, init.starvedPpm)
  const rings = joinByEdges(starved, graph.edges).map((members): SybilRing => {
    const inside = new Set(members)
    const internal = sumOf(graph.edges, ({ from, to }) => inside.has(from) && inside.has(to))
    const inflow = maxFlow(graph, { sources, sinks: inside, enough: Number.MAX_SAFE_INTEGER })
    return {
      kind: inflow === 0 ? 'unanchored' : 'starved',
      members: members.flatMap((index) => peers[index] ?? []),
      internalMicros: BigInt(internal),
      inflowMicros: BigInt(inflow),
    }
  })
  return { kind: 'rings', rings }
}

function findStarved(graph: FlowGraph, sources: readonly number[], starvedPpm: bigint): readonly number[] {
  const anchors = new Set(sources)
  const claims = new Float64Array(graph.nodes)
  const direct = new Float64Array(graph.nodes)
  let anchorsGive = 0
  for (const { from, to, capacity } of graph.edges) {
    claims[to] = (claims[to] ?? 0) + capacity
    if (anchors.has(from)) {
      direct[to] = (direct[to] ?? 0) + capacity
      if (!anchors.has(to)) anchorsGive += capacity
    }
  }
  const starved: number[] = []
  for (const [node, claim] of claims.entries()) {
    if (anchors.has(node) || claim === 0) continue
    // Nobody outside the set can have more of it than it gives.
    const claimed = Math.min(claim, Math.max(anchorsGive, 1))
    const enough = Number((BigInt(claimed) * starvedPpm + PPM - 1n) / PPM)
    if ((direct[node] ?? 0) >= enough) continue
    if (maxFlow(graph, { sources, sinks: new Set([node]), enough }) < enough) starved.push(node)
  }
  return starved
}

/** Connected parts of the starved peers, each ascending, by first member; a peer alone is none. */
function joinByEdges(starved: readonly number[], edges: readonly FlowEdge[]): readonly (readonly number[])[] {
  const neighbours = new Map<number, number[]>(starved.map((node) => [node, []]))
  for (const { from, to } of edges) {
    if (!neighbours.has(from) || !neighbours.has(to)) continue
    neighbours.get(from)?.push(to)
    neighbours.get(to)?.push(from)
  }
  const seen = new Set<number>()
  const parts: (readonly number[])[] = []
  for (const start of starved) {
    if (seen.has(start)) continue
    const part = [start]
    seen.add(start)
    for (const node of part) {
      for (const other of neighbours.get(node) ?? []) {
        if (seen.has(other)) continue
        seen.add(other)
        part.push(other)
      }
    }
    if (part.length > 1) parts.push(part.sort((left, right) => left - right))
  }
  return parts
}

function sumOf(edges: readonly FlowEdge[], isCounted: (edge: FlowEdge) => boolean): number {
  return edges.reduce((sum, edge) => (isCounted(edge) ? sum + edge.capacity : sum), 0)
}
