import type { Did } from '../evidence/names.ts'
import { PPM } from './reputation-policy.ts'
import type { ReputationRefusalCode } from './reputation-refusals.ts'
import { sortEdges, TRUST_EDGES_MAX, TRUST_PEERS_MAX, type TrustEdge } from './trust-graph.ts'

/** Trust of everybody together, in units: one unit is a 10^12th of the whole. */
export const TRUST_TOTAL = 1_000_000_000_000n

export type PreTrusted = {
  readonly peer: Did
  /** Share of the pre-trusted set, 1 or more. */
  readonly weight: bigint
}

export type EigenTrustInit = {
  /** Each pair once at most; weights above 0. Edges from a peer to itself are left out. */
  readonly edges: readonly TrustEdge[]
  /** Each peer once; at least one. Without it a ring that trusts only itself keeps whatever reaches it. */
  readonly preTrusted: readonly PreTrusted[]
  /** The `a` of the formula, parts per million, 1 to 1,000,000: the share of trust that goes back to the pre-trusted set at each step. */
  readonly returnPpm: bigint
  /** Steps at most, 1 or more. */
  readonly iterationsMax: number
  /** It has converged when the changes of all peers in one step are no more than this together, in units. */
  readonly residualMaxUnits: bigint
}

export type EigenTrust = {
  readonly kind: 'trust'
  /** In units, by DID ascending; they sum to `TRUST_TOTAL` exactly. Peers without any are 0. */
  readonly units: ReadonlyMap<Did, bigint>
  readonly iterations: number
  readonly isConverged: boolean
  /** Sum of the absolute changes of the last step. */
  readonly residualUnits: bigint
}

export type EigenTrustRefusal = { readonly kind: 'refused'; readonly code: ReputationRefusalCode }

/**
 * a = 0.5: a set of peers then keeps no more than what flows in at each step, `(1 - a) / a = 1`. With the 0.15 that is usual for pages, a ring keeps 5.7
 * times its inflow, and a ring that does some honest work stands above the honest.
 */
export const EIGEN_TRUST_DEFAULTS: Pick<EigenTrustInit, 'returnPpm' | 'iterationsMax' | 'residualMaxUnits'> = {
  returnPpm: 500_000n,
  iterationsMax: 100,
  residualMaxUnits: 1_000n,
}

/**
 * Global trust `t = (1 - a) C^T t + a p` (EigenTrust, WWW 2003, section 4.5, algorithm 2), from `t = p`, where `c_ij = s_ij / sum_j s_ij` and a peer that
 * trusts nobody trusts the pre-trusted set (section 4.4).
 *
 * Integers only. Each share is rounded down; what rounding leaves over goes to the pre-trusted set with the rest of its part, and what is left over there to
 * its first peer by DID. So the sum is exact, no peer outside the set gains by rounding, and every machine gets the same bits. A step moves `(1 - a)` of what
 * a peer has, so the steps contract by that factor but for rounding.
 */
export function eigenTrust(init: EigenTrustInit): EigenTrust | EigenTrustRefusal {
  const problem = findProblem(init)
  if (problem !== undefined) return { kind: 'refused', code: problem }
  const graph = indexGraph(init)
  let units = spread(
    TRUST_TOTAL,
    graph,
    graph.peers.map(() => 0n),
  )
  let residualUnits = 0n
  let iterations = 0
  while (iterations < init.iterationsMax) {
    const next = step(units, graph, init.returnPpm)
    residualUnits = next.reduce((sum, value, index) => sum + distance(value, units[index] ?? 0n), 0n)
    units = next
    iterations += 1
    if (residualUnits <= init.residualMaxUnits) break
  }
  const isConverged = residualUnits <= init.residualMaxUnits
  const byPeer = new Map(graph.peers.map((peer, index) => [peer, units[index] ?? 0n]))
  return { kind: 'trust', units: byPeer, iterations, isConverged, residualUnits }
}

/**
 * What a set of peers without pre-trusted members can have at most, however they rate each other: `T <= ((1 - a) I + residual) / a`, where `I` is the trust
 * that peers outside hand to members. It follows from summing the step over the set: members cannot keep more than `(1 - a)` of what they have.
 */
export function ringTrustBound(
  init: Pick<EigenTrustInit, 'edges' | 'returnPpm'>,
  { units, residualUnits }: EigenTrust,
  members: ReadonlySet<Did>,
): bigint {
  const given = new Map<Did, { total: bigint; inside: bigint }>()
  for (const { from, to, weightMicros } of init.edges) {
    if (members.has(from) || from === to) continue
    const sum = given.get(from) ?? { total: 0n, inside: 0n }
    sum.total += weightMicros
    if (members.has(to)) sum.inside += weightMicros
    given.set(from, sum)
  }
  let inflow = 0n
  // Rounded up, as it is a bound.
  for (const [from, { total, inside }] of given) inflow += ceilDivide((units.get(from) ?? 0n) * inside, total)
  return ceilDivide((PPM - init.returnPpm) * inflow + residualUnits * PPM, init.returnPpm)
}

type Graph = {
  readonly peers: readonly Did[]
  /** Per peer: whom it trusts, and how much in total. */
  readonly outgoing: readonly {
    readonly total: bigint
    readonly targets: readonly { readonly to: number; readonly weight: bigint }[]
  }[]
  /** By DID ascending. */
  readonly preTrusted: readonly { readonly index: number; readonly weight: bigint }[]
  readonly preTrustedTotal: bigint
}

function findProblem({ edges, preTrusted, returnPpm }: EigenTrustInit): ReputationRefusalCode | undefined {
  if (edges.length > TRUST_EDGES_MAX) return 'REPUTATION_GRAPH_LARGE'
  const peers = new Set(preTrusted.map(({ peer }) => peer))
  if (preTrusted.length === 0 || peers.size < preTrusted.length) return 'REPUTATION_PRETRUSTED_BAD'
  if (preTrusted.some(({ weight }) => weight < 1n)) return 'REPUTATION_PRETRUSTED_BAD'
  if (returnPpm < 1n || returnPpm > PPM) return 'REPUTATION_POLICY_BAD'
  for (const { from, to } of edges) peers.add(from).add(to)
  return peers.size > TRUST_PEERS_MAX ? 'REPUTATION_GRAPH_LARGE' : undefined
}

function indexGraph({ edges, preTrusted }: EigenTrustInit): Graph {
  const names = new Set(preTrusted.map(({ peer }) => peer))
  for (const { from, to } of edges) names.add(from).add(to)
  const peers = [...names].sort()
  const indexOf = new Map(peers.map((peer, index) => [peer, index]))
  const outgoing = peers.map(() => ({ total: 0n, targets: new Array<{ to: number; weight: bigint }>() }))
  for (const { from, to, weightMicros } of sortEdges(edges)) {
    const source = outgoing[indexOf.get(from) ?? -1]
    const target = indexOf.get(to)
    if (source === undefined || target === undefined || from === to || weightMicros <= 0n) continue
    source.total += weightMicros
    source.targets.push({ to: target, weight: weightMicros })
  }
  const anchors = preTrusted
    .map(({ peer, weight }) => ({ index: indexOf.get(peer) ?? -1, weight }))
    .sort((left, right) => left.index - right.index)
  return {
    peers,
    outgoing,
    preTrusted: anchors,
    preTrustedTotal: anchors.reduce((sum, { weight }) => sum + weight, 0n),
  }
}

function step(units: readonly bigint[], graph: Graph, returnPpm: bigint): readonly bigint[] {
  const next = units.map(() => 0n)
  let pool = TRUST_TOTAL
  for (const [index, { total, targets }] of graph.outgoing.entries()) {
    if (total === 0n) continue
    const moving = ((units[index] ?? 0n) * (PPM - returnPpm)) / PPM
    if (moving === 0n) continue
    for (const { to, weight } of targets) {
      const share = (moving * weight) / total
      next[to] = (next[to] ?? 0n) + share
      pool -= share
    }
  }
  return spread(pool, graph, next)
}

/** Adds `pool` to the pre-trusted peers by their weights. */
function spread(pool: bigint, { preTrusted, preTrustedTotal }: Graph, units: readonly bigint[]): readonly bigint[] {
  const next = [...units]
  let rest = pool
  for (const { index, weight } of preTrusted) {
    const share = (pool * weight) / preTrustedTotal
    next[index] = (next[index] ?? 0n) + share
    rest -= share
  }
  const first = preTrusted[0]?.index ?? 0
  next[first] = (next[first] ?? 0n) + rest
  return next
}

function distance(left: bigint, right: bigint): bigint {
  return left > right ? left - right : right - left
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}
