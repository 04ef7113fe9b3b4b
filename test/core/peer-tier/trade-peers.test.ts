import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Amount } from '../../../src/base/money.ts'
import { PEER_SAVING_MIN, PEER_SUCCESS_MIN } from '../../../src/core/peer-tier/trade-peers.ts'
import { chooseRoute, type RouteChoice } from '../../../src/core/policy/choose-route.ts'
import { replayDecision } from '../../../src/core/policy/replay-decision.ts'
import type { DecisionCandidate, DecisionRecord } from '../../../src/core/routing/decision-record.ts'

const nanos = (value: number): Amount => BigInt(Math.round(value)) as Amount

const model = (modelId: string, success: number, cost: number): DecisionCandidate => ({
  modelId,
  tier: modelId.startsWith('premium') ? 'premium_api' : 'cheap_api',
  predictedSuccess: success,
  expectedCostNanos: nanos(cost),
  expectedLatencyS: 2,
})

type PeerInit = {
  readonly success?: number
  readonly cost?: number | undefined
  readonly latencyS?: number
  readonly caught?: number
}

const peer = (name: string, init: PeerInit = {}): DecisionCandidate => {
  const { success = 0.8, latencyS = 5, caught = 0.75 } = init
  const cost = 'cost' in init ? init.cost : 200_000
  return {
    modelId: `peer/${name}`,
    tier: 'peer',
    predictedSuccess: success,
    expectedCostNanos: cost === undefined ? undefined : nanos(cost),
    expectedLatencyS: latencyS,
    caughtShare: caught,
  }
}

const CHEAP = model('cheap', 0.8, 1_000_000)
const PREMIUM = model('premium', 0.95, 20_000_000)

type Change = Partial<Omit<RouteChoice, 'rule'>> & { readonly rule?: Partial<RouteChoice['rule']> }

function decide(peers: readonly DecisionCandidate[], { rule, ...rest }: Change = {}): DecisionRecord {
  return chooseRoute({
    risk: 'low',
    riskReasons: [],
    difficulty: 3,
    domain: 'general',
    candidates: [CHEAP, PREMIUM, ...peers],
    expectedTokensOut: 600,
    maxBudgetNanos: undefined,
    policyVersion: 'priors-1',
    priceVersion: 'prices',
    scorer: 'priors',
    featureHash: undefined,
    draw: 0.5,
    ...rest,
    rule: {
      fixedRoute: 'auto',
      quality: 0.7,
      isCascadeAllowed: true,
      recentFailures: 0,
      explorationRate: 0,
      isCompound: false,
      peers: { riskMax: 'low', latencyMsMax: 20_000 },
      ...rule,
    },
  })
}

const planOf = ({ plan }: DecisionRecord): readonly string[] => plan.map(({ modelId }) => modelId)
const whyNot = ({ candidates }: DecisionRecord, name = 'peer/a'): string | undefined =>
  candidates.find(({ modelId }) => modelId === name)?.excludedBecause

describe('trading with peers', () => {
  it('asks a peer before the plan where that comes to less, and holds its answer back until it is checked', () => {
    const record = decide([peer('a')])
    expect(planOf(record)).toEqual(['peer/a', 'cheap', 'premium'])
    expect(record.route).toBe('hybrid')
    expect(record.expectedCostNanos).toBeLessThan(decide([]).expectedCostNanos ?? 0n)
    expect(record.candidates.find(({ modelId }) => modelId === 'peer/a')?.propensity).toBe(1)
    expect(record.candidates.find(({ modelId }) => modelId === 'cheap')?.propensity).toBe(0)
  })

  it.each([
    ['no peer is bought from', {}, { rule: { peers: undefined } }],
    ['the route is fixed', {}, { rule: { fixedRoute: 'cheap' } }],
    ['tasks of medium risk do not leave', {}, { risk: 'medium' }],
    ['tasks of high risk do not leave', {}, { risk: 'high' }],
    ['the task is to be split', {}, { difficulty: 5, rule: { isCompound: true } }],
    ['its price is unknown', { cost: undefined }, {}],
    ['it answers later than is waited for', { latencyS: 21 }, {}],
    ['it costs more than the budget', { cost: 1_100_000 }, { maxBudgetNanos: nanos(1_050_000) }],
    ['its answers are right in 41 % of the cases, too few to check', { success: 0.41 }, {}],
  ] as readonly (readonly [string, PeerInit, Change])[])('says why not: %s', (because, init, change) => {
    const record = decide([peer('a', init)], change)
    expect(whyNot(record)).toBe(because)
    expect(planOf(record)).not.toContain('peer/a')
  })

  it('names what it would have come to where that saves too little', () => {
    const record = decide([peer('a', { cost: 4_000_000 })])
    expect(whyNot(record)).toMatch(/^it comes to \$0\.005[0-9]* in all, and the task to \$0\.005 without$/)
  })

  it('keeps the quality bound: what its checks do not catch counts', () => {
    const unchecked = decide([peer('a', { success: 0.6, cost: 0, caught: 0 })])
    expect(whyNot(unchecked)).toBe('right in 60 % of the cases after its checks, below 70 %')
    expect(planOf(decide([peer('a', { success: 0.6, cost: 0, caught: 0.75 })]))[0]).toBe('peer/a')
  })

  it('asks one peer at most, whatever names it has', () => {
    const record = decide([peer('a'), peer('b'), peer('c', { cost: 100_000 })])
    expect(planOf(record).filter((id) => id.startsWith('peer/'))).toEqual(['peer/c'])
    expect(whyNot(record)).toBe('another peer is the better buy')
  })

  it('chooses between equal peers by the draw, so that no name is worth having', () => {
    const first = new Set(
      Array.from({ length: 64 }, (_, at) => planOf(decide([peer('a'), peer('b')], { draw: at / 64 }))[0]),
    )
    expect(first).toEqual(new Set(['peer/a', 'peer/b']))
  })

  it('trades success for cost where the operator does', () => {
    const rule = { successPerUsd: 10 }
    expect(planOf(decide([peer('a', { success: 0.95, cost: 0 })], { rule }))[0]).toBe('peer/a')
    expect(whyNot(decide([peer('a', { success: 0.5, caught: 0, cost: 0 })], { rule }))).toBe(
      'what it saves is not worth what it risks',
    )
  })

  it('leaves a draw that tries a model alone', () => {
    const rule = { explorationRate: 1 }
    const record = decide([peer('a')], { rule, draw: 0.9 })
    expect(planOf(record)[0]).toBe('premium')
    expect(whyNot(record)).toBe('the draw tries a model')
  })

  const peers = fc.array(
    fc.record({
      success: fc.double({ min: 0, max: 1, noNaN: true }),
      cost: fc.integer({ min: 0, max: 30_000_000 }),
      latencyS: fc.double({ min: 0, max: 40, noNaN: true }),
      caught: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 5 },
  )
  const rules = fc.record({
    quality: fc.double({ min: 0, max: 1, noNaN: true }),
    recentFailures: fc.integer({ min: 0, max: 3 }),
    isCascadeAllowed: fc.boolean(),
  })
  const named = (inits: readonly PeerInit[]): readonly DecisionCandidate[] =>
    inits.map((init, at) => peer(`p${at}`, init))

  it('never buys above what the task costs without, nor below the bound, nor beyond the wait, nor from a proven liar', () => {
    fc.assert(
      fc.property(peers, rules, fc.double({ min: 0, max: 0.999, noNaN: true }), (inits, rule, draw) => {
        const without = decide([], { rule, draw })
        const record = decide(named(inits), { rule, draw })
        const [first, ...rest] = record.plan
        if (first?.tier !== 'peer') {
          expect(planOf(record)).toEqual(planOf(without))
          return
        }
        const bought = record.candidates.find(({ modelId }) => modelId === first.modelId)
        const alone = Number(without.expectedCostNanos)
        expect(Number(record.expectedCostNanos)).toBeLessThanOrEqual(alone * (1 - PEER_SAVING_MIN) + 1)
        expect(Number(bought?.expectedCostNanos)).toBeLessThanOrEqual(alone)
        expect(record.confidence).toBeGreaterThanOrEqual(Math.min(rule.quality, without.confidence))
        expect(bought?.expectedLatencyS).toBeLessThanOrEqual(20)
        expect(bought?.predictedSuccess).toBeGreaterThanOrEqual(PEER_SUCCESS_MIN)
        expect(rest.map(({ modelId }) => modelId)).toEqual(planOf(without))
        expect(
          record.candidates.filter(({ tier, excludedBecause }) => tier === 'peer' && excludedBecause === undefined),
        ).toHaveLength(1)
      }),
      { numRuns: 300 },
    )
  })

  it('buys the more from a peer the cheaper and the better it is', () => {
    const better = fc.tuple(fc.integer({ min: 0, max: 1_000_000 }), fc.double({ min: 0, max: 0.5, noNaN: true }))
    fc.assert(
      fc.property(peers, better, rules, (inits, [cheaper, likelier], rule) => {
        const [one] = inits
        if (one === undefined) return
        const isBought = (init: PeerInit): boolean => planOf(decide([peer('a', init)], { rule }))[0] === 'peer/a'
        if (!isBought(one)) return
        expect(isBought({ ...one, cost: Math.max(0, (one.cost ?? 0) - cheaper) })).toBe(true)
        expect(isBought({ ...one, success: Math.min(1, (one.success ?? 0) + likelier) })).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('is decided again from its record, to the letter', () => {
    fc.assert(
      fc.property(peers, rules, (inits, rule) => {
        const record = decide(named(inits), { rule })
        expect(replayDecision(record)).toEqual(record)
      }),
      { numRuns: 100 },
    )
  })
})
