import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { type FlowEdge, maxFlow } from '../../../src/core/reputation/max-flow.ts'
import { findSybilRings, STARVED_PPM_DEFAULT, type SybilRing } from '../../../src/core/reputation/sybil-rings.ts'
import type { TrustEdge } from '../../../src/core/reputation/trust-graph.ts'
import { didOf } from './reputation-market.ts'

/** Smallest capacity over all cuts, which is the largest flow (Ford and Fulkerson 1956). */
function minimumCut(edges: readonly FlowEdge[], nodes: number, ends: { source: number; sink: number }): number {
  let least = Number.POSITIVE_INFINITY
  for (let side = 0; side < 1 << nodes; side += 1) {
    const isNear = (node: number): boolean => ((side >> node) & 1) === 1
    if (!isNear(ends.source) || isNear(ends.sink)) continue
    const cut = edges.reduce((sum, { from, to, capacity }) => (isNear(from) && !isNear(to) ? sum + capacity : sum), 0)
    least = Math.min(least, cut)
  }
  return least
}

function ringsOf(edges: readonly TrustEdge[], preTrusted: readonly Did[]): readonly SybilRing[] {
  const found = findSybilRings({ edges, preTrusted, starvedPpm: STARVED_PPM_DEFAULT })
  if (found.kind === 'refused') throw new TypeError(found.code)
  return found.rings
}

function edge(from: Did, to: Did, weight: number): TrustEdge {
  return { from, to, weightMicros: BigInt(Math.round(weight * 1_000_000)) }
}

describe('maximum flow', () => {
  it('equals the minimum cut of every small graph', () => {
    const edges = fc.array(
      fc.record({ from: fc.nat(6), to: fc.nat(6), capacity: fc.nat(20) }).filter(({ from, to }) => from !== to),
      { maxLength: 22 },
    )
    fc.assert(
      fc.property(edges, (given) => {
        const cut = minimumCut(given, 7, { source: 0, sink: 6 })
        const question = { sources: [0], sinks: new Set([6]) }
        expect(maxFlow({ nodes: 7, edges: given }, { ...question, enough: 1e9 })).toBe(cut)
        expect(maxFlow({ nodes: 7, edges: given.toReversed() }, { ...question, enough: 1e9 })).toBe(cut)
        expect(maxFlow({ nodes: 7, edges: given }, { ...question, enough: 5 })).toBe(Math.min(cut, 5))
      }),
      { numRuns: 300 },
    )
  })

  it('follows a path of 20,000 nodes', () => {
    const edges = Array.from({ length: 19_999 }, (_, from) => ({ from, to: from + 1, capacity: 3 }))
    expect(maxFlow({ nodes: 20_000, edges }, { sources: [0], sinks: new Set([19_999]), enough: 100 })).toBe(3)
  })
})

/** An honest market: 40 peers, each traded with 8 others; the first four are pre-trusted. */
function honestMarket(seed: number): { readonly edges: TrustEdge[]; readonly preTrusted: readonly Did[] } {
  const random = createRandomStream(seed)
  const sums = new Map<string, TrustEdge>()
  for (let peer = 0; peer < 40; peer += 1) {
    for (let deal = 0; deal < 8; deal += 1) {
      const other = (peer + 1 + random.nextBelow(39)) % 40
      const value = 1 + random.nextBelow(5)
      for (const [from, to] of [
        [peer, other],
        [other, peer],
      ] as const)
        sums.set(`${from} ${to}`, edge(didOf(from), didOf(to), value))
    }
  }
  return { edges: [...sums.values()], preTrusted: [0, 1, 2, 3].map(didOf) }
}

describe('rings', () => {
  it('finds the ring behind one honest edge and says what may flow into it, for 20 seeds', () => {
    let falseAlarms = 0
    for (let seed = 1; seed <= 20; seed += 1) {
      const { edges, preTrusted } = honestMarket(seed)
      falseAlarms += ringsOf(edges, preTrusted).length
      const ring = Array.from({ length: 12 }, (_, index) => didOf(500 + index))
      for (const from of ring) for (const to of ring) if (from !== to) edges.push(edge(from, to, 20))
      edges.push(edge(didOf(20), didOf(500), 2), edge(didOf(500), didOf(20), 2))
      expect(ringsOf(edges, preTrusted)).toEqual([
        { kind: 'starved', members: ring, internalMicros: 2_640_000_000n, inflowMicros: 2_000_000n },
      ])
    }
    console.log(`rings of honest markets: ${falseAlarms} alarms in 20 markets of 40 peers`)
    expect(falseAlarms).toBe(0)
  })

  it('calls a part that nothing reaches unanchored', () => {
    const edges = [edge(didOf(0), didOf(1), 1), edge(didOf(8), didOf(9), 4), edge(didOf(9), didOf(8), 4)]
    expect(ringsOf(edges, [didOf(0)])).toEqual([
      { kind: 'unanchored', members: [didOf(8), didOf(9)], internalMicros: 8_000_000n, inflowMicros: 0n },
    ])
  })

  it('refuses without a pre-trusted set, and graphs beyond the limits', () => {
    const large = Array.from({ length: 2_001 }, (_, index) => edge(didOf(0), didOf(1 + index), 1))
    const search = { edges: large, preTrusted: [didOf(0)], starvedPpm: STARVED_PPM_DEFAULT }
    expect(findSybilRings({ ...search, preTrusted: [] })).toEqual({
      kind: 'refused',
      code: 'REPUTATION_PRETRUSTED_BAD',
    })
    expect(findSybilRings(search)).toEqual({ kind: 'refused', code: 'REPUTATION_GRAPH_LARGE' })
  })

  it('searches a market of 1,000 peers in bounded time', () => {
    const random = createRandomStream(9)
    const edges: TrustEdge[] = []
    const seen = new Set<string>()
    while (edges.length < 10_000) {
      const [from, to] = [random.nextBelow(1_000), random.nextBelow(1_000)]
      if (from === to || seen.has(`${from} ${to}`)) continue
      seen.add(`${from} ${to}`)
      edges.push(edge(didOf(from), didOf(to), 1 + random.nextBelow(9)))
    }
    const from = performance.now()
    const rings = ringsOf(edges, [0, 1, 2, 3, 4].map(didOf))
    const spentMs = Math.round(performance.now() - from)
    console.log(`1,000 peers, 10,000 edges: ${rings.length} rings, ${spentMs} ms`)
    expect(rings).toEqual([])
  })
})
