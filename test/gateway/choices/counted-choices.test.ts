import OpenAI, { toFile } from 'openai'
import { describe, expect, it } from 'vitest'
import type { KernellNode } from '../../../src/node/kernell-node.ts'
import { startUpstreamServer, type UpstreamBehaviour, type UpstreamCall } from '../../fixtures/upstream-server.ts'
import { ADMIN_TOKEN, askAdmin, chat, codeOf, createTenantKey } from '../admin/admin-client.ts'
import { startManaged } from '../admin/managed-gateway.ts'
import { startRealGateway, tiersAt } from '../real-node.ts'
import { ask, SEED } from './asked.ts'

const CHEAP = { model: 'kernell-cheap' }
const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })

/** Place of the answer that a call to the model is for. */
const placeOfCall = ({ body }: UpstreamCall): number => Number(body?.['seed'] ?? SEED) - SEED

const byPlace =
  (behaviours: (place: number) => UpstreamBehaviour) =>
  (call: UpstreamCall): UpstreamBehaviour =>
    behaviours(placeOfCall(call))

const answer = (place: number): UpstreamBehaviour => ({ kind: 'answer', text: `The sea is wide, ${place}.` })

/** How the tasks that are recorded ended, in alphabetical order. */
async function endsOf({ records }: Pick<KernellNode, 'records'>): Promise<readonly string[]> {
  const ends: string[] = []
  for await (const { fallback_trigger } of records.list()) ends.push(fallback_trigger ?? 'answered')
  return ends.toSorted()
}

describe('several answers of a real node', () => {
  it('are as many calls, records and answers, of which the cache gives the first alone', async () => {
    await using upstream = await startUpstreamServer({ behaviour: byPlace(answer) })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: upstream.baseUrl }),
      telemetry: { consent: true },
    })
    const textsOf = async (): Promise<[string | null, string[], number]> => {
      const response = await ask(running.url, { ...CHEAP, n: 3 })
      const { choices, usage } = (await response.json()) as OpenAI.ChatCompletion
      const texts = choices.map(({ message }) => message.content ?? '')
      return [response.headers.get('x-kernell-cache'), texts, usage?.completion_tokens ?? 0]
    }
    const [cache, texts, tokens] = await textsOf()
    expect([cache, texts]).toEqual(['miss', ['The sea is wide, 0.', 'The sea is wide, 1.', 'The sea is wide, 2.']])
    expect([upstream.callCount, tokens]).toEqual([3, 27])
    expect(upstream.calls.map(({ body }) => 'n' in (body ?? {}))).toEqual([false, false, false])
    const again = await textsOf()
    expect([again[0], again[1][0]]).toEqual(['exact', 'The sea is wide, 0.'])
    expect([upstream.callCount, again[2]]).toEqual([5, 18])
    const usage = (await (await fetch(`${running.url}/v1/usage`)).json()) as { data?: object[] }
    expect(JSON.stringify(usage)).toContain('"requests":6')
  })

  it('are judged each by itself', async () => {
    await using upstream = await startUpstreamServer({ behaviour: byPlace(answer) })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: upstream.baseUrl }),
      telemetry: { consent: true },
    })
    const response = await ask(running.url, { ...CHEAP, n: 2 })
    const id = response.headers.get('x-kernell-task-id') ?? ''
    const judged = await fetch(`${running.url}/v1/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ task_id: `${id}.1`, thumbs: 'up' }),
    })
    expect([judged.status, await judged.json()]).toMatchObject([200, { effect: 'stored', task_id: `${id}.1` }])
    for (const [task, count] of [
      [id, 0],
      [`${id}.1`, 1],
    ] as const) {
      const outcome = (await (await fetch(`${running.url}/v1/outcomes/${task}`)).json()) as { feedback: unknown[] }
      expect(outcome.feedback, task).toHaveLength(count)
    }
  })

  it('are the same of an exact tool', async () => {
    await using upstream = await startUpstreamServer()
    await using running = await startRealGateway(tiersAt({ cheap: upstream.baseUrl }))
    const messages = [{ role: 'user', content: 'What is 17 * 23?' }]
    const response = await ask(running.url, { messages, n: 2, seed: null })
    const { choices } = (await response.json()) as OpenAI.ChatCompletion
    expect([response.headers.get('x-kernell-tier'), upstream.callCount]).toEqual(['deterministic', 0])
    expect(choices.map(({ message }) => message.content)).toEqual([choices[0]?.message.content, '391'])
  })

  it('fail together where the provider of the second one fails, and the calls of the others are ended', async () => {
    await using upstream = await startUpstreamServer({
      behaviour: byPlace((place) =>
        place === 1 ? { kind: 'status', status: 400, body: { error: { message: 'no such thing' } } } : { kind: 'hang' },
      ),
    })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: upstream.baseUrl }),
      telemetry: { consent: true },
    })
    await expect(
      clientOf(running.url).chat.completions.create({
        model: 'thrifty/thrifty-1',
        messages: [{ role: 'user', content: 'Write of the sea.' }],
        n: 3,
        seed: SEED,
      }),
    ).rejects.toThrow(OpenAI.BadRequestError)
    await upstream.waitForAborts(2)
    const ends = await endsOf(running.node)
    expect(ends).toEqual(['MODEL_REQUEST_REFUSED', 'REQUEST_ABORTED', 'REQUEST_ABORTED'])
  })

  it('are a stream that breaks off with the second one, and the calls of the others are ended', async () => {
    await using upstream = await startUpstreamServer({
      behaviour: byPlace((place) => ({
        kind: place === 1 ? 'cut' : 'stall',
        afterChunks: 2,
        text: 'The sea is wide and dark at night.',
        isBroken: true,
      })),
    })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: upstream.baseUrl }),
      telemetry: { consent: true },
    })
    const stream = await clientOf(running.url).chat.completions.create({
      ...CHEAP,
      messages: [{ role: 'user', content: 'Write of the sea.' }],
      n: 3,
      seed: SEED,
      stream: true,
    })
    const read = async (): Promise<void> => {
      for await (const chunk of stream) expect(chunk.choices[0]?.index).toBeLessThan(3)
    }
    await expect(read()).rejects.toThrow(OpenAI.APIError)
    await upstream.waitForAborts(2)
    await expect
      .poll(async () => await endsOf(running.node))
      .toEqual(['REQUEST_ABORTED', 'REQUEST_ABORTED', 'ROUTER_ALL_FAILED'])
  })

  it('end their calls to the model where the caller leaves', async () => {
    await using upstream = await startUpstreamServer({ behaviour: { kind: 'hang' } })
    await using running = await startRealGateway(tiersAt({ cheap: upstream.baseUrl }))
    const leaving = new AbortController()
    const asked = ask(running.url, { ...CHEAP, n: 4 }, { signal: leaving.signal })
    await upstream.waitForCalls(4)
    leaving.abort()
    await expect(asked).rejects.toThrow()
    await upstream.waitForAborts(4)
  })

  it('are refused where the budget has room for some of them, and nothing stays set aside', async () => {
    await using upstream = await startUpstreamServer({ behaviour: byPlace(answer) })
    // One answer of 100,000 tokens sets aside a little more than 0.06 dollars.
    const budgets = [{ scope: 'node', window: 'total' as const, limitUsd: '0.25' }]
    const init = { adminToken: ADMIN_TOKEN }
    await using running = await startRealGateway({ ...tiersAt({ cheap: upstream.baseUrl }), budgets }, init)
    const long = { ...CHEAP, max_tokens: 100_000 }
    const refused = await ask(running.url, { ...long, n: 8 })
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({ error: { code: 'insufficient_quota' } })
    // A call that had left may be billed in full; whatever had not left is free again.
    const room = 4 - upstream.callCount
    expect(room).toBeGreaterThanOrEqual(0)
    const { body } = await askAdmin(running, 'GET /budgets')
    expect(body['data']).toMatchObject([{ scope: 'node', held_usd: '0' }])
    if (room > 0) expect((await ask(running.url, { ...long, n: room })).status).toBe(200)
  })
})

describe('several answers and the same request again', () => {
  it.each([[false], [true]])('are done once (stream: %s)', async (stream) => {
    await using upstream = await startUpstreamServer({ behaviour: byPlace(answer) })
    await using running = await startRealGateway(tiersAt({ cheap: upstream.baseUrl }))
    const headers = { 'idempotency-key': 'k1' }
    const first = await (await ask(running.url, { ...CHEAP, n: 3, stream }, { headers })).text()
    const again = await ask(running.url, { ...CHEAP, n: 3, stream }, { headers })
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(await again.text()).toBe(first)
    expect([upstream.callCount, first.includes('The sea is wide, 2.') || stream]).toEqual([3, true])
    expect((await ask(running.url, { ...CHEAP, n: 2, stream }, { headers })).status).toBe(422)
  })
})

describe('a task of a batch with n', () => {
  it('has as many answers, and refuses more than there may be', async () => {
    await using upstream = await startUpstreamServer({ behaviour: byPlace(answer) })
    await using running = await startRealGateway(tiersAt({ cheap: upstream.baseUrl }))
    const client = clientOf(running.url)
    const lineOf = (n: number): string =>
      JSON.stringify({
        custom_id: `of ${n}`,
        method: 'POST',
        url: '/v1/chat/completions',
        body: { ...CHEAP, messages: [{ role: 'user', content: 'Write of the sea.' }], seed: SEED, n },
      })
    const lines = Buffer.from([lineOf(2), lineOf(9)].join('\n'))
    const { id: input_file_id } = await client.files.create({
      file: await toFile(lines, 'tasks.jsonl'),
      purpose: 'batch',
    })
    let batch = await client.batches.create({
      input_file_id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    })
    while (batch.status !== 'completed') batch = await client.batches.retrieve(batch.id)
    expect(batch.request_counts).toEqual({ total: 2, completed: 1, failed: 1 })
    const output = (await (await client.files.content(batch.output_file_id ?? '')).json()) as {
      response: { body: OpenAI.ChatCompletion }
    }
    const { choices, usage } = output.response.body
    expect(choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'The sea is wide, 0.'],
      [1, 'The sea is wide, 1.'],
    ])
    expect(usage?.completion_tokens).toBe(18)
    expect(await (await client.files.content(batch.error_file_id ?? '')).text()).toContain('from 1 to 8')
  })
})

describe('rates of a key', () => {
  it('count each of several answers as a request, and say what is left after all', async () => {
    await using gateway = await startManaged()
    const { key } = await createTenantKey(gateway, 'acme', { key: { rate_limits: { requests_per_minute: 5 } } })
    const served = await chat(gateway, key, { n: 3 })
    expect([served.status, served.headers.get('x-ratelimit-remaining-requests')]).toEqual([200, '2'])
    const refused = await chat(gateway, key, { n: 3 })
    expect([refused.status, codeOf(refused)]).toEqual([429, 'rate_limit_exceeded'])
    const next = await chat(gateway, key, {})
    expect([next.status, next.headers.get('x-ratelimit-remaining-requests')]).toEqual([200, '0'])
  })

  it('say what is left after all where one of them fails, too', async () => {
    await using gateway = await startManaged()
    const { key } = await createTenantKey(gateway, 'acme', { key: { rate_limits: { requests_per_minute: 60 } } })
    gateway.upstream.respondWith({ kind: 'status', status: 400, body: { error: { message: 'no such thing' } } })
    const failed = await chat(gateway, key, { n: 3 })
    expect([failed.status, failed.headers.get('x-ratelimit-remaining-requests')]).toEqual([400, '57'])
  })

  it.each([[{ requests_per_minute: 5 }], [{ concurrent_requests: 5 }]])(
    'that never have room refuse n: %j',
    async (limits) => {
      await using gateway = await startManaged()
      const { key } = await createTenantKey(gateway, 'acme', { key: { rate_limits: limits } })
      const refused = await chat(gateway, key, { n: 6 })
      expect(refused.status).toBe(400)
      expect(refused.body['error']).toMatchObject({
        param: 'n',
        message: expect.stringContaining('at most 5') as string,
      })
    },
  )

  it('of requests at a time count each of several answers until the last is over', async () => {
    await using gateway = await startManaged()
    const { key } = await createTenantKey(gateway, 'acme', { key: { rate_limits: { concurrent_requests: 3 } } })
    await expect.poll(async () => (await chat(gateway, key, { n: 3 })).status).toBe(200)
    gateway.upstream.respondWith({ kind: 'hang' })
    const calls = gateway.upstream.callCount
    const leaving = new AbortController()
    const hanging = chat(gateway, key, { n: 2, signal: leaving.signal }).catch(() => undefined)
    await gateway.upstream.waitForCalls(calls + 2)
    expect((await chat(gateway, key, { n: 2 })).status).toBe(429)
    leaving.abort()
    await hanging
    gateway.upstream.respondWith({ kind: 'answer', text: 'Go on.' })
    await expect.poll(async () => (await chat(gateway, key, { n: 3 })).status).toBe(200)
  })
})
