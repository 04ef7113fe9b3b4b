import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Amount } from '../../src/base/money.ts'
import { estimateTokens } from '../../src/core/models/estimate-tokens.ts'
import type { ModelAnswer, ModelRequest } from '../../src/ports/language-model.ts'
import {
  answerOf,
  createFixture,
  requestOf,
  type Fixture,
  type FixtureInit,
  type ScriptedEntry,
} from './router-fixture.ts'

const TASK = 'Compare the two harbours, then write a plan for the fleet.'

type Step = {
  readonly id: string
  readonly description?: string
  readonly depends_on?: readonly string[]
  readonly escalate_if_fail?: boolean
}
type Reply = string | Error | ModelAnswer
type Asked = { readonly modelId: string; readonly request: ModelRequest; readonly signal: AbortSignal | undefined }
type Steps = (stepId: string, asked: Asked) => Reply | Promise<Reply>

const planOf = (...steps: readonly Step[]): string =>
  JSON.stringify(
    steps.map((step) => ({ description: `do ${step.id}`, difficulty: 2, target_tier: 'cheap_api', ...step })),
  )
const textAt = ({ messages }: ModelRequest, index: number): string => {
  const content = messages.at(index)?.content
  return typeof content === 'string' ? content : ''
}
const systemOf = (request: ModelRequest): string => textAt(request, 0)
const userOf = (request: ModelRequest): string => textAt(request, -1)

type Split = Omit<FixtureInit, 'models'> & {
  readonly plan: Reply
  readonly steps: Steps
  readonly summary?: Reply
  readonly models?: readonly Omit<ScriptedEntry, 'script'>[]
}

const CHEAP = { id: 'openai/mini', tier: 'cheap_api', price: 1 } as const
const PREMIUM = { id: 'openai/large', tier: 'premium_api', price: 10 } as const

/** A router whose models plan, carry out steps and summarise as told; the strongest one plans, the cheapest one summarises. */
function splitting({ plan, steps, summary = 'SUMMARY', models = [CHEAP, PREMIUM], ...init }: Split): Fixture {
  const scripted = models.map((entry): ScriptedEntry => ({
    ...entry,
    script: async (request, signal) => {
      const reply = await (async (): Promise<Reply> => {
        const system = systemOf(request)
        if (system.startsWith('You plan how')) return plan
        if (system.startsWith('You keep the running summary')) return summary
        const stepId = /(?:^|\n)do (\S+)$/.exec(userOf(request))?.[1]
        return await steps(stepId ?? 'task', { modelId: entry.id, request, signal })
      })()
      if (reply instanceof Error) throw reply
      return reply
    },
  }))
  return createFixture({
    decide: () => ({ route: 'hybrid', difficulty: 5, needsDecomposition: true }),
    ...init,
    models: scripted,
    init: { decompose: 'auto', ...init.init },
  })
}

const down = new CodedError('MODEL_RATE_LIMITED', { message: 'down' })
const untilAborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))

describe('a split task', () => {
  it('runs independent steps side by side and puts their outputs together in the order of the plan', async () => {
    const started: string[] = []
    const both = Promise.withResolvers<void>()
    const { router, outcomes } = splitting({
      plan: planOf({ id: 'a' }, { id: 'b' }),
      steps: async (id) => {
        started.push(id)
        if (started.length === 2) both.resolve()
        // Neither answers before both have begun; one after the other this would never end.
        await both.promise
        return `${id} is done`
      },
    })
    const result = await router.route(requestOf(TASK))
    expect(result.notSplitBecause).toBeUndefined()
    expect([result.answer.text, result.tier, result.modelId, result.verification]).toEqual([
      'a is done\n\nb is done',
      'cheap_api',
      'openai/mini',
      { isAccepted: true, confidence: 0.9 },
    ])
    expect(result.attempts.map(({ modelId, outcome, stepId }) => [modelId, outcome, stepId])).toEqual([
      ['openai/mini', 'accepted', 'a'],
      ['openai/mini', 'accepted', 'b'],
    ])
    // Two calls, but nothing was escalated.
    expect(outcomes[0]).toMatchObject({
      success: true,
      escalationChain: [],
      fallbackTrigger: undefined,
      actualTier: 'cheap_api',
      tokensIn: 200,
      tokensOut: 100,
    })
  })

  it('shows a step what it depends on, and nothing else', async () => {
    const seen = new Map<string, string>()
    const { router } = splitting({
      plan: planOf({ id: 'a' }, { id: 'b' }, { id: 'c', depends_on: ['a'] }),
      steps: (id, { request }) => {
        seen.set(id, userOf(request))
        return `OUTPUT-${id}`
      },
    })
    const result = await router.route(requestOf(TASK))
    expect(seen.get('c')).toMatch(/^<<<(DATA-[0-9a-f]{8}-) result-1\nOUTPUT-a\n\1>>>\n\ndo c$/)
    expect(result.answer.text).toBe('OUTPUT-b\n\nOUTPUT-c')
  })

  it('stops what depends on a failed step, and says so', async () => {
    const { router, calls, outcomes } = splitting({
      plan: planOf({ id: 'a' }, { id: 'b', depends_on: ['a'] }, { id: 'c', depends_on: ['b'] }, { id: 'd' }),
      steps: (id) => (id === 'a' ? down : `${id} is done`),
    })
    const result = await router.route(requestOf(TASK))
    expect(result.answer.text).toBe(
      'd is done\n\n[step a was not done: ROUTER_ALL_FAILED]\n\n[step b was not done: depends on a, which failed]\n\n[step c was not done: depends on a, which failed]',
    )
    expect(result.verification).toEqual({ isAccepted: false, confidence: 0 })
    expect(calls.toSorted()).toEqual(['openai/large', 'openai/large', 'openai/mini', 'openai/mini'])
    expect(outcomes[0]).toMatchObject({
      success: false,
      escalationChain: ['cheap_api', 'premium_api'],
      fallbackTrigger: 'MODEL_RATE_LIMITED',
    })
  })

  it('keeps an output whose only reader failed', async () => {
    const { router } = splitting({
      plan: planOf({ id: 'a' }, { id: 'b', depends_on: ['a'] }),
      steps: (id) => (id === 'b' ? down : 'the tide table'),
    })
    const { answer } = await router.route(requestOf(TASK))
    expect(answer.text).toBe('the tide table\n\n[step b was not done: ROUTER_ALL_FAILED]')
  })

  it('fails as its first step did when no step gave an output', async () => {
    const { router, outcomes } = splitting({ plan: planOf({ id: 'a' }, { id: 'b' }), steps: () => down })
    const failure: unknown = await router.route(requestOf(TASK)).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'ROUTER_ALL_FAILED',
      details: { attempts: expect.arrayContaining([expect.objectContaining({ costNanos: '0' })]) as unknown },
    })
    // When the first step ends, others may go on to cost something.
    expect(failure).not.toHaveProperty('details.spentNanos')
    expect(outcomes[0]).toMatchObject({
      success: false,
      fallbackTrigger: 'ROUTER_ALL_FAILED',
      overheadCalls: [{ purpose: 'decomposer' }],
    })
  })

  it('escalates within a step, and only that step', async () => {
    const { router, outcomes } = splitting({
      plan: planOf({ id: 'a' }, { id: 'b' }),
      steps: (id, { modelId }) => (id === 'b' && modelId === 'openai/mini' ? 'I cannot' : `${id} by ${modelId}`),
      check: ({ text }) =>
        text === 'I cannot'
          ? { valid: false, confidence: 0, checks: [{ name: 'not-refused', passed: false, detail: '' }] }
          : {},
    })
    const result = await router.route(requestOf(TASK))
    expect(result.answer.text).toBe('a by openai/mini\n\nb by openai/large')
    expect(
      result.attempts.filter(({ stepId }) => stepId === 'b').map(({ modelId, outcome }) => [modelId, outcome]),
    ).toEqual([
      ['openai/mini', 'rejected'],
      ['openai/large', 'accepted'],
    ])
    expect([result.route, result.tier]).toEqual(['hybrid', 'premium_api'])
    expect(outcomes[0]).toMatchObject({
      success: true,
      actualTier: 'premium_api',
      escalationChain: ['cheap_api', 'premium_api'],
      fallbackTrigger: 'not-refused',
    })
  })

  it('does not escalate a step that must not be', async () => {
    const { router, calls } = splitting({
      plan: planOf({ id: 'a', escalate_if_fail: false }, { id: 'b' }),
      steps: (id) => (id === 'a' ? down : 'b is done'),
    })
    const { answer } = await router.route(requestOf(TASK))
    expect(answer.text).toContain('[step a was not done: ROUTER_ALL_FAILED]')
    expect(calls.filter((id) => id === 'openai/large')).toHaveLength(1)
  })

  it('goes on with a doubtful output as a whole task would, and is then not accepted', async () => {
    const { router } = splitting({
      plan: planOf({ id: 'a' }, { id: 'b', depends_on: ['a'] }),
      steps: (id) => `${id} is done`,
      check: ({ text }) => (text === 'a is done' ? { confidence: 0.6 } : {}),
    })
    const result = await router.route(requestOf(TASK))
    expect([result.answer.text, result.verification]).toEqual(['b is done', { isAccepted: false, confidence: 0.6 }])
  })
})

describe('an easy step of a hard task', () => {
  // What the priors say of an EXPERT task: 0.55 for the cheap model, under what is accepted.
  const decide: FixtureInit['decide'] = ({ candidates }) => ({
    route: 'hybrid',
    difficulty: 5,
    needsDecomposition: true,
    candidates: candidates.map(({ id, tier }) => ({
      modelId: id,
      tier,
      predictedSuccess: tier === 'cheap_api' ? 0.55 : 0.775,
      expectedCostNanos: undefined,
      expectedLatencyS: 1,
    })),
  })

  it.each([
    ['2', 2, 'a by openai/mini\n\nb by openai/mini'],
    ['5', 5, 'a by openai/large\n\nb by openai/large'],
  ])('is judged by its own odds: difficulty %s', async (_name, difficulty, expected) => {
    const plan = JSON.stringify(
      ['a', 'b'].map((id) => ({ id, description: `do ${id}`, difficulty, target_tier: 'cheap_api' })),
    )
    // Nobody judges: only the free checks and the odds decide.
    const { router } = splitting({ plan, decide, judge: 'nobody', steps: (id, { modelId }) => `${id} by ${modelId}` })
    const result = await router.route(requestOf(TASK))
    expect([result.answer.text, result.verification?.isAccepted]).toEqual([expected, true])
  })
})

describe('a plan', () => {
  it.each([
    ['that nobody can read', 'First, compare. Then, write.'],
    ['with a cycle', planOf({ id: 'a', depends_on: ['b'] }, { id: 'b', depends_on: ['a'] })],
    ['of one step', planOf({ id: 'a' })],
    ['that could not be had', down],
  ])('%s is the task itself', async (_what, plan) => {
    const { router, requests } = splitting({ plan, steps: (id) => `answer to ${id}` })
    const result = await router.route(requestOf(TASK))
    expect(result.answer.text).toBe('answer to task')
    expect(requests.at(-1)?.messages).toEqual([{ role: 'user', content: TASK }])
    expect([result.attempts.length, result.notSplitBecause]).toEqual([1, expect.stringContaining('one step')])
    expect(result.overheadCalls.map(({ purpose }) => purpose)).toEqual(plan === down ? [] : ['decomposer'])
  })

  it.each<[string, string | undefined, Partial<FixtureInit>, Parameters<typeof requestOf>[1]]>([
    ['the operator forbids it', 'splitting is switched off (router.decompose)', { init: { decompose: 'never' } }, {}],
    [
      'the policy does not want it',
      undefined,
      { decide: () => ({ route: 'hybrid', difficulty: 5, needsDecomposition: false }) },
      {},
    ],
    [
      'the task is easy',
      'its difficulty is 3, and a plan pays from 4 on',
      { decide: () => ({ route: 'hybrid', difficulty: 3, needsDecomposition: true }) },
      {},
    ],
    ['the route is fixed', 'the request names its route or model', {}, { target: { kind: 'route', route: 'premium' } }],
    [
      'the request is more than a prompt',
      'the request is more than one plain prompt',
      {},
      {
        request: {
          messages: [
            { role: 'system', content: 's' },
            { role: 'user', content: TASK },
          ],
        },
      },
    ],
  ])('is not asked for when %s', async (_when, because, init, extra) => {
    const { router } = splitting({ plan: planOf({ id: 'a' }, { id: 'b' }), steps: () => 'whole', ...init })
    const result = await router.route(requestOf(TASK, extra))
    expect([result.answer.text, result.overheadCalls, result.notSplitBecause]).toEqual(['whole', [], because])
  })
})

describe('the money of a split task', () => {
  // Every call: 100 tokens in and 50 out.
  const cheapCall = 150n * 1_000n
  const premiumCall = 150n * 10_000n

  it('counts the calls that planned and summarised, once each', async () => {
    const { router, budget, outcomes } = splitting({
      plan: planOf({ id: 'a' }, { id: 'b' }),
      steps: (id) => `${id} is done`,
      budgetNanos: 1_000_000_000n,
    })
    const result = await router.route(requestOf(TASK))
    expect(result.costNanos).toBe(premiumCall + 2n * cheapCall)
    expect(result.overheadCalls).toEqual([
      {
        purpose: 'decomposer',
        model: 'openai/large',
        tokensIn: 100,
        tokensOut: 50,
        costNanos: premiumCall,
        latencyMs: expect.any(Number) as number,
      },
    ])
    expect([budget.spentNanos, budget.heldNanos, budget.reservations]).toEqual([premiumCall + 2n * cheapCall, 0n, 3])
    expect([outcomes[0]?.costNanos, outcomes[0]?.overheadCalls]).toEqual([result.costNanos, result.overheadCalls])
  })

  it('stays within the cap: steps then go one by one, each with what is left', async () => {
    // Costs exactly what its bounds allow, whatever they are.
    const greedy = ({ request }: Asked): ModelAnswer => {
      const tokensOut = request.maxOutputTokens ?? 0
      return answerOf('x', { usage: { tokensIn: 10, tokensOut, cachedTokensIn: 0, isEstimated: false } })
    }
    let running = 0
    let runningMax = 0
    const capNanos = 5_000_000n as Amount
    const { router, requests } = splitting({
      models: [CHEAP],
      plan: planOf({ id: 'a' }, { id: 'b' }, { id: 'c' }),
      steps: async (_id, asked) => {
        running += 1
        runningMax = Math.max(runningMax, running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return greedy(asked)
      },
    })
    const result = await router.route(requestOf(TASK, { controls: { maxCostNanos: capNanos } }))
    expect(runningMax).toBe(1)
    expect(result.costNanos).toBeLessThanOrEqual(capNanos)
    expect(requests.length).toBeGreaterThan(2)
    expect(result.answer.text).toContain('ROUTER_COST_CAP')
  })

  it('goes on as one task when the cap has no room for planning', async () => {
    const { router, calls } = splitting({ plan: planOf({ id: 'a' }, { id: 'b' }), steps: (id) => `answer to ${id}` })
    const result = await router.route(requestOf(TASK, { controls: { maxCostNanos: 300_000n as Amount } }))
    expect([result.answer.text, calls, result.overheadCalls]).toEqual(['answer to task', ['openai/mini'], []])
  })

  it('leaves a step undone that the budget refuses, and holds nothing after', async () => {
    const { router, budget } = splitting({
      plan: planOf({ id: 'a' }, { id: 'b' }),
      steps: (id) => `${id} is done`,
      models: [CHEAP],
      budgetNanos: 5_000_000n,
    })
    const result = await router.route(requestOf(TASK))
    expect(result.answer.text).toBe('a is done\n\n[step b was not done: BUDGET_EXCEEDED]')
    expect([budget.heldNanos, budget.spentNanos]).toEqual([0n, 2n * cheapCall])
  })
})

describe('the context of a step', () => {
  const CONTEXT_TOKENS_MAX = 120
  const long = (name: string): string =>
    `${name} ${'the pilot boat reports a swell from the north west and rising '.repeat(20)}`
  const plan = planOf({ id: 'a' }, { id: 'b' }, { id: 'c', depends_on: ['a', 'b'] })
  const contextOf = ({ requests }: Fixture): string => {
    const step = requests.find((request) => userOf(request).endsWith('\n\ndo c'))
    return step === undefined ? '' : userOf(step).replace(/\n\ndo c$/, '')
  }

  it('that is too long is summarised by the cheapest model', async () => {
    const fixture = splitting({
      plan,
      steps: (id) => (id === 'c' ? 'c is done' : long(id)),
      summary: 'Swell from the north west.',
      init: { decompose: 'auto', contextTokensMax: CONTEXT_TOKENS_MAX },
    })
    const result = await fixture.router.route(requestOf(TASK))
    expect(result.overheadCalls.map(({ purpose, model }) => [purpose, model])).toEqual([
      ['decomposer', 'openai/large'],
      ['summarizer', 'openai/mini'],
    ])
    expect(contextOf(fixture)).toContain('Swell from the north west.')
    expect(contextOf(fixture)).not.toContain('pilot boat')
    expect(result.answer.text).toBe('c is done')
  })

  it('is cut when nobody summarises it', async () => {
    const fixture = splitting({
      plan,
      steps: (id) => (id === 'c' ? 'c is done' : long(id)),
      summary: down,
      init: { decompose: 'auto', contextTokensMax: CONTEXT_TOKENS_MAX },
    })
    const result = await fixture.router.route(requestOf(TASK))
    const context = contextOf(fixture)
    expect(context).toContain('pilot boat')
    // The fences around what was cut are the step's own.
    expect(estimateTokens(context)).toBeLessThanOrEqual(CONTEXT_TOKENS_MAX + 30)
    expect([result.answer.text, result.overheadCalls.map(({ purpose }) => purpose)]).toEqual([
      'c is done',
      ['decomposer'],
    ])
  })
})

describe('a caller who leaves', () => {
  it('stops every step, starts no other, and leaves nothing reserved', async () => {
    const controller = new AbortController()
    const running = new Set<string>()
    const { router, budget, calls, outcomes } = splitting({
      plan: planOf({ id: 'a' }, { id: 'b' }, { id: 'c', depends_on: ['a'] }),
      budgetNanos: 1_000_000_000n,
      steps: async (id, { signal }) => {
        running.add(id)
        if (running.size === 2) queueMicrotask(() => controller.abort(new Error('left')))
        try {
          await untilAborted(signal)
        } finally {
          // One step takes its time to end; the caller is told only then.
          if (id === 'b') await new Promise((resolve) => setImmediate(resolve))
          running.delete(id)
        }
        return 'never'
      },
    })
    await expect(router.route(requestOf(TASK), { signal: controller.signal })).rejects.toThrow('left')
    expect([running.size, budget.heldNanos, calls.length, outcomes.length]).toEqual([0, 0n, 3, 1])
    expect(outcomes[0]).toMatchObject({ success: false, fallbackTrigger: 'REQUEST_ABORTED', actualTier: 'cheap_api' })
  })
})
