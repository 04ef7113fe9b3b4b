import { describe, expect, it } from 'vitest'
import type { Amount } from '../../../src/base/money.ts'
import { chooseRoute, type RouteChoice } from '../../../src/core/policy/choose-route.ts'
import { replayDecision } from '../../../src/core/policy/replay-decision.ts'
import type { DecisionCandidate, DecisionRecord } from '../../../src/core/routing/decision-record.ts'

type Model = readonly [modelId: string, tier: DecisionCandidate['tier'], success: number, costNanos: number | undefined]

const LOCAL: Model = ['local', 'local_medium', 0.6, 0]
const CHEAP: Model = ['cheap', 'cheap_api', 0.75, 1_000_000]
const PREMIUM: Model = ['premium', 'premium_api', 0.95, 20_000_000]

function candidates(...models: readonly Model[]): readonly DecisionCandidate[] {
  return models.map(([modelId, tier, predictedSuccess, cost]) => ({
    modelId,
    tier,
    predictedSuccess,
    expectedCostNanos: cost === undefined ? undefined : (BigInt(cost) as Amount),
    expectedLatencyS: 1,
  }))
}

function choice(
  change: Partial<Omit<RouteChoice, 'rule'>> & { readonly rule?: Partial<RouteChoice['rule']> } = {},
): RouteChoice {
  const { rule, ...rest } = change
  return {
    risk: 'low',
    riskReasons: [],
    difficulty: 3,
    domain: 'general',
    candidates: candidates(PREMIUM, CHEAP, LOCAL),
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
      isCascadeAllowed: false,
      recentFailures: 0,
      explorationRate: 0,
      isCompound: false,
      ...rule,
    },
  }
}

function planOf(record: DecisionRecord): readonly string[] {
  return record.plan.map(({ modelId }) => modelId)
}

describe('choosing a route', () => {
  it('takes the cheapest candidate that meets the bound, with stronger ones behind it', () => {
    const record = chooseRoute(choice())
    expect(record.route).toBe('cheap')
    expect(planOf(record)).toEqual(['cheap', 'premium'])
    expect(record.plan.map(({ role }) => role)).toEqual(['answer', 'escalation'])
    expect(record.confidence).toBe(0.75)
    expect(record.needsDecomposition).toBe(false)
    expect(record.expectedCostNanos).toBe(1_000_000n + 5_000_000n)
  })

  it('takes the strongest when none meets the bound', () => {
    const record = chooseRoute(choice({ rule: { quality: 0.99 } }))
    expect(planOf(record)).toEqual(['premium'])
    expect(record.route).toBe('premium')
  })

  it('asks a cheaper model first when the chain keeps the bound and saves enough', () => {
    const record = chooseRoute(choice({ rule: { quality: 0.76, isCascadeAllowed: true } }))
    expect(record.route).toBe('hybrid')
    expect(planOf(record)).toEqual(['cheap', 'premium'])
    expect(record.reasons.join(' ')).toContain('cascade from cheap to premium')
    expect(record.confidence).toBeCloseTo(0.75 + 0.25 * 0.5 * 0.95, 12)
  })

  it('proposes no cascade where none is allowed', () => {
    expect(planOf(chooseRoute(choice({ rule: { quality: 0.9 } })))).toEqual(['premium'])
  })

  it('starts in the tier that the caller fixed', () => {
    expect(chooseRoute(choice({ rule: { fixedRoute: 'premium' } })).plan).toEqual([
      { modelId: 'premium', tier: 'premium_api', role: 'answer' },
    ])
    expect(planOf(chooseRoute(choice({ rule: { fixedRoute: 'local', quality: 0.99 } })))[0]).toBe('local')
  })

  it('passes over candidates above the budget', () => {
    const record = chooseRoute(choice({ maxBudgetNanos: 2_000_000n as Amount, rule: { quality: 0.9 } }))
    expect(planOf(record)).toEqual(['cheap'])
  })

  it('never proposes an excluded candidate', () => {
    const [premium, cheap] = candidates(PREMIUM, CHEAP)
    const record = chooseRoute(
      choice({
        candidates: [{ ...premium, excludedBecause: 'lacks tools' } as DecisionCandidate, cheap as DecisionCandidate],
        rule: { quality: 0.9 },
      }),
    )
    expect(planOf(record)).toEqual(['cheap'])
    expect(record.candidates).toHaveLength(2)
  })

  it('ranks an unknown price behind every known one and reports the cost as unknown', () => {
    const record = chooseRoute(
      choice({
        candidates: candidates(['unpriced', 'cheap_api', 0.9, undefined], ['priced', 'premium_api', 0.9, 50_000_000]),
      }),
    )
    expect(planOf(record)[0]).toBe('priced')
    const alone = chooseRoute(choice({ candidates: candidates(['unpriced', 'cheap_api', 0.9, undefined]) }))
    expect(alone.expectedCostNanos).toBeUndefined()
  })

  it('takes the dearest of equally strong candidates at high risk, where a price is no reason', () => {
    const dear: Model = ['dear', 'premium_api', 0.95, 40_000_000]
    expect(planOf(chooseRoute(choice({ risk: 'high', candidates: candidates(dear, PREMIUM, CHEAP) })))[0]).toBe('dear')
  })

  it('lets the strongest answer a task of high risk, with decomposition', () => {
    const record = chooseRoute(choice({ risk: 'high' }))
    expect(record).toMatchObject({ route: 'hybrid', needsDecomposition: true })
    expect(planOf(record)[0]).toBe('premium')
  })

  it('becomes hybrid when the confidence is below 0.55', () => {
    const record = chooseRoute(choice({ candidates: candidates(['weak', 'local_nano', 0.5, 0]) }))
    expect(record).toMatchObject({ route: 'hybrid', needsDecomposition: true, confidence: 0.5 })
  })

  it('raises the bound after repeated failures', () => {
    expect(planOf(chooseRoute(choice({ rule: { recentFailures: 2 } })))).toEqual(['premium'])
  })

  it('trades success against cost where a weight is given', () => {
    expect(planOf(chooseRoute(choice({ rule: { successPerUsd: 1 } })))[0]).toBe('premium')
    expect(planOf(chooseRoute(choice({ rule: { successPerUsd: 100 } })))[0]).toBe('cheap')
    expect(planOf(chooseRoute(choice({ rule: { successPerUsd: 1000 } })))[0]).toBe('local')
  })

  it('has an empty plan only without usable candidates', () => {
    expect(chooseRoute(choice({ candidates: [] }))).toMatchObject({ plan: [], route: 'hybrid', confidence: 0 })
  })
})

describe('a quality bound', () => {
  it('is met, or missed with the best that could be reached', () => {
    expect(chooseRoute(choice())).toMatchObject({ isQualityMet: true })
    expect(chooseRoute(choice())).not.toHaveProperty('reachableQuality')
    expect(chooseRoute(choice({ rule: { quality: 0.96 } }))).toMatchObject({
      isQualityMet: false,
      reachableQuality: 0.95,
    })
  })

  it('is met by two models in a row where none alone meets it', () => {
    const premiums = candidates(PREMIUM, ['other', 'premium_api', 0.9, 30_000_000], CHEAP)
    const rule = { quality: 0.96, isCascadeAllowed: true }
    const record = chooseRoute(choice({ candidates: premiums, rule }))
    expect(planOf(record).slice(0, 2)).toEqual(['premium', 'other'])
    expect(record).toMatchObject({ isQualityMet: true, route: 'hybrid' })
    expect(record.confidence).toBeCloseTo(0.95 + 0.05 * 0.5 * 0.9, 12)
    const missed = chooseRoute(choice({ candidates: premiums, rule: { ...rule, quality: 0.99 } }))
    expect(missed.isQualityMet).toBe(false)
    expect(missed.reachableQuality).toBeCloseTo(0.95 + 0.05 * 0.5 * 0.9, 12)
  })

  it('of 1 is a wish for the best: of equals the dearest answers', () => {
    const equals = candidates(PREMIUM, ['dearer', 'premium_api', 0.95, 90_000_000], CHEAP)
    expect(planOf(chooseRoute(choice({ candidates: equals, rule: { quality: 1 } })))[0]).toBe('dearer')
    expect(planOf(chooseRoute(choice({ candidates: equals, rule: { quality: 0.99 } })))[0]).toBe('premium')
  })

  it('of the caller is not given up to explore', () => {
    const rule = { explorationRate: 0.9, quality: 0.7 }
    const firsts = (isQualityAsked: boolean): ReadonlySet<string | undefined> =>
      new Set(
        [0.05, 0.3, 0.5, 0.7, 0.95].map(
          (draw) => planOf(chooseRoute(choice({ draw, rule: { ...rule, isQualityAsked } })))[0],
        ),
      )
    expect(firsts(true)).toEqual(new Set(['cheap', 'premium']))
    expect(firsts(false)).toEqual(new Set(['local', 'cheap', 'premium']))
  })

  it('is not kept by a trade, nor by an empty plan', () => {
    expect(chooseRoute(choice({ rule: { successPerUsd: 1 } }))).not.toHaveProperty('isQualityMet')
    expect(chooseRoute(choice({ candidates: [] }))).not.toHaveProperty('isQualityMet')
  })
})

describe('exploration', () => {
  const rule = { explorationRate: 0.3 }

  it('logs the probability with which each candidate was chosen', () => {
    const byDraw = (draw: number): readonly [string | undefined, number] => {
      const record = chooseRoute(choice({ draw, rule }))
      return [record.plan[0]?.modelId, Math.round(record.propensity * 1e9) / 1e9]
    }
    expect(byDraw(0.05)).toEqual(['local', 0.1])
    expect(byDraw(0.15)).toEqual(['cheap', 0.8])
    expect(byDraw(0.25)).toEqual(['premium', 0.1])
    expect(byDraw(0.9)).toEqual(['cheap', 0.8])
  })

  it('sums to one over the candidates', () => {
    const seen = new Map<string, number>()
    for (let draw = 0; draw < 1; draw += 0.01) {
      const record = chooseRoute(choice({ draw, rule }))
      seen.set(record.plan[0]?.modelId ?? '', record.propensity)
    }
    expect([...seen.values()].reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12)
  })

  it('does not explore at high risk or on a fixed route', () => {
    expect(chooseRoute(choice({ draw: 0.01, risk: 'high', rule })).propensity).toBe(1)
    expect(chooseRoute(choice({ draw: 0.01, rule: { ...rule, fixedRoute: 'premium' } })).propensity).toBe(1)
  })
})

describe('replaying a decision', () => {
  it.each([
    choice(),
    choice({ rule: { isCascadeAllowed: true, quality: 0.76 } }),
    choice({ draw: 0.05, rule: { explorationRate: 0.3 } }),
    choice({ risk: 'high', riskReasons: ['payments: wire $5'] }),
    choice({ rule: { successPerUsd: 100 } }),
    choice({ rule: { quality: 0.99, isQualityAsked: true, isCascadeAllowed: true } }),
  ])('gives the same record again', (given) => {
    const record = chooseRoute(given)
    expect(replayDecision(structuredClone(record))).toEqual(record)
  })

  it('shows when a record was changed', () => {
    const record = chooseRoute(choice())
    expect(replayDecision({ ...record, candidates: candidates(PREMIUM) })).not.toEqual(record)
  })
})
