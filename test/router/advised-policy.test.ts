import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Amount } from '../../src/base/money.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import type { CivilDate } from '../../src/core/models/civil-date.ts'
import type { ModelEntry, ModelTier } from '../../src/core/models/model-entry.ts'
import { FALLBACK_DECISION, type PolicyDecision } from '../../src/core/policy/policy-decision.ts'
import { replayDecision } from '../../src/core/policy/replay-decision.ts'
import type { DecisionCandidate, DecisionRecord } from '../../src/core/routing/decision-record.ts'
import type { Policy, PolicyInput } from '../../src/ports/policy.ts'
import type { PolicyAdviser } from '../../src/ports/policy-adviser.ts'
import { createAdvisedPolicy, type AdvisedPolicyInit } from '../../src/router/advised-policy.ts'
import { unaskedDecision } from '../../src/router/unasked-decision.ts'

const entry = (tier: ModelTier): ModelEntry => ({
  id: `p/${tier}`,
  provider: 'p',
  model: tier,
  tier,
  difficultyMax: 5,
  specialties: [],
  prices: [],
  capabilities: { tools: true, vision: true, jsonSchema: true, logprobs: true, streaming: true },
  aliases: [],
})

const inputOf = (prompt: string, extra: Partial<PolicyInput> = {}): PolicyInput => ({
  prompt,
  candidates: [entry('cheap_api'), entry('premium_api')],
  excluded: [],
  fixedRoute: 'auto',
  tokensIn: 10,
  today: '2026-01-01' as CivilDate,
  priceVersion: 'v',
  draw: 0.5,
  isCascadeAllowed: true,
  recentFailures: 0,
  ...extra,
})

const CANDIDATES: readonly DecisionCandidate[] = [
  {
    modelId: 'p/cheap_api',
    tier: 'cheap_api',
    predictedSuccess: 0.8,
    expectedCostNanos: 1_000n as Amount,
    expectedLatencyS: 1,
  },
  {
    modelId: 'p/premium_api',
    tier: 'premium_api',
    predictedSuccess: 0.9,
    expectedCostNanos: 9_000n as Amount,
    expectedLatencyS: 2,
  },
]

type Setup = {
  readonly own?: Partial<DecisionRecord>
  readonly advise?: () => Promise<PolicyDecision>
  readonly init?: Partial<AdvisedPolicyInit>
  readonly clock?: { ms: number; isLate?: boolean }
}

function setUp({ own = { confidence: 0.4 }, advise, init, clock = { ms: 0 } }: Setup): {
  readonly policy: Policy
  readonly asked: string[]
} {
  const asked: string[] = []
  const local: Policy = {
    version: 'own',
    decide: ({ fixedRoute }) => ({
      ...unaskedDecision('own'),
      risk: 'medium',
      route: 'cheap',
      candidates: CANDIDATES,
      rule: {
        fixedRoute,
        quality: 0.7,
        isCascadeAllowed: false,
        recentFailures: 0,
        explorationRate: 0,
        isCompound: false,
      },
      ...own,
    }),
  }
  const adviser: PolicyAdviser = {
    name: 'pro',
    async advise({ prompt }) {
      asked.push(prompt)
      return {
        decision:
          advise === undefined
            ? { ...FALLBACK_DECISION, route: 'premium', confidence: 0.9, needsDecomposition: false }
            : await advise(),
      }
    },
  }
  const late = new AbortController()
  if (clock.isLate === true) late.abort(new Error('late'))
  const policy = createAdvisedPolicy(
    {
      policy: local,
      adviser,
      clock: { now: () => timestampFromMs(0), monotonicMs: () => clock.ms, timeoutSignal: () => late.signal },
    },
    { ask: 'in-doubt', timeoutMs: 1000, requestsPerMinute: 2, ...init },
  )
  return { policy, asked }
}

describe('a task whose caller says who may see it', () => {
  it.each([
    [true, []],
    [false, ['x']],
  ])('is shown to an adviser only within the node (leaves it: %s)', async (leavesNode, expected) => {
    const { policy, asked } = setUp({ init: { leavesNode } })
    await policy.decide(inputOf('x', { isConfined: true }))
    expect(asked).toEqual(expected)
  })
})

describe('a policy with an adviser', () => {
  it('decides alone when it is sure', async () => {
    const { policy, asked } = setUp({ own: { confidence: 0.9, difficulty: 2 } })
    expect((await policy.decide(inputOf('a'))).route).toBe('cheap')
    expect(asked).toEqual([])
  })

  it.each([
    ['low confidence', { confidence: 0.4 }, 0],
    ['an expert task', { confidence: 0.9, difficulty: 5 }, 0],
    [
      'a dear task',
      { confidence: 0.9, difficulty: 2, expectedCostNanos: 60_000_000n as DecisionRecord['expectedCostNanos'] },
      0,
    ],
    ['repeated failures', { confidence: 0.9, difficulty: 2 }, 2],
  ] as const)('asks for %s and adopts the route, the reason in the record', async (_name, own, recentFailures) => {
    const { policy } = setUp({ own })
    const decision = await policy.decide(inputOf('a', { recentFailures }))
    expect([decision.route, decision.scorer, decision.confidence]).toEqual(['premium', 'model', 0.9])
    expect(decision.reasons.at(-1)).toMatch(/^pro was asked \(.+\) and said premium$/)
  })

  it('asks once for the same question, and again when the answer is old', async () => {
    const clock = { ms: 0 }
    const { policy, asked } = setUp({ clock })
    for (const prompt of ['a', 'a', 'b']) await policy.decide(inputOf(prompt))
    expect(asked).toEqual(['a', 'b'])
    clock.ms = 11 * 60_000
    await policy.decide(inputOf('a'))
    expect(asked).toEqual(['a', 'b', 'a'])
  })

  it('decides alone beyond the rate limit and asks again a minute later', async () => {
    const clock = { ms: 0 }
    const { policy, asked } = setUp({ clock })
    const decisions = []
    for (const prompt of ['a', 'b', 'c']) decisions.push(await policy.decide(inputOf(prompt)))
    expect([asked.length, decisions[2]?.route, decisions[2]?.reasons.at(-1)]).toEqual([
      2,
      'cheap',
      expect.stringContaining('limit of 2 questions'),
    ])
    clock.ms = 60_000
    await policy.decide(inputOf('c'))
    expect(asked).toEqual(['a', 'b', 'c'])
  })

  it.each([
    [
      'fails',
      { advise: () => Promise.reject(new CodedError('POLICY_ADVICE_FAILED', { message: 'x' })) },
      'POLICY_ADVICE_FAILED',
    ],
    [
      'is late',
      { advise: () => Promise.reject(new Error('aborted')), clock: { ms: 0, isLate: true } },
      'did not answer in time',
    ],
  ] as const)('decides alone when the adviser %s, and says so', async (_name, setup, reason) => {
    const { policy } = setUp(setup)
    const decision = await policy.decide(inputOf('a'))
    expect([decision.route, decision.reasons.at(-1)]).toEqual(['cheap', expect.stringContaining(reason)])
  })

  it('applies the safety override to advice, and never lowers a risk that was found here', async () => {
    const unsure = setUp({
      advise: async () => ({ ...FALLBACK_DECISION, route: 'cheap', confidence: 0.3, needsDecomposition: false }),
    })
    expect(await unsure.policy.decide(inputOf('a'))).toMatchObject({ route: 'hybrid', needsDecomposition: true })
    const risky = setUp({
      own: { confidence: 0.4, risk: 'high' },
      advise: async () => ({ ...FALLBACK_DECISION, route: 'cheap', risk: 'low', confidence: 0.9 }),
    })
    expect(await risky.policy.decide(inputOf('a'))).toMatchObject({
      risk: 'high',
      plan: [{ modelId: 'p/premium_api' }],
      needsDecomposition: true,
    })
  })

  it('sends a task that the adviser finds risky to the strongest model, whatever route it advised', async () => {
    const { policy } = setUp({
      advise: async () => ({
        ...FALLBACK_DECISION,
        route: 'cheap',
        risk: 'high',
        confidence: 0.9,
        needsDecomposition: false,
      }),
    })
    const decision = await policy.decide(inputOf('a'))
    expect([decision.risk, decision.plan[0]?.modelId, decision.route]).toEqual(['high', 'p/premium_api', 'hybrid'])
    expect(decision.riskReasons).toEqual(['an adviser judged the risk high'])
    expect(decision.reasons).toEqual([
      'high risk: the strongest candidate answers',
      'safety override: the risk is high',
      'pro was asked (confidence 0.40 is below 0.55) and said hybrid',
    ])
    expect(replayDecision(decision)).toEqual(decision)
  })

  it('asks nobody when it has to decide alone', async () => {
    const { policy, asked } = setUp({ init: { ask: 'always' } })
    expect((await policy.decide(inputOf('a'), { isAlone: true })).route).toBe('cheap')
    expect(asked).toEqual([])
  })

  it('keeps a route that the caller fixed', async () => {
    const { policy, asked } = setUp({})
    await policy.decide(inputOf('a', { fixedRoute: 'cheap' }))
    expect(asked).toEqual([])
  })
})
