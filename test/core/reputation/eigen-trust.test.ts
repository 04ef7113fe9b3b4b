import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Did } from '../../../src/core/evidence/names.ts'
import {
  EIGEN_TRUST_DEFAULTS,
  eigenTrust,
  type EigenTrust,
  type EigenTrustInit,
  ringTrustBound,
  TRUST_TOTAL,
} from '../../../src/core/reputation/eigen-trust.ts'
import type { TrustEdge } from '../../../src/core/reputation/trust-graph.ts'
import { didOf } from './reputation-market.ts'

const [A, B, C, D] = [didOf(1), didOf(2), didOf(3), didOf(4)]

function edge(from: Did, to: Did, weight = 1): TrustEdge {
  return { from, to, weightMicros: BigInt(weight) * 1_000_000n }
}

function trustOf(init: Partial<EigenTrustInit> & Pick<EigenTrustInit, 'edges'>): EigenTrust {
  const result = eigenTrust({ ...EIGEN_TRUST_DEFAULTS, preTrusted: [{ peer: A, weight: 1n }], ...init })
  if (result.kind === 'refused') throw new TypeError(result.code)
  return result
}

function unitsOf(trust: EigenTrust): readonly number[] {
  return [...trust.units.values()].map(Number)
}

describe('the formula of the paper, by hand', () => {
  const edges = [edge(A, B), edge(A, C), edge(B, C), edge(C, A)]

  it('one step from t = p with a = 0.2 is (0.2, 0.4, 0.4)', () => {
    const trust = trustOf({ edges, returnPpm: 200_000n, iterationsMax: 1 })
    expect(unitsOf(trust)).toEqual([2e11, 4e11, 4e11])
    expect(trust.isConverged).toBe(false)
    expect(trust.residualUnits).toBe(1_600_000_000_000n)
  })

  it('two steps are (0.52, 0.08, 0.4)', () => {
    expect(unitsOf(trustOf({ edges, returnPpm: 200_000n, iterationsMax: 2 }))).toEqual([5.2e11, 0.8e11, 4e11])
  })

  it('the limit is 25/53, 10/53, 18/53', () => {
    const trust = trustOf({ edges, returnPpm: 200_000n, residualMaxUnits: 10n })
    expect(trust.isConverged).toBe(true)
    for (const [index, share] of [25, 10, 18].entries())
      expect(Math.abs((unitsOf(trust)[index] ?? 0) - (share * 1e12) / 53)).toBeLessThan(100)
  })

  it('a peer that trusts nobody trusts the pre-trusted set: A -> B with a = 0.5 gives 2/3, 1/3', () => {
    const trust = trustOf({ edges: [edge(A, B)], returnPpm: 500_000n, residualMaxUnits: 2n })
    expect(unitsOf(trust).map((units) => Math.round(units / 1e6))).toEqual([666_667, 333_333])
  })

  it('weights divide trust in proportion, and a peer cannot trust itself', () => {
    const trust = trustOf({
      edges: [edge(A, B, 3), edge(A, C, 1), edge(A, A, 50), edge(B, B, 9)],
      returnPpm: 500_000n,
      iterationsMax: 1,
    })
    expect(unitsOf(trust)).toEqual([5e11, 3.75e11, 1.25e11])
  })

  it('two pre-trusted peers of weights 3 and 1 hold that when nobody is rated', () => {
    const preTrusted = [
      { peer: B, weight: 1n },
      { peer: A, weight: 3n },
    ]
    expect(unitsOf(trustOf({ edges: [], preTrusted }))).toEqual([7.5e11, 2.5e11])
  })
})

describe('limits', () => {
  it.each([
    ['REPUTATION_PRETRUSTED_BAD', { preTrusted: [] }],
    ['REPUTATION_PRETRUSTED_BAD', { preTrusted: [{ peer: A, weight: 0n }] }],
    [
      'REPUTATION_PRETRUSTED_BAD',
      {
        preTrusted: [
          { peer: A, weight: 1n },
          { peer: A, weight: 1n },
        ],
      },
    ],
    ['REPUTATION_POLICY_BAD', { returnPpm: 0n }],
    ['REPUTATION_GRAPH_LARGE', { edges: Array.from({ length: 200_001 }, () => edge(A, B)) }],
  ])('%s', (code, change) => {
    const init = { ...EIGEN_TRUST_DEFAULTS, edges: [edge(A, B)], preTrusted: [{ peer: A, weight: 1n }], ...change }
    expect(eigenTrust(init)).toEqual({ kind: 'refused', code })
  })
})

const GRAPHS = fc.uniqueArray(
  fc.record({ from: fc.nat(9), to: fc.nat(9), weight: fc.integer({ min: 1, max: 1_000 }) }),
  { maxLength: 40, selector: ({ from, to }) => `${from} ${to}` },
)

describe('properties', () => {
  it('sums to the whole exactly, gives the same bits in any order of edges, and converges', () => {
    fc.assert(
      fc.property(GRAPHS, (graph) => {
        const edges = graph.map(({ from, to, weight }) => edge(didOf(from), didOf(to), weight))
        const trust = trustOf({ edges })
        expect([...trust.units.values()].reduce((sum, units) => sum + units, 0n)).toBe(TRUST_TOTAL)
        expect(trustOf({ edges: edges.toReversed() })).toEqual(trust)
        expect(trust.isConverged).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('a ring cannot raise its sum above what flows in, whatever its members say of each other', () => {
    fc.assert(
      fc.property(GRAPHS, fc.integer({ min: 1, max: 1_000_000 }), (graph, boast) => {
        const edges = graph.map(({ from, to, weight }) => edge(didOf(from), didOf(to), weight))
        const ring = [6, 7, 8, 9].map(didOf)
        const members = new Set(ring)
        const boasting = edges.filter(({ from }) => !members.has(from))
        for (const from of ring) for (const to of ring) if (from !== to) boasting.push(edge(from, to, boast))
        const trust = trustOf({ edges: boasting })
        const sum = ring.reduce((total, peer) => total + (trust.units.get(peer) ?? 0n), 0n)
        expect(sum <= ringTrustBound({ edges: boasting, ...EIGEN_TRUST_DEFAULTS }, trust, members)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('a ring without an honest edge has nothing, however large', () => {
    const ring = Array.from({ length: 50 }, (_, index) => didOf(100 + index))
    const edges = ring.flatMap((from) => ring.filter((to) => to !== from).map((to) => edge(from, to, 1_000)))
    const trust = trustOf({ edges: [...edges, edge(A, D), edge(D, A)] })
    expect(ring.every((peer) => trust.units.get(peer) === 0n)).toBe(true)
  })
})
