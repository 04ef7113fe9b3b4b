import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { ANSWER, createScriptedNode, DECISION, resultOf, startGateway, taskIdOf } from './scripted-node.ts'

const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })
const HELLO = [{ role: 'user' as const, content: 'Say hello' }]

describe('a whole answer', () => {
  it('reaches the openai client as a chat completion with usage', async () => {
    await using running = await startGateway(createScriptedNode())
    const { data: completion, response } = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell', messages: HELLO })
      .withResponse()
    const requestId = response.headers.get('x-request-id') ?? ''
    expect({ ...completion, created: 0 }).toEqual({
      id: `chatcmpl-${requestId}`,
      object: 'chat.completion',
      created: 0,
      model: 'small-2026-01-01',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello there', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, prompt_tokens_details: { cached_tokens: 2 } },
      system_fingerprint: null,
    })
    expect(Math.abs(completion.created - Date.now() / 1000)).toBeLessThan(60)
  })

  it('says in headers what answered, what it cost and why', async () => {
    await using running = await startGateway(createScriptedNode())
    const { response } = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell', messages: HELLO })
      .withResponse()
    const own = Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('x-kernell-')))
    expect(own).toEqual({
      'x-kernell-task-id': response.headers.get('x-request-id'),
      'x-kernell-route': 'cheap',
      'x-kernell-tier': 'cheap_api',
      'x-kernell-model': 'openai/small',
      'x-kernell-provider': 'openai',
      'x-kernell-cache': 'miss',
      'x-kernell-cost-usd': '0.00125',
      'x-kernell-premium-cost-usd': '0.025',
      'x-kernell-decision': 'route=cheap confidence=0.824 risk=low difficulty=2 plan=openai/small policy=scripted-1',
    })
  })

  it('that no model was allowed to stand for says so', async () => {
    const headersOf = async (isAccepted: boolean): Promise<string | null> => {
      const node = createScriptedNode({
        route: async (request) => resultOf(taskIdOf(request), { verification: { isAccepted, confidence: 0 } }),
      })
      await using running = await startGateway(node)
      const create = clientOf(running.url).chat.completions.create({ model: 'kernell', messages: HELLO })
      return (await create.withResponse()).response.headers.get('x-kernell-accepted')
    }
    expect([await headersOf(false), await headersOf(true)]).toEqual(['false', null])
  })

  it.each([
    ['cache', 'cache'],
    ['deterministic', 'tool'],
  ] as const)('of the tier %s tells of no decision, since none was made', async (tier, decision) => {
    const node = createScriptedNode({ route: async (request) => resultOf(taskIdOf(request), { tier }) })
    await using running = await startGateway(node)
    const create = clientOf(running.url).chat.completions.create({ model: 'kernell', messages: HELLO })
    expect((await create.withResponse()).response.headers.get('x-kernell-decision')).toBe(decision)
  })

  it('says whether the plan reaches the quality that was bound', async () => {
    const decision = { ...DECISION, isQualityMet: false }
    const node = createScriptedNode({ route: async (request) => resultOf(taskIdOf(request), { decision }) })
    await using running = await startGateway(node)
    const create = clientOf(running.url).chat.completions.create({ model: 'kernell', messages: HELLO })
    expect((await create.withResponse()).response.headers.get('x-kernell-quality-met')).toBe('false')
  })

  it('has no cost header when the cost is not known', async () => {
    const node = createScriptedNode({
      route: async (request) => resultOf(taskIdOf(request), { costNanos: undefined, premiumCostNanos: undefined }),
    })
    await using running = await startGateway(node)
    const { response } = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell', messages: HELLO })
      .withResponse()
    expect([response.headers.get('x-kernell-cost-usd'), response.headers.get('x-kernell-premium-cost-usd')]).toEqual([
      null,
      null,
    ])
  })

  it('keeps a model name that headers cannot carry from breaking the answer', async () => {
    const node = createScriptedNode({
      route: async (request) => resultOf(taskIdOf(request), { modelId: 'modèle\r\nx: y' }),
    })
    await using running = await startGateway(node)
    const { response } = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell', messages: HELLO })
      .withResponse()
    expect(response.headers.get('x-kernell-model')).toBe('mod?le??x: y')
  })

  it('carries tool calls with null content', async () => {
    const calls = [{ id: 'c1', name: 'weather', arguments: '{"city":"Oslo"}' }]
    const node = createScriptedNode({
      route: async (request) =>
        resultOf(taskIdOf(request), { answer: { ...ANSWER, text: '', toolCalls: calls, finishReason: 'tool-calls' } }),
    })
    await using running = await startGateway(node)
    const completion = await clientOf(running.url).chat.completions.create({ model: 'kernell', messages: HELLO })
    expect(completion.choices[0]?.message).toEqual({
      role: 'assistant',
      content: null,
      refusal: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }],
    })
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls')
  })

  it('carries a refusal', async () => {
    const node = createScriptedNode({
      route: async (request) =>
        resultOf(taskIdOf(request), { answer: { ...ANSWER, text: '', refusal: 'I will not.' } }),
    })
    await using running = await startGateway(node)
    const completion = await clientOf(running.url).chat.completions.create({ model: 'kernell', messages: HELLO })
    expect(completion.choices[0]?.message).toEqual({ role: 'assistant', content: null, refusal: 'I will not.' })
  })
})

describe('what reaches the router', () => {
  it.each([
    ['kernell', { kind: 'auto' }],
    ['kernell-local', { kind: 'route', route: 'local' }],
    ['kernell-cheap', { kind: 'route', route: 'cheap' }],
    ['kernell-premium', { kind: 'route', route: 'premium' }],
    ['openai/gpt-4o', { kind: 'model', modelId: 'openai/gpt-4o' }],
  ])('the model name %s', async (model, target) => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await clientOf(running.url).chat.completions.create({ model, messages: HELLO })
    expect(node.requests[0]?.target).toEqual(target)
  })

  it('everything the client sent, typed where the node understands it and as it was where not', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const schema = { type: 'object', properties: { city: { type: 'string' } } }
    await clientOf(running.url).chat.completions.create({
      model: 'kernell',
      messages: [
        {
          role: 'developer',
          content: [
            { type: 'text', text: 'Be ' },
            { type: 'text', text: 'brief' },
          ],
        },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'https://a.example/i.png', detail: 'low' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
      ],
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks', parameters: schema, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'look' } },
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      max_tokens: 10,
      max_completion_tokens: 20,
      temperature: 0.5,
      top_p: 0.9,
      stop: ['END'],
      seed: 7,
      n: 1,
      user: 'u-1',
      logit_bias: { '50256': -100 },
      parallel_tool_calls: false,
    })
    expect(node.requests[0]?.request).toEqual({
      messages: [
        { role: 'developer', content: 'Be brief' },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', url: 'https://a.example/i.png', detail: 'low' },
          ],
        },
        { role: 'assistant', content: null, toolCalls: [{ id: 'c1', name: 'look', arguments: '{}' }] },
        { role: 'tool', toolCallId: 'c1', content: 'a cat' },
      ],
      tools: [{ name: 'look', description: 'Looks', parameters: schema, strict: true }],
      toolChoice: { name: 'look' },
      responseFormat: { type: 'json-schema', name: 'answer', schema, strict: true },
      maxOutputTokens: 20,
      temperature: 0.5,
      topP: 0.9,
      stop: ['END'],
      seed: 7,
      passThrough: { user: 'u-1', logit_bias: { '50256': -100 }, parallel_tool_calls: false },
    })
  })

  it('the controls of the headers', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await clientOf(running.url).chat.completions.create(
      { model: 'kernell', messages: HELLO },
      {
        headers: {
          'x-kernell-max-cost-usd': '0.0125',
          'x-kernell-quality': '0.85',
          'x-kernell-allow': 'local, cheap_api , openai,local-only',
          'x-kernell-cache': 'refresh',
          'x-kernell-conversation': 'c-7',
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        },
      },
    )
    expect(node.requests[0]?.controls).toEqual({
      maxCostNanos: 12_500_000n,
      quality: 0.85,
      tiers: ['local_nano', 'local_small', 'local_medium', 'local_large', 'cheap_api'],
      providers: ['openai'],
      isLocalOnly: true,
      cache: 'refresh',
      conversation: 'c-7',
    })
    expect(node.requests[0]?.traceparent).toBe('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
  })

  it.each([
    ['x-kernell-max-cost-usd', '-1'],
    ['x-kernell-max-cost-usd', 'cheap'],
    ['x-kernell-quality', '1.5'],
    ['x-kernell-quality', ''],
    ['x-kernell-allow', 'premum'],
    ['x-kernell-allow', ''],
    ['x-kernell-cache', 'maybe'],
    ['x-kernell-conversation', 'two words'],
    ['x-kernell-conversation', 'x'.repeat(129)],
  ])('no control that is not understood: %s: "%s" is refused', async (name, value) => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const asking = clientOf(running.url).chat.completions.create(
      { model: 'kernell', messages: HELLO },
      { headers: { [name]: value } },
    )
    await expect(asking).rejects.toMatchObject({
      status: 400,
      param: name,
      code: 'REQUEST_INVALID',
      type: 'invalid_request_error',
    })
    expect(node.requests).toEqual([])
  })
})
