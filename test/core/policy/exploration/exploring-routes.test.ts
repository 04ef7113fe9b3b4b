import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Amount } from '../../../../src/base/money.ts'
import { chooseRoute, type RouteChoice } from '../../../../src/core/policy/choose-route.ts'
import { EXPLORATION_METHODS, type ExplorationRule } from '../../../../src/core/policy/exploration/exploration-rule.ts'
import { replayDecision } from '../../../../src/core/policy/replay-decision.ts'
import type { DecisionCandidate, DecisionRecord, DecisionRule } from '../../../../src/core/routing/decision-record.ts'

type Model = readonly [
  modelId: string,
  tier: DecisionCandidate['tier'],
  success: number,
  deviation: number,
  cost: number,
]

const LOCAL: Model = ['local', 'local_medium', 0.6, 0.1, 0]
const CHEAP: Model = ['cheap', 'cheap_api', 0.75, 0.1, 1_000_000]
const PREMIUM: Model = ['premium', 'premium_api', 0.95, 0.05, 20_000_000]

const candidateOf = ([modelId, tier, predictedSuccess, uncertainty, cost]: Model): DecisionCandidate => ({
  modelId,
  tier,
  predictedSuccess,
  uncertainty,
  expectedCostNanos: BigInt(cost) as Amount,
  expectedLatencyS: 1,
})

const RULE: ExplorationRule = { method: 'thompson', floor: 0.03, contenders: 0, width: 1.5, regretLeft: {} }

type Change = {
  readonly models?: readonly Model[]
  readonly choice?: Partial<RouteChoice>
  readonly rule?: Partial<DecisionRule>
  readonly explore?: Partial<ExplorationRule>
}

function decide({ models = [PREMIUM, CHEAP, LOCAL], choice, rule, explore }: Change = {}): DecisionRecord {
  return chooseRoute({
    risk: 'low',
    riskReasons: [],
    difficulty: 3,
    domain: 'general',
    candidates: models.map(candidateOf),
    expectedTokensOut: 600,
    maxBudgetNanos: undefined,
    policyVersion: 'policy-1',
    priceVersion: 'prices',
    scorer: 'typescript',
    featureHash: undefined,
    draw: 0.5,
    ...choice,
    rule: {
      fixedRoute: 'auto',
      quality: 0.7,
      isCascadeAllowed: false,
      recentFailures: 0,
      explorationRate: 0,
      explore: { ...RULE, ...explore },
      isCompound: false,
      ...rule,
    },
  })
}

const propensities = (record: DecisionRecord): Readonly<Record<string, number | undefined>> =>
  Object.fromEntries(record.candidates.map(({ modelId, propensity }) => [modelId, propensity]))

describe('drawing the first model', () => {
  it('gives every usable candidate its probability, and the record that of the one drawn', () => {
    const record = decide({ explore: { method: 'epsilon', floor: 0.3 } })
    expect(propensities(record)).toEqual({ local: 0.3 / 3, cheap: 0.3 / 3 + 0.7, premium: 0.3 / 3 })
    expect(record.propensity).toBe(propensities(record)[record.plan[0]?.modelId ?? ''])
  })

  it('sums to 1 over usable candidates, is kept by a replay, and draws each as often as it says', () => {
    const model = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 0.4, noNaN: true }),
      fc.integer({ min: 0, max: 50_000_000 }),
    )
    const input = fc.record({
      models: fc.array(model, { minLength: 1, maxLength: 8 }),
      method: fc.constantFrom(...EXPLORATION_METHODS),
      floor: fc.double({ min: 0, max: 0.4, noNaN: true }),
      contenders: fc.double({ min: 0, max: 0.5, noNaN: true }),
      successPerUsd: fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: undefined }),
      isQualityAsked: fc.boolean(),
      budget: fc.option(fc.integer({ min: 0, max: 50_000_000 }), { nil: undefined }),
      draw: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
    })
    fc.assert(
      fc.property(input, ({ models, method, floor, contenders, successPerUsd, isQualityAsked, budget, draw }) => {
        const record = decide({
          models: models.map(([success, deviation, cost], place) => [
            `model-${place}`,
            'cheap_api',
            success,
            deviation,
            cost,
          ]),
          choice: { draw, maxBudgetNanos: budget === undefined ? undefined : (BigInt(budget) as Amount) },
          rule: { isQualityAsked, ...(successPerUsd !== undefined && !isQualityAsked && { successPerUsd }) },
          explore: { method, floor, contenders },
        })
        const all = record.candidates.map(({ propensity = Number.NaN }) => propensity)
        expect(all.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9)
        expect(record.propensity).toBeGreaterThan(0)
        expect(record.propensity).toBe(propensities(record)[record.plan[0]?.modelId ?? ''])
        expect(replayDecision(structuredClone(record))).toEqual(record)
      }),
      { seed: 11, numRuns: 300 },
    )
  })

  it('draws each candidate as often as its propensity says', () => {
    const counts = new Map<string, number>()
    const rounds = 2_000
    const record = decide()
    for (let round = 0; round < rounds; round += 1) {
      const first = decide({ choice: { draw: (round + 0.5) / rounds } }).plan[0]?.modelId ?? ''
      counts.set(first, (counts.get(first) ?? 0) + 1 / rounds)
    }
    for (const [modelId, chance] of Object.entries(propensities(record)))
      expect(Math.abs((counts.get(modelId) ?? 0) - (chance ?? 0))).toBeLessThan(0.001)
  })

  it('by LinUCB takes the best upper bound, by Thompson everybody in proportion to the doubt', () => {
    const models: readonly Model[] = [
      ['known', 'cheap_api', 0.8, 0.01, 1_000_000],
      ['doubtful', 'cheap_api', 0.75, 0.2, 1_000_000],
    ]
    const rule = { successPerUsd: 1 }
    const upper = propensities(decide({ models, rule, explore: { method: 'linucb', floor: 0 } }))
    expect(upper).toEqual({ known: 0, doubtful: 1 })
    const matched = propensities(decide({ models, rule, explore: { floor: 0 } }))
    // The difference is normal around -0.05 with a deviation of 0.2.
    expect(matched['doubtful']).toBeCloseTo(0.4013, 2)
  })

  it('gives the part of contenders to nobody that a cheaper candidate surpasses', () => {
    const models: readonly Model[] = [
      ['better', 'cheap_api', 0.8, 0.02, 1_000_000],
      ['worse', 'premium_api', 0.6, 0.02, 20_000_000],
      ['best', 'premium_api', 0.9, 0.02, 20_000_000],
    ]
    const explore = { method: 'epsilon', floor: 0, contenders: 0.5 } as const
    expect(propensities(decide({ models, explore }))).toEqual({ better: 0.75, worse: 0, best: 0.25 })
  })
})

describe('exploration keeps out of', () => {
  const draws = [0.01, 0.2, 0.4, 0.6, 0.8, 0.99]
  const firsts = (change: Change): ReadonlySet<string | undefined> =>
    new Set(draws.map((draw) => decide({ ...change, choice: { ...change.choice, draw } }).plan[0]?.modelId))
  const explore = { method: 'epsilon', floor: 0.9 } as const

  it('nothing where all may be drawn', () => {
    expect(firsts({ explore })).toEqual(new Set(['local', 'cheap', 'premium']))
  })

  it('tasks of high risk and routes that the caller fixed', () => {
    expect(firsts({ explore, choice: { risk: 'high' } })).toEqual(new Set(['premium']))
    expect(firsts({ explore, rule: { fixedRoute: 'cheap' } })).toEqual(new Set(['cheap']))
  })

  it('candidates below a quality that was asked for, above the budget, or not usable', () => {
    expect(firsts({ explore, rule: { isQualityAsked: true } })).toEqual(new Set(['cheap', 'premium']))
    expect(firsts({ explore, choice: { maxBudgetNanos: 2_000_000n as Amount } })).toEqual(new Set(['local', 'cheap']))
    const excluded = [...[CHEAP, PREMIUM].map(candidateOf), { ...candidateOf(LOCAL), excludedBecause: 'lacks tools' }]
    expect(firsts({ explore, choice: { candidates: excluded } })).toEqual(new Set(['cheap', 'premium']))
  })
})

describe('the regret of exploration', () => {
  const explore = { method: 'epsilon', floor: 0.3 } as const

  it('is what the draw is expected to cost, success above the bound not counted', () => {
    const { exploration } = decide({ explore })
    expect(exploration?.utility).toBeCloseTo(0.1 * (0.7 - 0.6), 9)
    expect(exploration?.usd).toBeCloseTo(0.1 * 0.019 - 0.1 * 0.001, 9)
  })

  it('counts dollars at their weight where cost is traded', () => {
    // Worth 0.6, 0.74 and 0.75: the premium model is best.
    const { exploration } = decide({ explore, rule: { successPerUsd: 10 } })
    expect(exploration?.utility).toBeCloseTo(0.1 * (0.75 - 0.6) + 0.1 * (0.75 - 0.74), 9)
    expect(exploration?.usd).toBe(0)
  })

  it('stops exploration when less is left, and the record says so and replays', () => {
    for (const regretLeft of [{ utility: 0.009 }, { usd: 0.0017 }]) {
      const record = decide({ explore: { ...explore, regretLeft }, choice: { draw: 0.01 } })
      expect(record).toMatchObject({ propensity: 1, exploration: { utility: 0, usd: 0 } })
      expect(record.plan[0]?.modelId).toBe('cheap')
      expect(record.reasons.join(' ')).toContain('used up')
      expect(replayDecision(structuredClone(record))).toEqual(record)
    }
    const enough = decide({
      explore: { ...explore, regretLeft: { utility: 0.011, usd: 0.0019 } },
      choice: { draw: 0.01 },
    })
    expect(enough.plan[0]?.modelId).toBe('local')
  })
})
