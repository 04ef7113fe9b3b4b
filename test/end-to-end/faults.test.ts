import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import type { TelemetryEvent } from '../../src/wire/telemetry-event.ts'
import { startUpstreamServer, type UpstreamBehaviour, type UpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt, type RealGateway } from '../gateway/real-node.ts'

// What a caller sees of these faults is held in test/gateway/end-to-end.test.ts; here it is what the node does and keeps.

const POEM = 'Write two lines about the sea at night.'
const GOOD: UpstreamBehaviour = {
  kind: 'answer',
  text: 'Dark water hums, a lighthouse blinks, and the night sea answers it.',
}
/** Each call of a good provider: 1,000 tokens in and 1,000 out. */
const METERED: UpstreamBehaviour = { ...GOOD, usage: { input: 1_000, output: 1_000 } }

const KEPT: ConfigDocument = {
  telemetry: { consent: true },
  cache: { enabled: false },
  router: { attemptTimeoutMs: 250 },
}

async function askFor(model: string, { url }: RealGateway, content = POEM): Promise<Response> {
  const { response } = await new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 }).chat.completions
    .create({ model, messages: [{ role: 'user', content }] })
    .withResponse()
  return response
}

async function recordsOf({ node }: RealGateway): Promise<readonly TelemetryEvent[]> {
  const records: TelemetryEvent[] = []
  for await (const record of node.records.list()) records.push(record)
  return records
}

describe('a provider that fails', () => {
  it.each<[string, UpstreamBehaviour, string]>([
    ['hangs up', { kind: 'disconnect' }, 'MODEL_UNREACHABLE'],
    ['is too slow', { kind: 'hang' }, 'MODEL_TIMEOUT'],
    ['begins and then stops', { kind: 'stall', afterChunks: 1, text: 'one two three' }, 'MODEL_TIMEOUT'],
    [
      'asks for payment',
      { kind: 'status', status: 402, body: { error: { message: 'pay' } } },
      'MODEL_PAYMENT_REQUIRED',
    ],
    [
      'limits the rate',
      { kind: 'status', status: 429, body: { error: { message: 'slow down' } } },
      'MODEL_RATE_LIMITED',
    ],
    ['breaks', { kind: 'status', status: 500, body: { error: { message: 'oops' } } }, 'MODEL_SERVER_ERROR'],
    ['is cut off', { kind: 'cut', afterChunks: 0, isBroken: true }, 'MODEL_STREAM_TRUNCATED'],
    ['talks nonsense', { kind: 'raw', body: '<html>' }, 'MODEL_ANSWER_MALFORMED'],
    ['refuses the key', { kind: 'status', status: 401, body: { error: { message: 'no' } } }, 'MODEL_AUTH_FAILED'],
    ['refuses the task', { kind: 'answer', refusal: 'I cannot help with that.' }, 'not-refused'],
    ['stops short', { kind: 'answer', text: 'Dark water hums, a', finishReason: 'length' }, 'not-truncated'],
    ['says nothing', { kind: 'answer', text: '' }, 'non-empty'],
  ])('and %s is left for the next one, and the record says why', async (_what, fault, trigger) => {
    await using near = await startUpstreamServer({ models: ['near-3b'] })
    await using thrifty = await startUpstreamServer({ behaviour: fault })
    await using grand = await startUpstreamServer({ behaviour: METERED })
    const urls = { local: near.baseUrl, cheap: thrifty.baseUrl, premium: grand.baseUrl }
    await using running = await startRealGateway({ ...tiersAt(urls), ...KEPT })
    const response = await askFor('kernell-cheap', running)
    expect([response.headers.get('x-kernell-tier'), near.callCount, thrifty.callCount, grand.callCount]).toEqual([
      'premium_api',
      0,
      1,
      1,
    ])
    const records = await recordsOf(running)
    expect(records).toHaveLength(1)
    expect(records[0]).toMatchObject({
      event_id: response.headers.get('x-kernell-task-id'),
      actual_tier_used: 'premium_api',
      was_escalated: true,
      escalation_chain: ['cheap_api', 'premium_api'],
      fallback_trigger: trigger,
      success: true,
      verifier_accepted: true,
      api_provider: 'grand',
      local_model_used: null,
      predicted_tier: 'cheap_api',
      policy_route_predicted: 'cheap',
      final_route_used: 'hybrid',
      was_cached: false,
    })
    expect(running.failures).toEqual([])
  })

  it('everywhere leaves a record of a failure, which costs what is known', async () => {
    await using broken = await startUpstreamServer({ behaviour: { kind: 'status', status: 500, body: {} } })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: broken.baseUrl, premium: broken.baseUrl }),
      ...KEPT,
    })
    await expect(askFor('kernell-cheap', running)).rejects.toMatchObject({ status: 502, code: 'ROUTER_ALL_FAILED' })
    expect(await recordsOf(running)).toMatchObject([
      {
        success: false,
        fallback_trigger: 'ROUTER_ALL_FAILED',
        escalation_chain: ['cheap_api', 'premium_api'],
        cost_usd: 0,
        tokens_out: 0,
      },
    ])
  })
})

describe('a premium route', () => {
  it('with a local model beside it is one premium call, and is recorded as that', async () => {
    await using near = await startUpstreamServer({ models: ['near-3b'] })
    await using grand = await startUpstreamServer({ behaviour: METERED })
    await using running = await startRealGateway({
      ...tiersAt({ local: near.baseUrl, premium: grand.baseUrl }),
      ...KEPT,
    })
    await askFor('kernell-premium', running)
    expect([near.callCount, grand.callCount]).toEqual([0, 1])
    expect(await recordsOf(running)).toMatchObject([
      {
        actual_tier_used: 'premium_api',
        was_escalated: false,
        escalation_chain: [],
        final_route_used: 'premium',
        cost_usd: 0.02,
        tokens_in: 1_000,
        tokens_out: 1_000,
        overhead_calls: [],
      },
    ])
  })
})

describe('a budget', () => {
  const bounded = (up: UpstreamServer, limitUsd: number): ConfigDocument => ({
    ...tiersAt({ cheap: up.baseUrl }),
    models: { 'thrifty/thrifty-1': { tier: 'cheap_api', prices: { inputUsdPerMillion: 0, outputUsdPerMillion: 10 } } },
    ...KEPT,
    budgets: [{ scope: 'tenant:default', window: 'day', limitUsd }],
  })
  const ask = async ({ url }: RealGateway, version: number): Promise<number> => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'kernell-cheap',
        max_tokens: 1_000,
        messages: [{ role: 'user', content: `${POEM} Version ${version}.` }],
      }),
    })
    await response.arrayBuffer()
    return response.status
  }

  it('for ten calls admits ten of sixty-four, each recorded, and never more when it is asked again', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: METERED })
    await using running = await startRealGateway(bounded(thrifty, 0.1))
    const statuses = await Promise.all(Array.from({ length: 64 }, async (_, index) => await ask(running, index)))
    expect([
      statuses.filter((status) => status === 200).length,
      statuses.filter((status) => status === 429).length,
    ]).toEqual([10, 54])
    expect(await ask(running, 64)).toBe(429)
    expect(thrifty.callCount).toBe(10)
    const records = await recordsOf(running)
    expect([
      records.filter(({ success }) => success).length,
      records.filter(({ fallback_trigger }) => fallback_trigger === 'BUDGET_EXCEEDED').length,
    ]).toEqual([10, 55])
    expect(records.reduce((sum, { cost_usd }) => sum + (cost_usd ?? Number.NaN), 0)).toBeCloseTo(0.1, 9)
    // Nothing was called for those that were refused, and the record does not say otherwise.
    expect(new Set(records.filter(({ success }) => !success).map(({ actual_tier_used }) => actual_tier_used))).toEqual(
      new Set(['none']),
    )
  })

  it('gets back what a provider did not take, and keeps what it may have taken', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'status', status: 500, body: {} } })
    // Room for two calls.
    await using running = await startRealGateway(bounded(thrifty, 0.02))
    for (const version of [1, 2, 3]) expect(await ask(running, version)).toBe(502)
    thrifty.respondWith({ kind: 'hang' })
    expect(await ask(running, 4)).toBe(502)
    thrifty.respondWith(METERED)
    expect(await ask(running, 5)).toBe(200)
    expect(await ask(running, 6)).toBe(429)
  })
})

describe('a caller who leaves', () => {
  it('ends the call upstream, starts no other, and is recorded', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'hang' } })
    await using grand = await startUpstreamServer({ behaviour: GOOD })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl }),
      ...KEPT,
      router: { attemptTimeoutMs: 60_000 },
    })
    const controller = new AbortController()
    const asking = fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      signal: controller.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'kernell-cheap', messages: [{ role: 'user', content: POEM }] }),
    })
    await thrifty.waitForCalls(1)
    controller.abort()
    await expect(asking).rejects.toThrow()
    await thrifty.waitForAborts(1)
    await running.gateway.close()
    expect(grand.callCount).toBe(0)
    expect(await recordsOf(running)).toMatchObject([
      { success: false, actual_tier_used: 'cheap_api', fallback_trigger: 'REQUEST_ABORTED', escalation_chain: [] },
    ])
  })
})
