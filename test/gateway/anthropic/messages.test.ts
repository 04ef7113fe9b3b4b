import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { ModelStreamPart } from '../../../src/ports/language-model.ts'
import {
  ANSWER,
  createScriptedNode,
  FINISH,
  keyOf,
  partsOf,
  resultOf,
  startGateway,
  streamOf,
  taskIdOf,
  type ScriptedNodeInit,
} from '../scripted-node.ts'

const clientOf = (url: string, apiKey = 'unused'): Anthropic => new Anthropic({ baseURL: url, apiKey, maxRetries: 0 })
/** Members that the newest version of the interface has no more. */
const TAKEN_AWAY = { temperature: 0.5, top_k: 4 }
const HELLO = { model: 'kernell', max_tokens: 20, messages: [{ role: 'user' as const, content: 'Say hello' }] }

async function send(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** Types and data of the events that a script of parts becomes. */
async function eventsOf(...parts: readonly ModelStreamPart[]): Promise<readonly Record<string, unknown>[]> {
  const node = createScriptedNode({ routeStream: async (request) => streamOf(taskIdOf(request), partsOf(...parts)) })
  await using running = await startGateway(node)
  const text = await (await send(running.url, { ...HELLO, stream: true })).text()
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [name, data] = block.split('\n')
      const event = JSON.parse(data?.slice('data: '.length) ?? '') as Record<string, unknown>
      expect(name).toBe(`event: ${String(event['type'])}`)
      return event
    })
}

describe('a message', () => {
  it('reaches the client with its usage, the cached input apart', async () => {
    await using running = await startGateway(createScriptedNode())
    const { data, request_id } = await clientOf(running.url).messages.create(HELLO).withResponse()
    expect(data).toMatchObject({
      id: `msg_${request_id}`,
      type: 'message',
      role: 'assistant',
      model: 'small-2026-01-01',
      content: [{ type: 'text', text: 'Hello there' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 5, output_tokens: 3, cache_read_input_tokens: 2, cache_creation_input_tokens: 0 },
    })
  })

  it.each([
    [{ finishReason: 'length' as const }, 'max_tokens', null],
    [{ finishReason: 'content-filter' as const }, 'refusal', null],
    [{ finishReason: 'unknown' as const }, 'end_turn', null],
    [{ finishReason: 'stop' as const, stopSequence: 'END' }, 'stop_sequence', 'END'],
    [{ text: '', refusal: 'I will not.' }, 'refusal', null],
  ])('that ended with %j says so', async (answer, reason, sequence) => {
    const node = createScriptedNode({
      route: async (request) => resultOf(taskIdOf(request), { answer: { ...ANSWER, ...answer } }),
    })
    await using running = await startGateway(node)
    const message = await clientOf(running.url).messages.create(HELLO)
    expect([message.stop_reason, message.stop_sequence]).toEqual([reason, sequence])
  })

  it('hands arguments on that are no object, marked', async () => {
    const toolCalls = [
      { id: 'c1', name: 'f', arguments: '{"a":1}' },
      { id: 'c2', name: 'f', arguments: '' },
      { id: 'c3', name: 'f', arguments: '[1' },
    ]
    const node = createScriptedNode({
      route: async (request) =>
        resultOf(taskIdOf(request), { answer: { ...ANSWER, text: '', toolCalls, finishReason: 'tool-calls' } }),
    })
    await using running = await startGateway(node)
    const message = await clientOf(running.url).messages.create(HELLO)
    expect(message.content.map((block) => block.type === 'tool_use' && block.input)).toEqual([
      { a: 1 },
      {},
      { unparsed: '[1' },
    ])
  })
})

describe('a request', () => {
  it('becomes the task that a chat request would be', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await clientOf(running.url).messages.create({
      model: 'kernell-premium',
      max_tokens: 30,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      stop_sequences: ['END'],
      ...TAKEN_AWAY,
      metadata: { user_id: 'u1' },
      tools: [{ name: 'look', description: 'Looks', input_schema: { type: 'object' } }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 's' },
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 't1', name: 'look', input: { at: 'it' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't1', is_error: true, content: [{ type: 'text', text: 'dark' }] },
            { type: 'text', text: 'Again.' },
          ],
        },
      ],
    })
    const [asked] = node.requests
    expect(asked?.target).toEqual({ kind: 'route', route: 'premium' })
    expect(asked?.request).toEqual({
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', url: 'data:image/png;base64,AAAA' },
          ],
        },
        { role: 'assistant', content: 'I look.', toolCalls: [{ id: 't1', name: 'look', arguments: '{"at":"it"}' }] },
        { role: 'tool', content: 'Error: dark', toolCallId: 't1' },
        { role: 'user', content: [{ type: 'text', text: 'Again.' }] },
      ],
      tools: [{ name: 'look', description: 'Looks', parameters: { type: 'object' } }],
      toolChoice: 'required',
      maxOutputTokens: 30,
      temperature: 0.5,
      stop: ['END'],
      passThrough: { top_k: 4, user: 'u1', parallel_tool_calls: false },
    })
  })

  const user = (...content: readonly unknown[]): object => ({ ...HELLO, messages: [{ role: 'user', content }] })
  it.each([
    ['no bound of the answer', { ...HELLO, max_tokens: undefined }, 'max_tokens'],
    ['no messages', { ...HELLO, messages: [] }, 'messages'],
    ['a turn of a tool', { ...HELLO, messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
    ['a document', user({ type: 'document', source: {} }), 'messages[0].content[0].type'],
    [
      'an image of this machine',
      user({ type: 'image', source: { type: 'url', url: 'file:///etc/passwd' } }),
      'messages[0].content[0].source.url',
    ],
    [
      'an image by file',
      user({ type: 'image', source: { type: 'file', file_id: 'f' } }),
      'messages[0].content[0].source.type',
    ],
    [
      'an image of a type that ends it',
      user({ type: 'image', source: { type: 'base64', media_type: 'image/png;base64,x', data: 'A' } }),
      'messages[0].content[0].source.media_type',
    ],
    [
      'a result of no call',
      user({ type: 'tool_result', tool_use_id: 't', content: 'x' }),
      'messages[0].content[].tool_use_id',
    ],
    [
      'a tool of the provider',
      { ...HELLO, tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      'tools[0].type',
    ],
    ['a choice without tools', { ...HELLO, tool_choice: { type: 'any' } }, 'tool_choice'],
    ['a temperature of 2', { ...HELLO, temperature: 2 }, 'temperature'],
    ['servers of tools', { ...HELLO, mcp_servers: [{ url: 'https://a.example' }] }, 'mcp_servers'],
    ['a dearer tier', { ...HELLO, service_tier: 'priority' }, 'service_tier'],
  ])('with %s is refused by name', async (_, body, param) => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const response = await send(running.url, body)
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { type: 'error', error: { type: 'invalid_request_error', param } },
    ])
    expect(node.requests).toEqual([])
  })

  it('of another version of the interface is refused', async () => {
    await using running = await startGateway(createScriptedNode())
    const response = await send(running.url, HELLO, { 'anthropic-version': '2030-01-01' })
    expect(await response.json()).toMatchObject({ error: { param: 'anthropic-version' } })
  })
})

describe('a streamed message', () => {
  it('is blocks one after another, with the usage at its end', async () => {
    const events = await eventsOf(
      { type: 'text-delta', text: 'I look' },
      { type: 'text-delta', text: ' twice.' },
      { type: 'tool-call-delta', index: 0, id: 'c1', name: 'look', argumentsText: '{"a"' },
      { type: 'tool-call-delta', index: 0, argumentsText: ':1}' },
      { type: 'tool-call-delta', index: 1, id: 'c2', name: 'look', argumentsText: '{}' },
      { type: 'finish', finishReason: 'tool-calls', usage: ANSWER.usage },
    )
    expect(
      events.map(({ type, index }) => (index === undefined ? type : `${String(type)} ${JSON.stringify(index)}`)),
    ).toEqual([
      'message_start',
      'content_block_start 0',
      'content_block_delta 0',
      'content_block_delta 0',
      'content_block_stop 0',
      'content_block_start 1',
      'content_block_delta 1',
      'content_block_delta 1',
      'content_block_stop 1',
      'content_block_start 2',
      'content_block_delta 2',
      'content_block_stop 2',
      'message_delta',
      'message_stop',
    ])
    expect(events.at(-2)).toMatchObject({
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { input_tokens: 5, output_tokens: 3, cache_read_input_tokens: 2 },
    })
    expect(events.at(-1)).toMatchObject({ kernell: { tier: 'cheap_api' } })
  })

  it('that refuses ends with that reason', async () => {
    const events = await eventsOf({ type: 'refusal-delta', text: 'I will not.' }, FINISH)
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'refusal' } })
  })

  it('that goes back to a call that has ended, fails', async () => {
    const events = await eventsOf(
      { type: 'tool-call-delta', index: 0, id: 'c1', name: 'f', argumentsText: '{' },
      { type: 'tool-call-delta', index: 1, id: 'c2', name: 'f', argumentsText: '{' },
      { type: 'tool-call-delta', index: 0, argumentsText: '}' },
      FINISH,
    )
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { type: 'api_error', code: 'MODEL_ANSWER_MALFORMED' } })
  })
})

describe('failures', () => {
  const failing = (code: 'BUDGET_EXCEEDED' | 'ROUTER_MODEL_UNKNOWN' | 'MODEL_RATE_LIMITED'): ScriptedNodeInit => ({
    route: async () => await Promise.reject(new CodedError(code, { message: 'No', details: { retryAfterMs: 1_500 } })),
  })
  it.each([
    ['a spent budget', failing('BUDGET_EXCEEDED'), 402, 'billing_error'],
    ['an unknown model', failing('ROUTER_MODEL_UNKNOWN'), 404, 'not_found_error'],
    ['a provider that takes no more', failing('MODEL_RATE_LIMITED'), 429, 'rate_limit_error'],
    ['a fault of the program', { route: async () => await Promise.reject(new Error('secret')) }, 500, 'api_error'],
  ] as const)('of %s are told in the form of the interface', async (_, init, status, type) => {
    await using running = await startGateway(createScriptedNode(init))
    const response = await send(running.url, HELLO)
    const body = (await response.json()) as { request_id: string }
    expect([response.status, body]).toMatchObject([status, { type: 'error', error: { type } }])
    expect(body.request_id).toBe(response.headers.get('request-id'))
    expect(response.headers.get('retry-after-ms')).toBe(status === 429 ? '1500' : null)
    expect(response.headers.get('retry-after')).toBe(status === 429 ? '2' : null)
  })

  it('before the request is read are told in that form too', async () => {
    const node = createScriptedNode({ keys: [keyOf('sk-good')], server: { bodyBytesMax: 200 } })
    await using running = await startGateway(node)
    const key = { 'x-api-key': 'sk-good' }
    const answers = [
      await send(running.url, HELLO),
      await send(running.url, HELLO, { 'x-api-key': 'sk-bad' }),
      await send(running.url, '{', key),
      await send(running.url, 'x'.repeat(300), key),
      await fetch(`${running.url}/v1/messages`, { method: 'PUT', headers: key }),
      await send(running.url, HELLO, { ...key, 'content-type': 'text/plain' }),
      await send(running.url, HELLO, { ...key, origin: 'https://elsewhere.example' }),
    ]
    const seen = await Promise.all(
      answers.map(async (response) => {
        const { type, error, request_id } = (await response.json()) as {
          type: string
          error: { type: string }
          request_id: string
        }
        expect([type, request_id]).toEqual(['error', response.headers.get('request-id')])
        return [response.status, error.type]
      }),
    )
    expect(seen).toEqual([
      [401, 'authentication_error'],
      [401, 'authentication_error'],
      [400, 'invalid_request_error'],
      [413, 'request_too_large'],
      [405, 'invalid_request_error'],
      [415, 'invalid_request_error'],
      [403, 'permission_error'],
    ])
  })

  it('after the first byte are an event of the stream', async () => {
    const node = createScriptedNode({
      routeStream: async (request) =>
        streamOf(
          taskIdOf(request),
          (async function* (): AsyncGenerator<ModelStreamPart, void> {
            yield { type: 'text-delta', text: 'Hel' }
            throw new CodedError('MODEL_STREAM_TRUNCATED', { message: 'It ended in the middle' })
          })(),
        ),
    })
    await using running = await startGateway(node)
    const stream = clientOf(running.url).messages.stream(HELLO)
    await expect(stream.finalMessage()).rejects.toThrow(/ended in the middle/)
  })
})

describe('tokens', () => {
  it('are counted as the router does, without an answer', async () => {
    const node = createScriptedNode()
    const counted = {
      ...node,
      router: {
        ...node.router,
        estimate: async () => ({ expectedTokensIn: 17 }) as Awaited<ReturnType<typeof node.router.estimate>>,
      },
    }
    await using running = await startGateway(counted)
    const { max_tokens: _, ...asked } = HELLO
    expect(await clientOf(running.url).messages.countTokens(asked)).toEqual({ input_tokens: 17 })
    expect(node.requests).toEqual([])
  })
})
