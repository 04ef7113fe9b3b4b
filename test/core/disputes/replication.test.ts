import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { commitmentOf } from '../../../src/core/disputes/commitment.ts'
import { findCredibleResult, nextReplicaScore, replicaWeight } from '../../../src/core/disputes/credibility.ts'
import {
  formatReplicationEvent,
  formatReplicationState,
  parseReplicationEvent,
  parseReplicationState,
} from '../../../src/core/disputes/replication-codec.ts'
import {
  REPLICATION_MACHINE,
  type ReplicationEffect,
  type ReplicationEvent,
  type ReplicationState,
  type ReplicationTerms,
} from '../../../src/core/disputes/replication-machine.ts'
import { isSpotChecked, minimumPenaltyNanos, minimumRatePpm } from '../../../src/core/disputes/spot-check.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { contractOf, didOf, hashOf, signedBy } from '../reputation/reputation-market.ts'

const REPLICAS = [1, 2, 3].map(didOf)
const [ONE, TWO, THREE] = [didOf(1), didOf(2), didOf(3)]

const TERMS: ReplicationTerms = {
  contract: contractOf('task'),
  round: 0,
  replicas: REPLICAS.map((did) => ({ did, weight: 2n })),
  trust: 4n,
  quorum: 2,
  commitBy: timestampFromMs(100),
  revealBy: timestampFromMs(200),
}

function commitmentBy(iss: Did, what: string): ReturnType<typeof hashOf> {
  const init = {
    domain: 'replica',
    contract: TERMS.contract,
    round: 0,
    iss,
    salt: `salt ${iss}`,
    value: hashOf(what),
  } as const
  return commitmentOf(init)
}

function committed(iss: Did, what: string, at = 1): ReplicationEvent {
  return { ...signedBy(iss, 'commit', at), type: 'result-committed', commitment: commitmentBy(iss, what) }
}

function revealed(iss: Did, what: string, at = 2): ReplicationEvent {
  return { ...signedBy(iss, 'reveal', at), type: 'result-revealed', result: hashOf(what), salt: `salt ${iss}` }
}

function fired(name: 'commit' | 'reveal', at: number): ReplicationEvent {
  return { type: 'timer-fired', name, at: timestampFromMs(at) }
}

function run(
  events: readonly ReplicationEvent[],
  first: ReplicationState = REPLICATION_MACHINE.initial({ terms: TERMS, at: timestampFromMs(0) }),
): { readonly state: ReplicationState; readonly effects: readonly ReplicationEffect[] } {
  let state = first
  const effects: ReplicationEffect[] = []
  for (const event of events) {
    expect(parseReplicationEvent(JSON.parse(canonicalJson(formatReplicationEvent(event))))).toEqual(event)
    const step = REPLICATION_MACHINE.transition(state, event)
    const text = canonicalJson(formatReplicationState(step.state))
    expect(parseReplicationState(JSON.parse(text), step.state.terms)).toEqual(step.state)
    if (step.effects.some(({ type }) => type === 'event-refused')) expect(step.state).toBe(state)
    expect(REPLICATION_MACHINE.violations(step.state)).toEqual([])
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}

function codeOf(event: ReplicationEvent, state: ReplicationState): string {
  const [effect] = run([event], state).effects
  return effect?.type === 'event-refused' ? effect.code : 'taken'
}

describe('credibility', () => {
  const says = (...results: readonly (readonly [string, bigint])[]) =>
    results.map(([result, weight], index) => ({ replica: didOf(index), result: hashOf(result), weight }))

  it('one newcomer is believed with 2/3, two with 4/5, seven with 128/129', () => {
    const newcomers = (count: number) => says(...Array.from({ length: count }, () => ['a', 2n] as const))
    expect(findCredibleResult(newcomers(1), { trust: 3n, quorum: 1 })).toBe(hashOf('a'))
    expect(findCredibleResult(newcomers(1), { trust: 4n, quorum: 1 })).toBeUndefined()
    expect(findCredibleResult(newcomers(2), { trust: 5n, quorum: 1 })).toBe(hashOf('a'))
    expect(findCredibleResult(newcomers(2), { trust: 6n, quorum: 1 })).toBeUndefined()
    expect(findCredibleResult(newcomers(6), { trust: 100n, quorum: 1 })).toBeUndefined()
    expect(findCredibleResult(newcomers(7), { trust: 100n, quorum: 1 })).toBe(hashOf('a'))
  })

  it('others who disagree lower it: 8 / (1 + 8 + 2) is below 3/4', () => {
    const split = says(['a', 2n], ['a', 2n], ['a', 2n], ['b', 2n])
    expect(findCredibleResult(split, { trust: 3n, quorum: 2 })).toBe(hashOf('a'))
    expect(findCredibleResult(split, { trust: 4n, quorum: 2 })).toBeUndefined()
  })

  it('asks for the quorum, and takes none of two as heavy', () => {
    expect(findCredibleResult(says(['a', 100n]), { trust: 2n, quorum: 2 })).toBeUndefined()
    expect(findCredibleResult(says(['a', 3n], ['b', 3n]), { trust: 1n, quorum: 1 })).toBeUndefined()
    expect(findCredibleResult(says(['a', 3n], ['b', 4n]), { trust: 1n, quorum: 1 })).toBe(hashOf('b'))
  })

  it('scores as in Proof of Contribution', () => {
    expect([0, 9, 11, 12, 30, 300].map(replicaWeight)).toEqual([2n, 2n, 2n, 3n, 9n, 99n])
    expect([
      nextReplicaScore(9, true),
      nextReplicaScore(9, false),
      nextReplicaScore(10, false),
      nextReplicaScore(0, false),
    ]).toEqual([10, 6, 6, 0])
  })

  it('does not depend on the order of contributions', () => {
    const any = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.bigInt(1n, 5n)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(any, fc.bigInt(1n, 9n), (results, trust) => {
        const given = says(...results)
        const init = { trust, quorum: 1 }
        expect(findCredibleResult(given.toReversed(), init)).toBe(findCredibleResult(given, init))
      }),
    )
  })
})

describe('commit and reveal', () => {
  it('ends when all have revealed, and says who agreed', () => {
    const { effects } = run([
      committed(ONE, 'a'),
      committed(TWO, 'a'),
      committed(THREE, 'b'),
      revealed(ONE, 'a'),
      revealed(TWO, 'a'),
      revealed(THREE, 'b'),
    ])
    expect(effects).toEqual([
      { type: 'start-timer', name: 'reveal', firesAt: 200 },
      // 4 / (1 + 4 + 2) is below 3/4.
      { type: 'replication-ended', contract: TERMS.contract, result: undefined, agreed: [], dissented: [], silent: [] },
    ])
  })

  it('a credible result names who dissented and who kept silent', () => {
    const { effects } = run([
      committed(ONE, 'a'),
      committed(TWO, 'a'),
      fired('commit', 100),
      revealed(ONE, 'a', 101),
      revealed(TWO, 'a', 102),
    ])
    expect(effects.at(-1)).toEqual({
      type: 'replication-ended',
      contract: TERMS.contract,
      result: hashOf('a'),
      agreed: [ONE, TWO],
      dissented: [],
      silent: [THREE],
    })
  })

  it('a copied commitment opens for nobody but its author', () => {
    const copy: ReplicationEvent = {
      ...signedBy(TWO, 'commit', 1),
      type: 'result-committed',
      commitment: commitmentBy(ONE, 'a'),
    }
    const { state } = run([committed(ONE, 'a'), copy, committed(THREE, 'a')])
    const stolen: ReplicationEvent = {
      ...signedBy(TWO, 'reveal', 2),
      type: 'result-revealed',
      result: hashOf('a'),
      salt: `salt ${ONE}`,
    }
    expect(codeOf(stolen, state)).toBe('DISPUTE_REVEAL_WRONG')
    expect(codeOf(revealed(TWO, 'a'), state)).toBe('DISPUTE_REVEAL_WRONG')
    const { effects } = run([revealed(ONE, 'a'), revealed(THREE, 'a'), fired('reveal', 200)], state)
    expect(effects.at(-1)).toMatchObject({ agreed: [ONE, THREE], silent: [TWO] })
  })

  it('nobody commits after the first result is out, nor reveals before all are in', () => {
    const { state } = run([committed(ONE, 'a'), committed(TWO, 'a')])
    expect(codeOf(revealed(ONE, 'a'), state)).toBe('DISPUTE_STATE_WRONG')
    const opened = run([fired('commit', 100), revealed(ONE, 'a', 101)], state).state
    expect(codeOf(committed(THREE, 'a', 102), opened)).toBe('DISPUTE_STATE_WRONG')
    expect(codeOf(revealed(THREE, 'a', 102), opened)).toBe('DISPUTE_COMMITMENT_MISSING')
    expect(codeOf(committed(ONE, 'b'), state)).toBe('DISPUTE_COMMITMENT_EXISTS')
    expect(codeOf(committed(didOf(9), 'b'), state)).toBe('DISPUTE_SIGNER_WRONG')
  })

  it('deadlines count to the tick', () => {
    const start = run([committed(ONE, 'a'), committed(TWO, 'a')]).state
    expect([99, 100, 101].map((at) => codeOf(committed(THREE, 'a', at), start))).toEqual([
      'taken',
      'DISPUTE_DEADLINE_PASSED',
      'DISPUTE_DEADLINE_PASSED',
    ])
    const open = run([fired('commit', 100)], start).state
    expect([199, 200, 201].map((at) => codeOf(revealed(ONE, 'a', at), open))).toEqual([
      'taken',
      'DISPUTE_DEADLINE_PASSED',
      'DISPUTE_DEADLINE_PASSED',
    ])
    expect([99, 100].map((at) => codeOf(fired('commit', at), start))).toEqual(['DISPUTE_TIMER_EARLY', 'taken'])
    expect([199, 200].map((at) => codeOf(fired('reveal', at), open))).toEqual(['DISPUTE_TIMER_EARLY', 'taken'])
    expect(codeOf(fired('commit', 200), open)).toBe('DISPUTE_TIMER_EARLY')
  })

  it('ends without a result when nobody commits', () => {
    expect(run([fired('commit', 100)]).effects).toMatchObject([
      { type: 'replication-ended', silent: REPLICAS, result: undefined },
    ])
  })
})

describe('spot checks', () => {
  it('the smallest penalty leaves nothing to gain, one less does not always', () => {
    expect(minimumPenaltyNanos(amountFromNanos(100n), 100_000n)).toBe(1_000n)
    expect(minimumPenaltyNanos(amountFromNanos(1n), 333_333n)).toBe(4n)
    expect(minimumPenaltyNanos(amountFromNanos(18_446_744_073_709_551_615n), 1n)).toBeUndefined()
    expect(minimumPenaltyNanos(amountFromNanos(1n), 0n)).toBeUndefined()
    expect(minimumRatePpm(amountFromNanos(100n), amountFromNanos(1_000n))).toBe(100_000n)
    expect(minimumRatePpm(amountFromNanos(100n), amountFromNanos(99n))).toBeUndefined()
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 12n), fc.bigInt(1n, 1_000_000n), (gain, rate) => {
        const penalty = minimumPenaltyNanos(amountFromNanos(gain), rate) ?? 0n
        expect(penalty * rate >= gain * 1_000_000n).toBe(true)
        expect(penalty === 0n || (penalty - 1n) * rate < gain * 1_000_000n).toBe(true)
      }),
    )
  })

  it('draws the share that it says, the same for everybody', () => {
    const drawn = (ppm: bigint): number =>
      Array.from({ length: 4_000 }, (_, index) => isSpotChecked(contractOf(`c${index}`), hashOf('beacon'), ppm)).filter(
        Boolean,
      ).length
    expect([0n, 1_000_000n].map(drawn)).toEqual([0, 4_000])
    expect(Math.abs(drawn(250_000n) - 1_000)).toBeLessThan(110)
  })
})
