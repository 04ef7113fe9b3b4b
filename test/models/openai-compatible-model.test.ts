import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { CodedError } from '../../src/base/errors.ts'
import { createOutboundFetch, type GuardedOutboundFetch } from '../../src/guard/outbound-fetch.ts'
import {
  createOpenaiCompatibleModel,
  type OpenaiCompatibleModelInit,
} from '../../src/models/openai/openai-compatible-model.ts'
import { createO200kTokenizer } from '../../src/models/tokenizer.ts'
import type { LanguageModel, ModelRequest, ModelStreamPart } from '../../src/ports/language-model.ts'
import { answerOfParts } from '../../src/testing/answer-parts.ts'
import { LANGUAGE_MODEL_CASES } from '../../src/testing/conformance/language-model-cases.ts'
import { startUpstreamServer, type UpstreamBehaviour, type UpstreamServer } from '../fixtures/upstream-server.ts'
import { collectParts } from '../fixtures/collect-parts.ts'
import { failureOf } from '../fixtures/failure-of.ts'

const API_KEY = 'sk-live-0123456789abcdef'
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

function createModel(init: Partial<OpenaiCompatibleModelInit> = {}): LanguageModel {
  const base = {
    modelId: 'openai/test',
    provider: 'openai',
    model: 'test-model',
    baseUrl: upstream.baseUrl,
    apiKey: API_KEY,
  }
  return createOpenaiCompatibleModel({ ...base, ...init }, { outbound, tokenizer })
}

/** The failure of a whole call and of a stream, which must be the same. */
async function failuresOf(behaviour: UpstreamBehaviour, model = createModel()): Promise<CodedError> {
  upstream.respondWith(behaviour)
  const whole = await failureOf(model.doGenerate(REQUEST))
  const streamed = await failureOf(collectParts(model.doStream(REQUEST)))
  expect([streamed.code, streamed.message]).toEqual([whole.code, whole.message])
  return whole
}

describe('the promises of the port', () => {
  test.each(LANGUAGE_MODEL_CASES)('$name', async ({ run }) => {
    const failing = createModel({ baseUrl: `${upstream.origin}/nowhere` })
    await run({ model: createModel(), request: REQUEST, failing })
  })
})

describe('what is sent', () => {
  test('everything that the request says, in the interface of OpenAI', async () => {
    await createModel().doGenerate({
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', url: 'data:image/png;base64,AA==', detail: 'low' },
          ],
        },
        { role: 'assistant', content: null, toolCalls: [{ id: 'c1', name: 'look', arguments: '{"at":1}' }] },
        { role: 'tool', toolCallId: 'c1', content: 'a cat' },
      ],
      tools: [{ name: 'look', description: 'Looks.', parameters: { type: 'object' }, strict: true }],
      toolChoice: { name: 'look' },
      responseFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' }, strict: true },
      maxOutputTokens: 50,
      temperature: 0.5,
      topP: 0.9,
      stop: ['END'],
      seed: 7,
      passThrough: {
        logit_bias: { '5': 1 },
        user: 'u1',
        model: 'other',
        stream: true,
        messages: [],
        max_tokens: 9,
        n: 4,
        models: ['dear/model'],
        service_tier: 'priority',
      },
    })
    const call = upstream.calls.at(-1)
    expect(call?.headers.authorization).toBe(`Bearer ${API_KEY}`)
    expect(call?.body).toEqual({
      logit_bias: { '5': 1 },
      user: 'u1',
      model: 'test-model',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'look', description: 'Looks.', parameters: { type: 'object' }, strict: true },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'look' } },
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
      },
      max_completion_tokens: 50,
      temperature: 0.5,
      top_p: 0.9,
      stop: ['END'],
      seed: 7,
    })
  })

  test('other servers get the older names, no key when there is none, and usage is asked for in streams', async () => {
    const model = createOpenaiCompatibleModel(
      { modelId: 'ollama/x', provider: 'ollama', model: 'x', baseUrl: `${upstream.baseUrl}/` },
      { outbound, tokenizer },
    )
    await collectParts(model.doStream({ messages: [{ role: 'developer', content: 'Hi.' }], maxOutputTokens: 5 }))
    const call = upstream.calls.at(-1)
    expect(call?.headers.authorization).toBeUndefined()
    expect(call?.body).toEqual({
      model: 'x',
      messages: [{ role: 'system', content: 'Hi.' }],
      max_tokens: 5,
      stream: true,
      stream_options: { include_usage: true },
    })
  })
})

describe('what is read', () => {
  test('text, usage with cached tokens, the finish reason and the model that served', async () => {
    upstream.respondWith({
      kind: 'answer',
      text: 'Yes.',
      finishReason: 'length',
      usage: { input: 100, output: 2, cached: 64 },
    })
    const expected = {
      text: 'Yes.',
      toolCalls: [],
      finishReason: 'length',
      usage: { tokensIn: 100, tokensOut: 2, cachedTokensIn: 64, isEstimated: false },
      servedModel: 'test-model-2026',
    }
    expect(await createModel().doGenerate(REQUEST)).toEqual(expected)
    expect(answerOfParts(await collectParts(createModel().doStream(REQUEST)))).toEqual(expected)
  })

  test('tool calls, whole and in pieces', async () => {
    const toolCalls = [
      { id: 'call_a', name: 'weather', arguments: '{"city":"Zürich"}' },
      { id: 'call_b', name: 'time', arguments: '{}' },
    ]
    upstream.respondWith({ kind: 'answer', toolCalls })
    const whole = await createModel().doGenerate(REQUEST)
    expect(whole).toMatchObject({ text: '', toolCalls, finishReason: 'tool-calls' })
    expect(answerOfParts(await collectParts(createModel().doStream(REQUEST)))).toEqual(whole)
  })

  test('a refusal in the words of the provider', async () => {
    upstream.respondWith({ kind: 'answer', refusal: 'I cannot help with that.' })
    expect(await createModel().doGenerate(REQUEST)).toMatchObject({ text: '', refusal: 'I cannot help with that.' })
    expect(answerOfParts(await collectParts(createModel().doStream(REQUEST))).refusal).toBe('I cannot help with that.')
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

  test('a stream that ends after its finish reason but without [DONE] is complete', async () => {
    const event = '{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}'
    upstream.respondWith({ kind: 'raw', contentType: 'text/event-stream', body: `data: ${event}` })
    expect(answerOfParts(await collectParts(createModel().doStream(REQUEST)))).toMatchObject({
      text: 'a',
      finishReason: 'stop',
    })
  })
})

describe('how providers fail', () => {
  const statuses = [
    [400, 'MODEL_REQUEST_REFUSED', false],
    [401, 'MODEL_AUTH_FAILED', false],
    [402, 'MODEL_PAYMENT_REQUIRED', false],
    [403, 'MODEL_AUTH_FAILED', false],
    [404, 'MODEL_NOT_FOUND', false],
    [408, 'MODEL_TIMEOUT', true],
    [413, 'MODEL_REQUEST_REFUSED', false],
    [422, 'MODEL_REQUEST_REFUSED', false],
    [429, 'MODEL_RATE_LIMITED', true],
    [500, 'MODEL_SERVER_ERROR', true],
    [503, 'MODEL_SERVER_ERROR', true],
    [504, 'MODEL_TIMEOUT', true],
    [529, 'MODEL_SERVER_ERROR', true],
    [302, 'MODEL_ANSWER_MALFORMED', true],
    [204, 'MODEL_ANSWER_MALFORMED', true],
  ] as const
  test.each(statuses)('status %i is %s, retryable: %s', async (status, code, isRetryable) => {
    const error = await failuresOf({ kind: 'status', status, body: { error: { message: 'because', type: 'kind' } } })
    expect([error.code, error.isRetryable, error.details['status']]).toEqual([code, isRetryable, status])
  })

  test('an empty account that is answered with 429 is not worth a retry', async () => {
    const body = { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } }
    expect((await failuresOf({ kind: 'status', status: 429, body })).code).toBe('MODEL_PAYMENT_REQUIRED')
  })

  test.each([
    [{ 'retry-after': '3' }, 3000],
    [{ 'retry-after-ms': '250', 'retry-after': '3' }, 250],
    [{ 'retry-after': '999999999' }, 3_600_000],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
  ])('the wait that %j asks for is %s ms', async (headers, retryAfterMs) => {
    const error = await failuresOf({ kind: 'status', status: 429, headers })
    expect(error.details['retryAfterMs']).toBe(retryAfterMs)
  })

  test.each([
    '',
    'not json',
    '[]',
    '{}',
    '{"choices":[]}',
    '{"choices":[{}]}',
    '{"choices":[{"message":null}]}',
    '"x"',
  ])('the body %j is no answer', async (body) => {
    upstream.respondWith({ kind: 'raw', body })
    expect((await failureOf(createModel().doGenerate(REQUEST))).code).toBe('MODEL_ANSWER_MALFORMED')
  })

  test.each(['data: not json\n\n', 'data: []\n\n', 'data: {"object":"x"}\n\n'])(
    'the event %j is no chunk',
    async (body) => {
      upstream.respondWith({ kind: 'raw', contentType: 'text/event-stream', body })
      expect((await failureOf(collectParts(createModel().doStream(REQUEST)))).code).toBe('MODEL_ANSWER_MALFORMED')
    },
  )

  test('an error that comes with status 200, whole or in the stream, is an error', async () => {
    upstream.respondWith({ kind: 'raw', body: '{"error":{"message":"overloaded"}}' })
    expect((await failureOf(createModel().doGenerate(REQUEST))).code).toBe('MODEL_SERVER_ERROR')
    const events =
      'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"error":{"message":"slow down","code":429}}\n\n'
    upstream.respondWith({ kind: 'raw', contentType: 'text/event-stream', body: events })
    expect((await failureOf(collectParts(createModel().doStream(REQUEST)))).code).toBe('MODEL_RATE_LIMITED')
  })

  test('a stream that is cut, cleanly or not, is truncated and never finished', async () => {
    for (const isBroken of [false, true]) {
      upstream.respondWith({ kind: 'cut', afterChunks: 2, isBroken })
      const parts: ModelStreamPart[] = []
      const reading = (async () => {
        for await (const part of createModel().doStream(REQUEST)) parts.push(part)
      })()
      expect((await failureOf(reading)).code).toBe('MODEL_STREAM_TRUNCATED')
      expect(parts.map((part) => part.type)).toEqual(['text-delta'])
    }
  })

  test('a connection that breaks before an answer is unreachable, and one that breaks inside it truncates what is billed', async () => {
    expect((await failuresOf({ kind: 'disconnect' })).code).toBe('MODEL_UNREACHABLE')
    upstream.respondWith({ kind: 'cut', afterChunks: 0 })
    expect((await failureOf(createModel().doGenerate(REQUEST))).code).toBe('MODEL_STREAM_TRUNCATED')
  })

  test('a provider that never answers, or stops in the middle, times out', async () => {
    const model = createModel({ headersTimeoutMs: 30, idleTimeoutMs: 30 })
    expect((await failuresOf({ kind: 'hang' }, model)).code).toBe('MODEL_TIMEOUT')
    upstream.respondWith({ kind: 'stall', afterChunks: 2 })
    expect((await failureOf(collectParts(model.doStream(REQUEST)))).code).toBe('MODEL_TIMEOUT')
  })

  test('an answer above the size limit is refused', async () => {
    upstream.respondWith({ kind: 'answer', text: 'x'.repeat(50_000) })
    const model = createModel({ responseBytesMax: 10_000 })
    expect((await failureOf(model.doGenerate(REQUEST))).code).toBe('MODEL_ANSWER_TOO_LARGE')
    expect((await failureOf(collectParts(model.doStream(REQUEST)))).code).toBe('MODEL_ANSWER_TOO_LARGE')
  })

  test('an address that is not configured is refused by the guard', async () => {
    const model = createModel({ baseUrl: 'https://elsewhere.example/v1' })
    expect((await failureOf(model.doGenerate(REQUEST))).code).toBe('OUTBOUND_NOT_ALLOWED')
  })
})

describe('secrets', () => {
  const leaks = [
    `Incorrect API key provided: ${API_KEY}`,
    `Incorrect API key provided: sk-live-********cdef. You can find your API key at ...`,
    `bad header Authorization: Bearer ${API_KEY}`,
    `header x-org: org-secret-77 is not allowed; api_key=abcdef123456`,
  ]
  test.each(leaks)('the provider says "%s" and the error does not', async (message) => {
    for (const status of [400, 401, 500]) {
      const body = { error: { message, type: message, code: message } }
      const model = createModel({ headers: { 'x-org': 'org-secret-77' } })
      const error = await failuresOf({ kind: 'status', status, body }, model)
      const shown = JSON.stringify([error.message, error.details, String(error.cause), error.stack])
      expect(shown).not.toMatch(/0123456789abcdef|\*cdef|org-secret-77|abcdef123456/)
    }
  })

  test('a long message of a provider is cut', async () => {
    const error = await failuresOf({ kind: 'status', status: 400, body: { error: 'x'.repeat(5000) } })
    expect(error.message.length).toBeLessThan(400)
  })
})

describe('callers who leave', () => {
  test('aborting while the answer is awaited closes the upstream call', async () => {
    upstream.respondWith({ kind: 'hang' })
    const { abortedCount, callCount } = upstream
    const controller = new AbortController()
    const answer = createModel().doGenerate(REQUEST, { signal: controller.signal })
    await upstream.waitForCalls(callCount + 1)
    controller.abort(new Error('gone'))
    await expect(answer).rejects.toThrow('gone')
    await upstream.waitForAborts(abortedCount + 1)
  })

  test('aborting in the middle of a stream closes the upstream call', async () => {
    upstream.respondWith({ kind: 'stall', afterChunks: 2 })
    const { abortedCount } = upstream
    const controller = new AbortController()
    const read = async (): Promise<void> => {
      for await (const _part of createModel().doStream(REQUEST, { signal: controller.signal })) {
        setImmediate(() => controller.abort(new Error('gone')))
      }
    }
    await expect(read()).rejects.toThrow('gone')
    await upstream.waitForAborts(abortedCount + 1)
  })

  test('leaving the loop closes the upstream call', async () => {
    upstream.respondWith({ kind: 'stall', afterChunks: 2 })
    const { abortedCount } = upstream
    for await (const _part of createModel().doStream(REQUEST)) break
    await upstream.waitForAborts(abortedCount + 1)
  })

  test('a server that keeps the response open after [DONE] neither holds the answer back nor loses its connection', async () => {
    upstream.respondWith({ kind: 'stall', afterChunks: 100 })
    const { abortedCount } = upstream
    const parts = await collectParts(createModel().doStream(REQUEST))
    expect(parts.at(-1)?.type).toBe('finish')
    upstream.respondWith({ kind: 'answer' })
    for (let call = 0; call < 3; call++) await createModel().doGenerate(REQUEST)
    expect(upstream.abortedCount).toBe(abortedCount)
  })

  test('an answer that was read to its end is not seen as left', async () => {
    const { abortedCount } = upstream
    for (let call = 0; call < 5; call++) await collectParts(createModel().doStream(REQUEST))
    expect(upstream.abortedCount).toBe(abortedCount)
  })
})
