import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Amount } from '../../src/base/money.ts'
import type { ModelRequest } from '../../src/ports/language-model.ts'
import {
  answerOf,
  createFixture,
  requestOf,
  type Fixture,
  type FixtureInit,
  type Script,
  type ScriptedEntry,
} from './router-fixture.ts'

const PROMPT = 'Which of the two harbours is deeper, and why?'
const isAskedToJudge = ({ messages: [first] }: ModelRequest): boolean =>
  first?.role === 'system' && String(first.content).startsWith('You judge')

const cheap: ScriptedEntry = {
  id: 'openai/mini',
  tier: 'cheap_api',
  script: 'The northern one, which was dredged last year.',
  price: 1,
}
const premium: ScriptedEntry = {
  id: 'openai/large',
  tier: 'premium_api',
  script: 'The northern one, since its bed is rock.',
  price: 10,
}
const judgeOf = (script: Script, extra: Partial<ScriptedEntry> = {}): ScriptedEntry => ({
  id: 'other/judge',
  tier: 'cheap_api',
  price: 2,
  ...extra,
  script,
})

type Judged = Omit<Partial<FixtureInit>, 'judge'> & {
  readonly judge?: Script
  readonly success?: number
  readonly route?: 'hybrid' | 'cheap'
  readonly judgeEntry?: Partial<ScriptedEntry>
}

/** A cascade from a cheap model in doubt to a premium one, with a judge beside them. */
function judged({
  judge = '{"verdict":"accept","confidence":0.9}',
  success = 0.5,
  route = 'hybrid',
  judgeEntry,
  ...init
}: Judged): Fixture {
  const judgeId = judgeEntry?.id ?? 'other/judge'
  return createFixture({
    models: [cheap, premium, judgeOf(judge, judgeEntry)],
    ...init,
    judge: judgeId,
    decide: (input) => {
      const wanted = input.candidates.filter(({ id }) => id !== judgeId)
      return {
        route,
        candidates: wanted.map(({ id, tier }) => ({
          modelId: id,
          tier,
          predictedSuccess: success,
          expectedCostNanos: 0n as Amount,
          expectedLatencyS: 1,
        })),
        plan: wanted.map(({ id, tier }, index) => ({ modelId: id, tier, role: index === 0 ? 'answer' : 'escalation' })),
      }
    },
  })
}

describe('a judge', () => {
  it('does not judge its own answer', async () => {
    const { router, requests } = createFixture({
      models: [cheap, premium],
      judge: cheap.id,
      decide: ({ candidates }) => ({
        route: 'hybrid',
        candidates: candidates.map(({ id, tier }) => ({
          modelId: id,
          tier,
          predictedSuccess: 0.5,
          expectedCostNanos: 0n as Amount,
          expectedLatencyS: 1,
        })),
      }),
    })
    const result = await router.route(requestOf(PROMPT))
    expect([result.modelId, requests.filter(isAskedToJudge)]).toEqual([premium.id, []])
  })

  it('that may be billed without an answer is part of the record and of the cost', async () => {
    const { router, budget } = judged({
      judge: new CodedError('MODEL_TIMEOUT', { message: 'x' }),
      budgetNanos: 1_000_000_000n,
    })
    const result = await router.route(requestOf(PROMPT))
    const [call] = result.overheadCalls
    expect(call).toMatchObject({ purpose: 'judge', tokensIn: 0, tokensOut: 0 })
    expect([(call?.costNanos ?? 0n) > 0n, result.costNanos, result.isCostEstimated]).toEqual([
      true,
      budget.spentNanos,
      true,
    ])
  })

  it('of unknown price makes the cost unknown, not zero', async () => {
    const { router, outcomes } = createFixture({
      models: [
        cheap,
        premium,
        { id: 'other/judge', tier: 'cheap_api', script: '{"verdict":"accept","confidence":0.9}' },
      ],
      judge: 'other/judge',
      decide: ({ candidates }) => ({
        route: 'hybrid',
        candidates: candidates.map(({ id, tier }) => ({
          modelId: id,
          tier,
          predictedSuccess: 0.5,
          expectedCostNanos: 0n as Amount,
          expectedLatencyS: 1,
        })),
      }),
    })
    await router.route(requestOf(PROMPT))
    expect([outcomes[0]?.costNanos, outcomes[0]?.overheadCalls.map(({ costNanos }) => costNanos)]).toEqual([
      undefined,
      [undefined],
    ])
  })

  it('that accepts saves the dearer call; it is told the task and the answer as data, and its cost is overhead', async () => {
    const { router, calls, requests, budget, outcomes } = judged({ budgetNanos: 1_000_000_000n })
    const result = await router.route(requestOf(PROMPT))
    expect([calls, result.modelId, result.verification?.isAccepted]).toEqual([
      ['openai/mini', 'other/judge'],
      'openai/mini',
      true,
    ])
    const asked = requests.find(isAskedToJudge)
    expect(asked).toMatchObject({ temperature: 0, maxOutputTokens: 300 })
    expect(asked?.messages[1]?.content).toContain(`<<<DATA-0- task\n${PROMPT}\nDATA-0->>>`)
    expect(asked?.messages[1]?.content).toContain('which was dredged last year')
    const judgeCost = 150n * 2_000n
    expect(result.overheadCalls).toEqual([
      {
        purpose: 'judge',
        model: 'other/judge',
        tokensIn: 100,
        tokensOut: 50,
        costNanos: judgeCost,
        latencyMs: expect.any(Number) as number,
      },
    ])
    expect([result.costNanos, budget.spentNanos, budget.heldNanos, outcomes[0]?.costNanos]).toEqual([
      150_000n + judgeCost,
      150_000n + judgeCost,
      0n,
      150_000n + judgeCost,
    ])
  })

  it.each<[string, Script]>([
    ['rejects', '{"verdict":"reject","confidence":0.9}'],
    ['is unsure', '{"verdict":"unsure","confidence":0.9}'],
    ['says something else', 'Looks great to me!'],
    ['fails', new CodedError('MODEL_SERVER_ERROR', { message: 'down' })],
  ])('that %s does not accept: the next model answers', async (_what, judge) => {
    const { router, calls } = judged({ judge })
    const result = await router.route(requestOf(PROMPT))
    expect([calls, result.modelId]).toEqual([['openai/mini', 'other/judge', 'openai/large'], 'openai/large'])
    expect(result.attempts[0]).toMatchObject({
      outcome: 'rejected',
      reason: 'judge',
    })
  })

  it.each<[string, Judged]>([
    ['there is no doubt', { success: 0.9 }],
    ['the route is of one tier', { route: 'cheap' }],
    [
      'the answer is plainly wrong',
      { models: [{ ...cheap, script: '' }, premium, judgeOf('{"verdict":"accept"}')], success: 0.5 },
    ],
    ['no other model is left', { models: [cheap, judgeOf('{"verdict":"accept"}')] }],
    ['the judge would judge itself', { judgeEntry: { id: 'openai/mini' }, models: [cheap, premium] }],
  ])('is not asked when %s', async (_when, init) => {
    const { router, requests } = judged(init)
    const result = await router.route(requestOf(PROMPT))
    expect([requests.filter(isAskedToJudge), result.overheadCalls]).toEqual([[], []])
  })

  it.each<[string, Parameters<typeof requestOf>[1]]>([
    ['the task may not leave the machine', { controls: { isLocalOnly: true } }],
    ['only one provider may see the task', { controls: { providers: ['near'] } }],
    ['only local tiers are allowed', { controls: { tiers: ['local_small', 'local_medium'] } }],
  ])('is not shown the task when %s', async (_why, extra) => {
    const near: ScriptedEntry = { id: 'near/small', tier: 'local_small', script: 'The northern one.' }
    const nearer: ScriptedEntry = {
      id: 'near/medium',
      tier: 'local_medium',
      script: 'The northern one, since its bed is rock.',
    }
    const { router, calls } = judged({ models: [near, nearer, judgeOf('{"verdict":"accept","confidence":1}')] })
    await router.route(requestOf(PROMPT, extra))
    expect(calls).toEqual(['near/small', 'near/medium'])
  })

  it('of unknown price is not asked under a budget', async () => {
    const unpriced: ScriptedEntry = {
      id: 'other/judge',
      tier: 'cheap_api',
      script: '{"verdict":"accept","confidence":1}',
    }
    const { router, calls, budget } = judged({ models: [cheap, premium, unpriced], budgetNanos: 1_000_000_000n })
    await router.route(requestOf(PROMPT))
    expect([calls, budget.heldNanos]).toEqual([['openai/mini', 'openai/large'], 0n])
  })

  it('and the answer it judges stay within the cap together', async () => {
    // The answer takes nearly all of the cap; the judge, whose prompt alone costs more than what is left, is not asked.
    const greedy: ScriptedEntry = {
      ...cheap,
      script: async ({ maxOutputTokens = 0 }) =>
        await Promise.resolve(
          answerOf('The northern one.', {
            usage: { tokensIn: 10, tokensOut: maxOutputTokens, cachedTokensIn: 0, isEstimated: false },
          }),
        ),
    }
    const capNanos = 1_000_000n as Amount
    const { router, calls } = judged({ models: [greedy, premium, judgeOf('{"verdict":"accept","confidence":1}')] })
    const result = await router.route(requestOf(PROMPT, { controls: { maxCostNanos: capNanos } }))
    expect([calls, result.verification?.isAccepted]).toEqual([['openai/mini'], false])
    expect(result.costNanos).toBeLessThanOrEqual(capNanos)
  })
})

describe('an answer that is a tool call', () => {
  const calling = (name: string, text: string): ScriptedEntry['script'] =>
    answerOf('', { finishReason: 'tool-calls', toolCalls: [{ id: 'c1', name, arguments: text }] })
  const request = {
    messages: [{ role: 'user', content: 'How is the weather in Oslo?' }],
    tools: [{ name: 'weather', parameters: { type: 'object', required: ['city'] } }],
  } as const

  it.each([
    ['of a tool that was not offered', 'forecast', '{"city":"Oslo"}'],
    ['with arguments that are no JSON', 'weather', '{"city":'],
    ['without a required argument', 'weather', '{}'],
  ])('%s goes on to the next model', async (_what, name, text) => {
    const { router, calls } = judged({
      models: [
        { ...cheap, script: calling(name, text) },
        { ...premium, script: calling('weather', '{"city":"Oslo"}') },
      ],
    })
    const result = await router.route(requestOf('', { request }))
    expect(calls).toEqual(['openai/mini', 'openai/large'])
    expect([result.attempts[0]?.reason, result.modelId]).toEqual(['tool-calls', 'openai/large'])
  })
})

describe('an exact tool beside a model', () => {
  it('does not judge an answer to more than the bare question', async () => {
    const { router } = createFixture({ models: [{ ...cheap, script: '407.8' }, judgeOf('{}')], judge: 'other/judge' })
    const request = requestOf('What is 17% of 2340?')
    const { messages } = request.request
    const withSystem = {
      ...request,
      target: { kind: 'model', modelId: 'openai/mini' } as const,
      request: {
        ...request.request,
        messages: [{ role: 'system', content: 'Add ten to every result.' } as const, ...messages],
      },
    }
    const said = await router.route(withSystem)
    const bare = await router.route({ ...request, target: withSystem.target })
    expect([said, bare].map(({ verification }) => verification?.isAccepted)).toEqual([true, false])
  })
})
