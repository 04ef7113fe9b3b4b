import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { startUpstreamServer, type UpstreamBehaviour } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'

const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })
const ask = (content: string): { role: 'user'; content: string }[] => [{ role: 'user', content }]
const POEM = 'Write two lines about the sea at night.'

/** The text of a stream, its last chunk's figures, and the response's headers. */
async function readStream(
  client: OpenAI,
  body: { model: string; messages: OpenAI.ChatCompletionMessageParam[] },
): Promise<{ text: string; kernell: Record<string, unknown> | undefined; headers: Headers }> {
  const { data, response } = await client.chat.completions.create({ ...body, stream: true }).withResponse()
  let text = ''
  let kernell: Record<string, unknown> | undefined
  for await (const chunk of data) {
    text += chunk.choices[0]?.delta.content ?? ''
    kernell = (chunk as { kernell?: Record<string, unknown> }).kernell ?? kernell
  }
  return { text, kernell, headers: response.headers }
}

describe('routes', () => {
  it('of premium call premium once and nothing else, although a local model is there', async () => {
    await using near = await startUpstreamServer({ models: ['near-3b'] })
    await using grand = await startUpstreamServer({
      models: ['grand-1'],
      behaviour: { kind: 'answer', text: 'Dark water hums, a lighthouse blinks, and the night sea answers it.' },
    })
    await using running = await startRealGateway(tiersAt({ local: near.baseUrl, premium: grand.baseUrl }))
    const { data, response } = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell-premium', messages: ask(POEM) })
      .withResponse()
    expect(data.choices[0]?.message.content).toContain('lighthouse')
    expect([
      response.headers.get('x-kernell-tier'),
      response.headers.get('x-kernell-route'),
      near.callCount,
      grand.callCount,
    ]).toEqual(['premium_api', 'premium', 0, 1])
    const streamed = await readStream(clientOf(running.url), {
      model: 'kernell-premium',
      messages: ask('Write two lines about the sea by day.'),
    })
    expect(streamed.text).toContain('lighthouse')
    expect([streamed.headers.get('x-kernell-buffered'), near.callCount, grand.callCount]).toEqual(['false', 0, 2])
  })

  it('to a real model name call that model', async () => {
    await using thrifty = await startUpstreamServer({ models: ['thrifty-1'] })
    await using grand = await startUpstreamServer({ models: ['grand-1'] })
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl }))
    const { response } = await clientOf(running.url)
      .chat.completions.create({ model: 'thrifty/thrifty-1', messages: ask(POEM) })
      .withResponse()
    expect([response.headers.get('x-kernell-model'), thrifty.callCount, grand.callCount]).toEqual([
      'thrifty/thrifty-1',
      1,
      0,
    ])
  })

  it('meter what the provider counted', async () => {
    await using thrifty = await startUpstreamServer({
      behaviour: { kind: 'answer', usage: { input: 1_000_000, output: 500_000 } },
    })
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl }))
    const { data, response } = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell-cheap', messages: ask(POEM) })
      .withResponse()
    expect(data.usage?.total_tokens).toBe(1_500_000)
    expect(response.headers.get('x-kernell-cost-usd')).toBe('0.45')
  })

  it('pass tools and formats to the provider, and its tool calls back', async () => {
    const toolCalls = [{ id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }]
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'answer', toolCalls } })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: thrifty.baseUrl }),
      models: { 'thrifty/thrifty-1': { tier: 'cheap_api', capabilities: { tools: true, jsonSchema: true } } },
    })
    const tools = [
      {
        type: 'function' as const,
        function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
      },
    ]
    const body = {
      model: 'kernell',
      messages: ask('What is the weather in Oslo?'),
      tools,
      tool_choice: 'required' as const,
      response_format: { type: 'json_object' as const },
      user: 'u1',
    }
    const completion = await clientOf(running.url).chat.completions.create(body)
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: toolCalls[0] && { name: 'weather', arguments: '{"city":"Oslo"}' },
          },
        ],
      },
    })
    const streamed = await clientOf(running.url).chat.completions.stream(body).finalChatCompletion()
    expect(streamed.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { name: 'weather', arguments: '{"city":"Oslo"}' },
    })
    expect(thrifty.calls[0]?.body).toMatchObject({
      tools,
      tool_choice: 'required',
      response_format: { type: 'json_object' },
      user: 'u1',
    })
  })
})

describe('a backend that fails', () => {
  const faults: readonly (readonly [string, UpstreamBehaviour])[] = [
    ['hangs up', { kind: 'disconnect' }],
    ['asks for payment', { kind: 'status', status: 402, body: { error: { message: 'pay' } } }],
    ['limits the rate', { kind: 'status', status: 429, body: { error: { message: 'slow down' } } }],
    ['breaks', { kind: 'status', status: 500, body: { error: { message: 'oops' } } }],
    ['is cut off', { kind: 'cut', afterChunks: 0, isBroken: true }],
    ['talks nonsense', { kind: 'raw', body: '<html>' }],
    ['refuses the key', { kind: 'status', status: 401, body: { error: { message: 'no' } } }],
  ]
  const good: UpstreamBehaviour = {
    kind: 'answer',
    text: 'Dark water hums, a lighthouse blinks, and the night sea answers it.',
  }

  it.each(faults)('and %s is escalated, whole and streamed', async (_what, fault) => {
    await using thrifty = await startUpstreamServer({ behaviour: fault })
    await using grand = await startUpstreamServer({ behaviour: good })
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl }))
    const { data, response } = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell-cheap', messages: ask(POEM) })
      .withResponse()
    expect([
      data.choices[0]?.message.content,
      response.headers.get('x-kernell-tier'),
      thrifty.callCount,
      grand.callCount,
    ]).toEqual([good.kind === 'answer' && good.text, 'premium_api', 1, 1])
    const streamed = await readStream(clientOf(running.url), {
      model: 'kernell-cheap',
      messages: ask('Write two lines about the sea by day.'),
    })
    expect([streamed.text, streamed.headers.get('x-kernell-tier'), thrifty.callCount, grand.callCount]).toEqual([
      good.kind === 'answer' && good.text,
      'premium_api',
      2,
      2,
    ])
    expect(running.failures).toEqual([])
  })

  it.each<[string, UpstreamBehaviour]>([
    ['refuses', { kind: 'answer', refusal: 'I cannot help with that.' }],
    ['stops short', { kind: 'answer', text: 'Dark water hums, a', finishReason: 'length' }],
    ['is empty', { kind: 'answer', text: '' }],
  ])('and %s is escalated', async (_what, behaviour) => {
    await using thrifty = await startUpstreamServer({ behaviour })
    await using grand = await startUpstreamServer({ behaviour: good })
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl }))
    const { data, response } = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell-cheap', messages: ask(POEM) })
      .withResponse()
    expect([data.choices[0]?.message.content, response.headers.get('x-kernell-tier')]).toEqual([
      good.kind === 'answer' && good.text,
      'premium_api',
    ])
  })

  it('and does not answer in time is escalated, whole and streamed', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'hang' } })
    await using grand = await startUpstreamServer({ behaviour: good })
    const tiers = tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl })
    await using running = await startRealGateway({ ...tiers, router: { attemptTimeoutMs: 50 } })
    const { response } = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell-cheap', messages: ask(POEM) })
      .withResponse()
    expect([response.headers.get('x-kernell-tier'), thrifty.callCount, grand.callCount]).toEqual(['premium_api', 1, 1])
    await thrifty.waitForAborts(1)
    const streamed = await readStream(clientOf(running.url), {
      model: 'kernell-cheap',
      messages: ask('Write two lines about the sea by day.'),
    })
    expect([streamed.headers.get('x-kernell-tier'), grand.callCount]).toEqual(['premium_api', 2])
    await thrifty.waitForAborts(2)
  })

  it('everywhere is an error that names each attempt', async () => {
    await using broken = await startUpstreamServer({ behaviour: { kind: 'status', status: 500, body: {} } })
    await using running = await startRealGateway(tiersAt({ cheap: broken.baseUrl, premium: broken.baseUrl }))
    for (const stream of [false, true]) {
      const failure: unknown = await clientOf(running.url)
        .chat.completions.create({ model: 'kernell', messages: ask(POEM), stream })
        .catch((error: unknown) => error)
      expect(failure).toMatchObject({ status: 502, code: 'ROUTER_ALL_FAILED' })
    }
  })

  it('after the first byte ends the stream with an error, not with another model', async () => {
    await using thrifty = await startUpstreamServer({
      behaviour: { kind: 'cut', afterChunks: 2, isBroken: true, text: 'one two three four five six', chunkCount: 6 },
    })
    await using grand = await startUpstreamServer({ behaviour: good })
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl }))
    await expect(
      readStream(clientOf(running.url), { model: 'kernell-cheap', messages: ask(POEM) }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^MODEL_/) as string })
    expect(grand.callCount).toBe(0)
  })
})

describe('a caller that disconnects', () => {
  it('ends the call to the model, before and within the answer', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'hang' } })
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl }))
    const client = clientOf(running.url)
    const first = new AbortController()
    const asking = client.chat.completions.create(
      { model: 'kernell-cheap', messages: ask(POEM) },
      { signal: first.signal },
    )
    await thrifty.waitForCalls(1)
    first.abort()
    await expect(asking).rejects.toBeInstanceOf(OpenAI.APIUserAbortError)
    await thrifty.waitForAborts(1)

    thrifty.respondWith({ kind: 'stall', afterChunks: 2, text: 'one two three four', chunkCount: 4 })
    for await (const chunk of await client.chat.completions.create({
      model: 'kernell-cheap',
      messages: ask(POEM),
      stream: true,
    })) {
      if (chunk.choices[0]?.delta.content) break
    }
    await thrifty.waitForAborts(2)
    expect(running.failures).toEqual([])
  })
})

describe('without a model', () => {
  it('exact tools answer, the cache answers, and the rest is told what to configure', async () => {
    await using running = await startRealGateway({})
    const client = clientOf(running.url)
    const { data, response } = await client.chat.completions
      .create({ model: 'kernell', messages: ask('What is 12.5 * 8?') })
      .withResponse()
    expect([
      data.choices[0]?.message.content,
      response.headers.get('x-kernell-tier'),
      response.headers.get('x-kernell-cost-usd'),
    ]).toEqual(['100', 'deterministic', '0'])
    const failure: unknown = await client.chat.completions
      .create({ model: 'kernell', messages: ask(POEM) })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({
      status: 503,
      code: 'ROUTER_NO_MODEL',
      message: expect.stringMatching(/OPENAI_API_KEY/) as string,
    })
    await expect(client.chat.completions.create({ model: 'gpt-nowhere', messages: ask(POEM) })).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    )
  })
})

describe('the cache', () => {
  it('answers the same question again at no cost, whole and as a stream, and as it is told', async () => {
    await using thrifty = await startUpstreamServer({
      behaviour: { kind: 'answer', text: 'Dark water hums, a lighthouse blinks, and the night sea answers it.' },
    })
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl }))
    const client = clientOf(running.url)
    const once = async (cache?: string): Promise<unknown[]> => {
      const { data, response } = await client.chat.completions
        .create(
          { model: 'kernell', messages: ask(POEM) },
          { headers: cache === undefined ? {} : { 'x-kernell-cache': cache } },
        )
        .withResponse()
      return [
        response.headers.get('x-kernell-cache'),
        response.headers.get('x-kernell-cost-usd') === '0',
        data.choices[0]?.message.content?.slice(0, 10),
        thrifty.callCount,
      ]
    }
    expect(await once('no-store, no-read')).toEqual(['off', false, 'Dark water', 1])
    expect(await once()).toEqual(['miss', false, 'Dark water', 2])
    expect(await once()).toEqual(['exact', true, 'Dark water', 2])
    const streamed = await readStream(client, { model: 'kernell', messages: ask(POEM) })
    expect([
      streamed.text.slice(0, 10),
      streamed.headers.get('x-kernell-cache'),
      streamed.kernell?.['cost_usd'],
      thrifty.callCount,
    ]).toEqual(['Dark water', 'exact', 0, 2])
    expect((await once('refresh')).at(-1)).toBe(3)
  })
})

describe('a budget', () => {
  it('for ten calls admits ten of sixty-four that come at once', async () => {
    // One call: 1,000 tokens in at $1 per million and 1,000 out at $9 per million, so one cent; the caller bounds the answer.
    await using thrifty = await startUpstreamServer({
      behaviour: { kind: 'answer', usage: { input: 1_000, output: 1_000 } },
    })
    const tiers = tiersAt({ cheap: thrifty.baseUrl })
    const models = {
      'thrifty/thrifty-1': { tier: 'cheap_api' as const, prices: { inputUsdPerMillion: 0, outputUsdPerMillion: 10 } },
    }
    await using running = await startRealGateway({
      ...tiers,
      models,
      budgets: [{ scope: 'node', window: 'day', limitUsd: 0.1 }],
    })
    const client = clientOf(running.url)
    const calls = Array.from({ length: 64 }, async (_, index) => {
      try {
        await client.chat.completions.create({
          model: 'kernell-cheap',
          messages: ask(`${POEM} Version ${index}.`),
          max_tokens: 1_000,
        })
        return 'answered'
      } catch (error) {
        return error instanceof OpenAI.RateLimitError ? error.code : error
      }
    })
    const outcomes = await Promise.all(calls)
    expect([
      outcomes.filter((outcome) => outcome === 'answered').length,
      outcomes.filter((outcome) => outcome === 'insufficient_quota').length,
      thrifty.callCount,
    ]).toEqual([10, 54, 10])
  })
})

describe('the other endpoints of a real node', () => {
  it('answer with its registry, embedder, policy, health and metrics', async () => {
    await using thrifty = await startUpstreamServer()
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl }))
    const client = clientOf(running.url)
    const ids: string[] = []
    for await (const model of client.models.list()) ids.push(model.id)
    expect(ids).toEqual(['kernell', 'kernell-local', 'kernell-cheap', 'kernell-premium', 'thrifty/thrifty-1'])
    const made = await client.embeddings.create({
      model: 'kernell',
      input: ['the sea at night', 'the sea at night', 'budget report'],
    })
    expect(made.data[0]?.embedding).toEqual(made.data[1]?.embedding)
    expect(made.data[0]?.embedding).not.toEqual(made.data[2]?.embedding)
    await client.chat.completions.create({ model: 'kernell-cheap', messages: ask(POEM) })
    const metrics = await (await fetch(`${running.url}/metrics`)).text()
    expect(metrics).toMatch(/^kernell_tasks_total\{.*tier="cheap_api".*\} 1$/m)
    expect(metrics).toMatch(
      /^kernell_http_request_duration_seconds_count\{route="\/v1\/chat\/completions",status="200"\} 1$/m,
    )
    expect(await (await fetch(`${running.url}/healthz`)).json()).toMatchObject({ status: 'ok' })
  })

  it('give the policy in its published form', async () => {
    await using thrifty = await startUpstreamServer()
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl }))
    const response = await fetch(`${running.url}/v1/policy/decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: POEM }),
    })
    const schema = JSON.parse(
      readFileSync(new URL('../../protocol/http/policy-answer.schema.json', import.meta.url), 'utf8'),
    ) as object
    const isValid = new Ajv({ strict: false }).compile(schema)
    expect(isValid(await response.json()), JSON.stringify(isValid.errors)).toBe(true)
    const refused = await fetch(`${running.url}/v1/policy/decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt":7}',
    })
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: 'REQUEST_INVALID' } }])
  })
})
