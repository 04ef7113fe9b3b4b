import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { DEFAULT_TENANT } from '../../src/base/identifiers.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import type { ModelStreamPart } from '../../src/ports/language-model.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'
import {
  createScriptedNode,
  FINISH,
  keyOf,
  partsOf,
  resultOf,
  startGateway,
  streamOf,
  taskIdOf,
} from './scripted-node.ts'

const HELLO = { model: 'kernell', messages: [{ role: 'user', content: 'Say hello' }] }

type Sent = {
  readonly path?: string
  readonly body?: object
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

async function send(
  url: string,
  key: string,
  { path = '/v1/chat/completions', body = HELLO, headers, signal }: Sent = {},
): Promise<Response> {
  return await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers },
    body: JSON.stringify(body),
    ...(signal !== undefined && { signal }),
  })
}

/** Resolves when an answer is in the store. */
async function kept({ documents }: Pick<KernellNode, 'documents'>): Promise<void> {
  while ((await documents.list(DEFAULT_TENANT, 'repeated-answer')).length === 0)
    await new Promise((resolve) => setImmediate(resolve))
}

describe('a request with an idempotency key', () => {
  it.each([
    ['/v1/chat/completions', HELLO],
    ['/v1/responses', { model: 'kernell', input: 'Say hello' }],
    ['/v1/messages', { ...HELLO, max_tokens: 5 }],
  ])('to %s that is sent again gets the same answer, and the task is done once', async (path, body) => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const first = await send(running.url, 'k1', { path, body })
    const again = await send(running.url, 'k1', { path, body })
    expect(await again.text()).toBe(await first.text())
    expect(again.status).toBe(200)
    expect([first, again].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
    for (const name of ['x-request-id', 'content-type', 'x-kernell-cost-usd'])
      expect(again.headers.get(name)).toBe(first.headers.get(name))
    expect(node.requests).toHaveLength(1)
    await (await send(running.url, 'k2', { path, body })).text()
    expect(node.requests).toHaveLength(2)
  })

  it('is answered once while the first is under way', async () => {
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const node = createScriptedNode({
      route: async (request) => {
        begun.resolve()
        await gate.promise
        return resultOf(taskIdOf(request))
      },
    })
    await using running = await startGateway(node)
    const first = send(running.url, 'k1')
    await begun.promise
    const others = [send(running.url, 'k1'), send(running.url, 'k1')]
    gate.resolve()
    const bodies = await Promise.all([first, ...others].map(async (answer) => await (await answer).text()))
    expect(new Set(bodies).size).toBe(1)
    expect(node.requests).toHaveLength(1)
  })

  it('goes on when its caller leaves, and the retry gets what came of it', async () => {
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<AbortSignal>()
    const node = createScriptedNode({
      route: async (request, signal) => {
        begun.resolve(signal)
        await gate.promise
        return resultOf(taskIdOf(request))
      },
    })
    await using running = await startGateway(node)
    const leaving = new AbortController()
    const first = send(running.url, 'k1', { signal: leaving.signal })
    const signal = await begun.promise
    leaving.abort()
    await expect(first).rejects.toThrow()
    const retry = send(running.url, 'k1')
    gate.resolve()
    expect([(await retry).status, signal.aborted, node.requests.length]).toEqual([200, false, 1])
  })

  it('that streams is replayed as the same events', async () => {
    const node = createScriptedNode({
      routeStream: async (request) =>
        streamOf(
          taskIdOf(request),
          partsOf({ type: 'text-delta', text: 'Hel' }, { type: 'text-delta', text: 'lo' }, FINISH),
        ),
    })
    await using running = await startGateway(node)
    const body = { ...HELLO, stream: true }
    const first = await (await send(running.url, 'k1', { body })).text()
    const again = await send(running.url, 'k1', { body })
    expect(again.headers.get('content-type')).toContain('text/event-stream')
    expect(await again.text()).toBe(first)
    const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'unused', maxRetries: 0 })
    let text = ''
    const create = { ...HELLO, stream: true } as OpenAI.ChatCompletionCreateParamsStreaming
    for await (const chunk of await client.chat.completions.create(create, { headers: { 'idempotency-key': 'k1' } }))
      text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('Hello')
    expect(node.requests).toHaveLength(1)
  })

  it('creates a batch once', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'unused', maxRetries: 0 })
    const task = { custom_id: 'a', method: 'POST', url: '/v1/responses', body: { model: 'kernell', input: 'x' } }
    const file = await client.files.create({ file: new File([JSON.stringify(task)], 'a.jsonl'), purpose: 'batch' })
    const body = { input_file_id: file.id, endpoint: '/v1/responses', completion_window: '24h' }
    const ids = []
    for (let count = 0; count < 2; count += 1)
      ids.push(((await (await send(running.url, 'k1', { path: '/v1/batches', body })).json()) as { id: string }).id)
    expect(ids[0]).toBe(ids[1])
    expect((await client.batches.list()).data).toHaveLength(1)
  })

  it('that came with another request before is refused', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await (await send(running.url, 'k1')).text()
    const others: readonly Sent[] = [
      { body: { ...HELLO, temperature: 1 } },
      { headers: { 'x-kernell-max-cost-usd': '1' } },
      { path: '/v1/messages', body: { ...HELLO, max_tokens: 5 } },
    ]
    for (const other of others) {
      const answer = await send(running.url, 'k1', other)
      expect([answer.status, await answer.json()]).toMatchObject([422, { error: { code: 'IDEMPOTENCY_KEY_REUSED' } }])
    }
    expect(node.requests).toHaveLength(1)
  })

  it('has its key in its own tenant', async () => {
    const keys = [keyOf('sk-a', { id: 'a', tenant: 'a' }), keyOf('sk-b', { id: 'b', tenant: 'b' })]
    const node = createScriptedNode({ keys })
    await using running = await startGateway(node)
    for (const key of ['sk-a', 'sk-b', 'sk-a'])
      await (await send(running.url, 'k1', { headers: { authorization: `Bearer ${key}` } })).text()
    expect(node.requests.map(({ caller }) => caller.tenant)).toEqual(['a', 'b'])
    const wrong = await send(running.url, 'k1', { headers: { authorization: 'Bearer sk-c' } })
    expect(wrong.status).toBe(401)
  })

  it('that failed is tried anew', async () => {
    let tries = 0
    const node = createScriptedNode({
      route: async (request) => {
        tries += 1
        if (tries === 1) throw new CodedError('MODEL_RATE_LIMITED', { message: 'Slow down' })
        return await Promise.resolve(resultOf(taskIdOf(request)))
      },
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
    expect([(await send(running.url, 'k1')).status, (await send(running.url, 'k1')).status]).toEqual([429, 200])
    const body = { ...HELLO, stream: true }
    for (let count = 0; count < 2; count += 1)
      expect(await (await send(running.url, 'k2', { body })).text()).toContain('event: error')
    expect(node.requests).toHaveLength(4)
  })

  it.each(['', 'ü', 'x'.repeat(256)])('of the form %j is refused', async (key) => {
    await using running = await startGateway(createScriptedNode())
    const response = await fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(HELLO),
    })
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param: 'idempotency-key' } }])
  })

  it('is bounded in number while it is under way', async () => {
    const node = createScriptedNode({
      server: { concurrentRequestsMax: 2 },
      route: async (_, signal) =>
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    })
    await using running = await startGateway(node)
    for (const key of ['k1', 'k2']) {
      const leaving = new AbortController()
      const sent = send(running.url, key, { signal: leaving.signal })
      while (node.requests.length < Number(key.slice(1))) await new Promise((resolve) => setImmediate(resolve))
      leaving.abort()
      await expect(sent).rejects.toThrow()
    }
    expect((await send(running.url, 'k3')).status).toBe(429)
    expect(node.requests).toHaveLength(2)
  })

  it.each([HELLO, { ...HELLO, stream: true }])(
    'that is sent again to the next life of the node gets the same answer: %j',
    async (body) => {
      const node = createScriptedNode()
      let text: string
      {
        await using first = await startGateway(node)
        text = await (await send(first.url, 'k1', { body })).text()
        await kept(node)
      }
      await using second = await startGateway(node)
      for (let count = 0; count < 2; count += 1) {
        const again = await send(second.url, 'k1', { body })
        expect([again.status, await again.text()]).toEqual([200, text])
        expect(again.headers.get('idempotent-replayed')).toBe('true')
      }
      const other = await send(second.url, 'k1', { body: { ...body, max_tokens: 5 } })
      expect([other.status, await other.text()]).toEqual([422, expect.stringContaining('IDEMPOTENCY_KEY_REUSED')])
      expect(node.requests).toHaveLength(1)
    },
  )

  it('whose answer may be there, and cannot be read, is not done again', async () => {
    const node = createScriptedNode()
    const get = async (): Promise<never> => {
      await Promise.resolve()
      throw new CodedError('STORE_CORRUPTED', { message: 'A bit has flipped' })
    }
    await using running = await startGateway({ ...node, documents: { ...node.documents, get } })
    const answer = await send(running.url, 'k1')
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('STORE_CORRUPTED')])
    expect(node.requests).toHaveLength(0)
  })

  it('is read from the store once it is there, and is in memory where it could not be stored', async () => {
    const node = createScriptedNode()
    let isFull = false
    const read: string[] = []
    const documents: KernellNode['documents'] = {
      ...node.documents,
      get: async (name) => {
        const found = await node.documents.get(name)
        read.push(found === undefined ? 'nothing' : 'the answer')
        return found
      },
      put: async (...what) => {
        if (isFull) throw new CodedError('STORE_WRITE_FAILED', { message: 'No space is left' })
        await node.documents.put(...what)
      },
    }
    await using running = await startGateway({ ...node, documents })
    const first = await (await send(running.url, 'k1')).text()
    await kept(node)
    expect(await (await send(running.url, 'k1')).text()).toBe(first)
    expect(read).toEqual(['nothing', 'the answer'])
    isFull = true
    const second = await (await send(running.url, 'k2')).text()
    expect(await (await send(running.url, 'k2')).text()).toBe(second)
    expect(read).toEqual(['nothing', 'the answer', 'nothing'])
    expect(node.requests).toHaveLength(2)
  })

  it('pays a real provider once', async () => {
    await using upstream = await startUpstreamServer()
    await using running = await startRealGateway(tiersAt({ cheap: upstream.baseUrl }))
    const body = { ...HELLO, model: 'kernell-cheap' }
    const headers = { 'x-kernell-cache': 'off' }
    const texts = await Promise.all(
      Array.from({ length: 8 }, async () => await (await send(running.url, 'k1', { body, headers })).text()),
    )
    expect([new Set(texts).size, upstream.callCount]).toEqual([1, 1])
  })
})
