import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { createOutboundFetch, type GuardedOutboundFetch } from '../../src/guard/outbound-fetch.ts'
import {
  openOpenaiEmbeddingModel,
  type OpenaiEmbeddingModelInit,
} from '../../src/models/openai/openai-embedding-model.ts'
import type { EmbeddingModel } from '../../src/ports/embedding-model.ts'
import type { OutboundFetch, OutboundResponse } from '../../src/ports/outbound-fetch.ts'
import { EMBEDDING_MODEL_CASES } from '../../src/testing/conformance/embedding-model-cases.ts'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'

let upstream: UpstreamServer
let outbound: GuardedOutboundFetch

beforeAll(async () => {
  upstream = await startUpstreamServer({ embeddingDimensions: 16 })
  outbound = createOutboundFetch({ allowedOrigins: [upstream.origin] })
})

afterEach(() => upstream.respondWith({ kind: 'answer' }))

afterAll(async () => {
  await outbound.close()
  await upstream.close()
})

function openModel(
  init: Partial<OpenaiEmbeddingModelInit> = {},
  via: OutboundFetch = outbound,
): Promise<EmbeddingModel> {
  const base = { modelId: 'test/embed', provider: 'test', model: 'embed', baseUrl: upstream.baseUrl }
  return openOpenaiEmbeddingModel({ ...base, ...init }, { outbound: via })
}

/** An outbound fetch that answers every request with this body. */
function answering(body: unknown): OutboundFetch {
  const response: OutboundResponse = {
    status: 200,
    header: () => undefined,
    body: (async function* () {})(),
    text: () => Promise.resolve(JSON.stringify(body)),
    release: () => undefined,
    cancel: () => undefined,
  }
  return { request: () => Promise.resolve(response) }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((reason: unknown) => reason)
  return CodedError.is(error) ? error.code : String(error)
}

describe('embeddings over HTTP', () => {
  test.each(EMBEDDING_MODEL_CASES)('$name', async ({ run }) => {
    await run(await openModel())
  })

  test('finds the length of the vectors by itself and scales them to length one', async () => {
    const model = await openModel()
    expect([model.id, model.dimensions]).toEqual(['test/embed', 16])
    const { vectors, tokensIn } = await model.embed(['good morning', 'good morning', 'good night'])
    expect(vectors[0]).toEqual(vectors[1])
    expect(vectors[0]).not.toEqual(vectors[2])
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    expect(tokensIn).toBe(6)
  })

  test('many texts go in several calls and come back in order', async () => {
    const model = await openModel({ dimensions: 16 })
    const texts = Array.from({ length: 600 }, (_none, index) => `text ${index}`)
    const { vectors } = await model.embed(texts)
    const [last] = (await model.embed(['text 599'])).vectors
    expect([vectors.length, vectors[599]]).toEqual([600, last])
  })

  test('the order is that of the index, not of the list', async () => {
    const data = [
      { index: 1, embedding: [0, 2] },
      { index: 0, embedding: [3, 0] },
    ]
    const model = await openModel({ dimensions: 2 }, answering({ data }))
    expect((await model.embed(['a', 'b'])).vectors).toEqual([Float32Array.of(1, 0), Float32Array.of(0, 1)])
  })

  test.each([
    ['no data', {}],
    ['too few vectors', { data: [] }],
    ['an empty vector', { data: [{ index: 0, embedding: [] }] }],
    ['a text in a vector', { data: [{ index: 0, embedding: [1, 'x'] }] }],
    ['null in a vector', { data: [{ index: 0, embedding: [1, null] }] }],
    ['an index out of range', { data: [{ index: 1, embedding: [1, 1] }] }],
    ['another length', { data: [{ index: 0, embedding: [1, 1, 1] }] }],
  ])('%s is no answer', async (_what, body) => {
    const model = await openModel({ dimensions: 2 }, answering(body))
    expect(await codeOf(model.embed(['a']))).toBe('MODEL_ANSWER_MALFORMED')
  })

  test('failures and aborts are those of other calls to the provider', async () => {
    expect(await codeOf(openModel({ baseUrl: `${upstream.origin}/nowhere` }))).toBe('MODEL_NOT_FOUND')
    const model = await openModel()
    await expect(model.embed(['a'], { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone')
  })
})
