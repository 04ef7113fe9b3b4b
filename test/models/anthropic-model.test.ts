import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createOutboundFetch, type GuardedOutboundFetch } from '../../src/guard/outbound-fetch.ts'
import { createAnthropicModel, type AnthropicModelInit } from '../../src/models/anthropic/anthropic-model.ts'
import { createO200kTokenizer } from '../../src/models/tokenizer.ts'
import type { LanguageModel, ModelRequest } from '../../src/ports/language-model.ts'
import { answerOfParts } from '../../src/testing/answer-parts.ts'
import { LANGUAGE_MODEL_CASES } from '../../src/testing/conformance/language-model-cases.ts'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'
import { collectParts } from '../fixtures/collect-parts.ts'
import { failureOf } from '../fixtures/failure-of.ts'

const API_KEY = 'sk-ant-0123456789abcdef'
const REQUEST: ModelRequest = { messages: [{ role: 'user', content: 'What is the answer?' }] }
const tokenizer = createO200kTokenizer()

let upstream: UpstreamServer
let outbound: GuardedOutboundFetch

beforeAll(async () => {
  upstream = await startUpstreamServer()
  outbound = createOutboundFetch({ allowedOrigins: [upstream.origin], headersTimeoutMs: 5000 })
})

afterEach(() => upstream.respondWith({ kind: 'answer' }))

afterAll(async () => {
  await outbound.close()
  await upstream.close()
})

function createModel(init: Partial<AnthropicModelInit> = {}): LanguageModel {
  const base = { modelId: 'anthropic/test', provider: 'anthropic', model: 'claude-test', apiKey: API_KEY }
  return createAnthropicModel({ ...base, baseUrl: upstream.baseUrl, ...init }, { outbound, tokenizer })
}

async function sentFor(request: ModelRequest): Promise<Record<string, unknown> | undefined> {
  await createModel().doGenerate(request)
  return upstream.calls.at(-1)?.body
}

describe('the promises of the port', () => {
  test.each(LANGUAGE_MODEL_CASES)('$name', async ({ run }) => {
    const failing = createModel({ baseUrl: `${upstream.origin}/nowhere` })
    await run({ model: createModel(), request: REQUEST, failing })
  })
})

describe('what is sent', () => {
  test('a conversation with system texts, images, tools and their results', async () => {
    const body = await sentFor({
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look.' },
            { type: 'image', url: 'data:image/png;base64,AA==' },
            { type: 'image', url: 'https://images.example/cat.png' },
          ],
        },
        {
          role: 'assistant',
          content: '',
          toolCalls: [
            { id: 'c1', name: 'look', arguments: '{"at":1}' },
            { id: 'c2', name: 'look', arguments: 'not json' },
          ],
        },
        { role: 'tool', toolCallId: 'c1', content: 'a cat' },
        { role: 'tool', toolCallId: 'c2', content: 'a dog' },
        { role: 'developer', content: 'In English.' },
        { role: 'user', content: 'So?' },
      ],
      tools: [{ name: 'look', description: 'Looks.', parameters: { type: 'object', properties: {} }, strict: true }],
      toolChoice: 'required',
      maxOutputTokens: 50,
      temperature: 1.5,
      topP: 0.9,
      stop: ['END'],
      seed: 7,
      passThrough: { user: 'u1', logit_bias: { '5': 1 }, top_k: 40, parallel_tool_calls: false },
    })
    expect(upstream.calls.at(-1)?.headers).toMatchObject({ 'x-api-key': API_KEY, 'anthropic-version': '2023-06-01' })
    expect(body).toEqual({
      model: 'claude-test',
      system: 'Be brief.\n\nIn English.',
      max_tokens: 50,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look.' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
            { type: 'image', source: { type: 'url', url: 'https://images.example/cat.png' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'c1', name: 'look', input: { at: 1 } },
            { type: 'tool_use', id: 'c2', name: 'look', input: { unparsed: 'not json' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'c1', content: 'a cat' },
            { type: 'tool_result', tool_use_id: 'c2', content: 'a dog' },
            { type: 'text', text: 'So?' },
          ],
        },
      ],
      tools: [{ name: 'look', description: 'Looks.', input_schema: { type: 'object', properties: {} }, strict: true }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      temperature: 1,
      stop_sequences: ['END'],
      metadata: { user_id: 'u1' },
      top_k: 40,
    })
  })

  test('a schema is enforced by the output configuration, and JSON without a schema is asked for in words', async () => {
    const schema = { type: 'object', additionalProperties: false }
    const withSchema = await sentFor({ ...REQUEST, responseFormat: { type: 'json-schema', name: 'x', schema } })
    expect(withSchema?.['output_config']).toEqual({ format: { type: 'json_schema', schema } })
    const withoutSchema = await sentFor({ ...REQUEST, responseFormat: { type: 'json-object' } })
    expect(withoutSchema?.['output_config']).toBeUndefined()
    expect(withoutSchema?.['system']).toMatch(/one JSON object/)
  })

  test('a bound on the answer is always sent, because the interface demands one', async () => {
    expect((await sentFor(REQUEST))?.['max_tokens']).toBe(8192)
  })

  test.each([
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    [{ name: 'look' }, { type: 'tool', name: 'look' }],
  ] as const)('the tool choice %j is %j', async (toolChoice, expected) => {
    const body = await sentFor({ ...REQUEST, tools: [{ name: 'look' }], toolChoice })
    expect(body?.['tool_choice']).toEqual(expected)
  })
})

describe('what is read', () => {
  test('text and usage, in which cached input is part of the input', async () => {
    upstream.respondWith({ kind: 'answer', text: 'Yes.', usage: { input: 100, output: 2, cached: 64 } })
    const expected = {
      text: 'Yes.',
      toolCalls: [],
      finishReason: 'stop',
      usage: { tokensIn: 100, tokensOut: 2, cachedTokensIn: 64, isEstimated: false },
      servedModel: 'test-model-2026',
    }
    expect(await createModel().doGenerate(REQUEST)).toEqual(expected)
    expect(answerOfParts(await collectParts(createModel().doStream(REQUEST)))).toEqual(expected)
  })

  test('input that was written to the cache is counted and named', async () => {
    const usage = { input_tokens: 5, cache_creation_input_tokens: 20, cache_read_input_tokens: 3, output_tokens: 1 }
    upstream.respondWith({ kind: 'raw', body: JSON.stringify({ content: [], stop_reason: 'end_turn', usage }) })
    expect((await createModel().doGenerate(REQUEST)).usage).toEqual({
      tokensIn: 28,
      tokensOut: 1,
      cachedTokensIn: 3,
      cacheWriteTokensIn: 20,
      isEstimated: false,
    })
  })

  test('tool calls after text, whole and in pieces, numbered without the text', async () => {
    const toolCalls = [
      { id: 'a', name: 'weather', arguments: '{"city":"Zürich"}' },
      { id: 'b', name: 'time', arguments: '{"zone":"CET"}' },
    ]
    upstream.respondWith({ kind: 'answer', text: 'Let me look.', toolCalls })
    const whole = await createModel().doGenerate(REQUEST)
    expect(whole).toMatchObject({ text: 'Let me look.', toolCalls, finishReason: 'tool-calls' })
    expect(answerOfParts(await collectParts(createModel().doStream(REQUEST)))).toEqual(whole)
  })

  test('a refusal is one, although the interface has no text for it', async () => {
    upstream.respondWith({ kind: 'answer', refusal: 'x' })
    const expected = { text: '', refusal: 'The model declined to answer.', finishReason: 'content-filter' }
    expect(await createModel().doGenerate(REQUEST)).toMatchObject(expected)
    expect(answerOfParts(await collectParts(createModel().doStream(REQUEST)))).toMatchObject(expected)
  })

  test.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['pause_turn', 'unknown'],
  ])('the stop reason %s is %s', async (finishReason, expected) => {
    upstream.respondWith({ kind: 'answer', finishReason })
    expect((await createModel().doGenerate(REQUEST)).finishReason).toBe(expected)
  })

  test.each([
    { input: 9e15, output: 4 },
    { input: 12, output: 100_000_001 },
  ])('counts that cannot be true are taken as not given: %o', async (usage) => {
    upstream.respondWith({ kind: 'answer', text: 'Hello, world!', usage })
    const estimated = { tokensIn: 12, tokensOut: 4, cachedTokensIn: 0, isEstimated: true }
    const answer = await createModel().doGenerate(REQUEST)
    expect([answer.text, answer.usage]).toEqual(['Hello, world!', estimated])
    expect((await collectParts(createModel().doStream(REQUEST))).at(-1)).toMatchObject({ usage: estimated })
  })

  test('without usage the tokens are counted and marked as estimated', async () => {
    upstream.respondWith({ kind: 'answer', text: 'Hello, world!', usage: null })
    const usage = { tokensIn: 12, tokensOut: 4, cachedTokensIn: 0, isEstimated: true }
    expect((await createModel().doGenerate(REQUEST)).usage).toEqual(usage)
    expect((await collectParts(createModel().doStream(REQUEST))).at(-1)).toMatchObject({ usage })
  })
})

describe('how it fails', () => {
  test.each([
    [400, 'invalid_request_error', 'MODEL_REQUEST_REFUSED'],
    [400, 'billing_error', 'MODEL_PAYMENT_REQUIRED'],
    [401, 'authentication_error', 'MODEL_AUTH_FAILED'],
    [404, 'not_found_error', 'MODEL_NOT_FOUND'],
    [429, 'rate_limit_error', 'MODEL_RATE_LIMITED'],
    [500, 'api_error', 'MODEL_SERVER_ERROR'],
    [529, 'overloaded_error', 'MODEL_SERVER_ERROR'],
  ])('status %i with %s is %s', async (status, type, code) => {
    upstream.respondWith({ kind: 'status', status, body: { type: 'error', error: { type, message: 'because' } } })
    expect((await failureOf(createModel().doGenerate(REQUEST))).code).toBe(code)
    expect((await failureOf(collectParts(createModel().doStream(REQUEST)))).code).toBe(code)
  })

  test('an error in the stream is told by its type', async () => {
    const body =
      'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":1,"output_tokens":1}}}\n\n' +
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    upstream.respondWith({ kind: 'raw', contentType: 'text/event-stream', body })
    const error = await failureOf(collectParts(createModel().doStream(REQUEST)))
    expect([error.code, error.details['status']]).toEqual(['MODEL_SERVER_ERROR', 529])
  })

  test('a stream without its stop is truncated, wherever it is cut', async () => {
    for (let afterChunks = 0; afterChunks < 8; afterChunks++) {
      upstream.respondWith({ kind: 'cut', afterChunks })
      const error = await failureOf(collectParts(createModel().doStream(REQUEST)))
      expect(error.code, `after ${afterChunks} events`).toBe('MODEL_STREAM_TRUNCATED')
    }
  })

  test.each(['', '{}', '{"content":"text"}', '{"content":[{"type":"tool_use","name":"x"}]}'])(
    'the body %j is no message',
    async (body) => {
      upstream.respondWith({ kind: 'raw', body })
      expect((await failureOf(createModel().doGenerate(REQUEST))).code).toBe('MODEL_ANSWER_MALFORMED')
    },
  )

  test('the key is in no error', async () => {
    const body = { error: { type: 'authentication_error', message: `invalid x-api-key ${API_KEY}` } }
    upstream.respondWith({ kind: 'status', status: 401, body })
    const error = await failureOf(createModel().doGenerate(REQUEST))
    expect(JSON.stringify([error.message, error.details, error.stack])).not.toContain('0123456789')
  })

  test('a caller who leaves in the middle closes the upstream call', async () => {
    upstream.respondWith({ kind: 'stall', afterChunks: 3 })
    const { abortedCount } = upstream
    for await (const _part of createModel().doStream(REQUEST)) break
    await upstream.waitForAborts(abortedCount + 1)
  })
})
