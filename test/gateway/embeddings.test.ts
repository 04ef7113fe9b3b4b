import { createHash } from 'node:crypto'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, askAdmin, createKey, createTenantKey } from './admin/admin-client.ts'
import { EmbeddingServer } from './embedding-server.ts'
import { startRealGateway } from './real-node.ts'

const EMBED = 'text-embedding-9'
const clientOf = (url: string, apiKey = 'unused'): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'no failure',
    (error: unknown) => (error as { readonly code?: unknown; readonly status?: unknown }).code,
  )

function configAt(server: EmbeddingServer, more: object = {}) {
  return {
    providers: { far: { kind: 'openai' as const, baseUrl: server.baseUrl, models: ['chat-1', EMBED], local: false } },
    ...more,
  }
}

describe('embeddings of a provider', () => {
  it('are asked of the model that is named, and come as the provider gives them', async () => {
    await using server = await EmbeddingServer.start()
    await using running = await startRealGateway(configAt(server))
    const client = clientOf(running.url)
    const made = await client.embeddings.create({ model: `far/${EMBED}`, input: ['the sea', 'a calm sea'] })
    expect(made.data.map(({ embedding }) => embedding)).toEqual([
      [7, 0],
      [10, 1],
    ])
    expect([made.model, made.usage]).toEqual([`far/${EMBED}`, { prompt_tokens: 5, total_tokens: 5 }])
    const longer = await client.embeddings.create({ model: EMBED, input: 'the sea', dimensions: 4 })
    expect(longer.data[0]?.embedding).toEqual([7, 0, 0.5, 0.5])
    expect(server.asked.map(({ model, input, dimensions }) => [model, input.length, dimensions])).toEqual([
      [EMBED, 2, undefined],
      [EMBED, 1, 4],
    ])
  })

  it('of many texts are asked for in several calls, in order', async () => {
    await using server = await EmbeddingServer.start()
    await using running = await startRealGateway(configAt(server))
    const input = Array.from({ length: 600 }, (_, place) => 'x'.repeat(1 + (place % 50)))
    const made = await clientOf(running.url).embeddings.create({ model: EMBED, input })
    expect(made.data.map(({ embedding }) => embedding[0])).toEqual(input.map(({ length }) => length))
    expect(server.asked.map(({ input: texts }) => texts.length)).toEqual([256, 256, 88])
  })

  it('are of no model that nobody serves, or that several may serve under the name', async () => {
    await using server = await EmbeddingServer.start()
    const other = { kind: 'openai' as const, baseUrl: server.baseUrl, models: ['chat-2', EMBED], local: false }
    const { providers } = configAt(server)
    await using running = await startRealGateway({ providers: { ...providers, other } })
    const client = clientOf(running.url)
    for (const model of ['chat-1', 'nobody/text-embedding-9', EMBED, 'far/text-embedding-8'])
      expect([model, await codeOf(client.embeddings.create({ model, input: 'a' }))]).toEqual([model, 'model_not_found'])
    expect(server.asked).toHaveLength(0)
  })

  it('are paid from the budget by what the provider counted, and refused without a price or without room', async () => {
    await using server = await EmbeddingServer.start()
    const prices = { inputUsdPerMillion: 1_000, outputUsdPerMillion: 0 }
    const more = { budgets: [{ scope: 'node', window: 'total', limitUsd: 0.05 }] } as const
    await using unpriced = await startRealGateway(configAt(server, more))
    const unknown = clientOf(unpriced.url).embeddings.create({ model: EMBED, input: 'the sea' })
    expect(await codeOf(unknown)).toBe('ROUTER_PRICE_UNKNOWN')
    expect(server.asked).toHaveLength(0)
    await using running = await startRealGateway(
      configAt(server, { ...more, models: { [`far/${EMBED}`]: { prices } } }),
    )
    const client = clientOf(running.url)
    const look = async (): Promise<bigint | undefined> =>
      (await running.node.activity.budgetLines()).find(({ scope }) => scope === 'node')?.account.counters.total
        .spentNanos
    await client.embeddings.create({ model: EMBED, input: 'the sea' })
    await expect.poll(look).toBe(2_000_000n)
    server.statuses.push(429)
    expect(await codeOf(client.embeddings.create({ model: EMBED, input: 'the sea' }))).toBe('MODEL_RATE_LIMITED')
    // Behind the failure, which is in the books before this one is.
    await client.embeddings.create({ model: EMBED, input: 'sea' })
    await expect.poll(look).toBe(3_000_000n)
    expect(await codeOf(client.embeddings.create({ model: EMBED, input: 'x'.repeat(60) }))).toBe('insufficient_quota')
    expect(server.asked).toHaveLength(3)
  })

  it('are no model for tasks, though it has a price', async () => {
    await using server = await EmbeddingServer.start()
    const prices = { inputUsdPerMillion: 1, outputUsdPerMillion: 0 }
    await using running = await startRealGateway(configAt(server, { models: { [`far/${EMBED}`]: { prices } } }))
    const ids = running.node
      .listModels()
      .filter(({ isAvailable }) => isAvailable)
      .map(({ entry }) => entry.id)
    expect(ids).toEqual(['far/chat-1'])
  })

  it('are for keys that may use such tiers, and told no secrets where the operator wants that', async () => {
    await using server = await EmbeddingServer.start()
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
    const keys = [
      { id: 'near', sha256: sha256('near-key'), tenant: 'acme', tiers: ['cache', 'local_small', 'local_medium'] },
      { id: 'all', sha256: sha256('all-key'), tenant: 'acme' },
    ]
    await using running = await startRealGateway(configAt(server, { keys, privacy: { hideSecrets: true } }))
    const ask = { model: EMBED, input: 'my key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH' }
    expect(await codeOf(clientOf(running.url, 'near-key').embeddings.create(ask))).toBe('ROUTER_NOT_ALLOWED')
    await clientOf(running.url, 'all-key').embeddings.create(ask)
    expect(server.asked.flatMap(({ input }) => input)).toEqual([expect.not.stringContaining('sk-proj')])
  })

  it('are within what the request allows', async () => {
    await using server = await EmbeddingServer.start()
    const prices = { inputUsdPerMillion: 1_000, outputUsdPerMillion: 0 }
    await using running = await startRealGateway(configAt(server, { models: { [`far/${EMBED}`]: { prices } } }))
    const refusedFor = async (headers: Record<string, string>): Promise<unknown> =>
      await codeOf(clientOf(running.url).embeddings.create({ model: EMBED, input: 'the sea' }, { headers }))
    expect(await refusedFor({ 'x-kernell-allow': 'local-only' })).toBe('ROUTER_NOT_ALLOWED')
    expect(await refusedFor({ 'x-kernell-allow': 'lokal' })).toBe('REQUEST_INVALID')
    expect(await refusedFor({ 'x-kernell-max-cost-usd': '0.000001' })).toBe('ROUTER_COST_CAP')
    expect(server.asked).toHaveLength(0)
    expect(await refusedFor({ 'x-kernell-allow': 'far', 'x-kernell-max-cost-usd': '0.1' })).toBe('no failure')
  })

  it('are within what the registry allows a key: models and tokens a minute', async () => {
    await using server = await EmbeddingServer.start()
    await using running = await startRealGateway(configAt(server), { adminToken: ADMIN_TOKEN })
    const embed = async (key: string): Promise<unknown> =>
      await codeOf(clientOf(running.url, key).embeddings.create({ model: EMBED, input: 'the sea is calm' }))
    await askAdmin(running, 'POST /tenants', { body: { id: 'acme' } })
    const other = await createKey(running, { tenant: 'acme', models: ['far/chat-1'] })
    expect(await embed(other.key)).toBe('ROUTER_NOT_ALLOWED')
    expect(server.asked).toHaveLength(0)
    const slow = await createKey(running, { tenant: 'acme', rate_limits: { tokens_per_minute: 6 } })
    expect(await embed(slow.key)).toBe('no failure')
    expect(await embed(slow.key)).toBe('rate_limit_exceeded')
    expect(server.asked).toHaveLength(1)
  })

  it('are in the sums of usage as a kind of their own, and in no record', async () => {
    await using server = await EmbeddingServer.start()
    await using running = await startRealGateway(
      configAt(server, {
        telemetry: { consent: true },
        models: { [`far/${EMBED}`]: { prices: { inputUsdPerMillion: 1_000, outputUsdPerMillion: 0 } } },
      }),
      { adminToken: ADMIN_TOKEN },
    )
    const { key, id } = await createTenantKey(running, 'acme')
    const client = clientOf(running.url, key)
    await client.embeddings.create({ model: EMBED, input: ['the sea', 'a calm sea'] })
    await client.embeddings.create({ model: 'kernell', input: 'the sea' })
    server.statuses.push(429, 500)
    for (const code of ['MODEL_RATE_LIMITED', 'MODEL_SERVER_ERROR'])
      expect(await codeOf(client.embeddings.create({ model: EMBED, input: 'the sea' }))).toBe(code)
    expect(await codeOf(client.embeddings.create({ model: 'nobody/text-embedding-9', input: 'a' }))).toBe(
      'model_not_found',
    )
    const told = await askAdmin(running, 'GET /usage?by=kind,tenant,key,model&kind=embedding')
    const same = { kind: 'embedding', tenant: 'acme', key: id, cache_hits: 0, tokens_out: 0, saved_usd_estimated: null }
    expect(told.body['data']).toMatchObject([
      // What the provider failed at is not billed.
      {
        ...same,
        model: `far/${EMBED}`,
        requests: 3,
        succeeded: 1,
        tokens_in: 5,
        cost_usd: '0.005',
        requests_without_cost: 0,
      },
      { ...same, requests: 1, succeeded: 1, cost_usd: '0', requests_without_cost: 0 },
    ])
    expect((await askAdmin(running, 'GET /usage?kind=task')).body['data']).toMatchObject([{ requests: 0 }])
    expect(await running.node.records.count()).toBe(0)
    expect(await askAdmin(running, 'GET /usage?kind=tasks')).toMatchObject({ status: 400 })
    await running.node.records.purge({ kind: 'tenant', tenant: 'acme' })
    expect((await askAdmin(running, 'GET /usage')).body['data']).toMatchObject([{ requests: 0 }])
    expect(running.failures).toEqual([])
  })

  it('are counted by nobody without consent', async () => {
    await using server = await EmbeddingServer.start()
    await using running = await startRealGateway(configAt(server))
    await clientOf(running.url).embeddings.create({ model: EMBED, input: 'the sea' })
    await expect(running.node.usage?.summarize({ by: [] })).rejects.toMatchObject({ code: 'USAGE_NOT_KEPT' })
  })

  it('with the embedder of the cache are paid for where it is of a provider', async () => {
    await using server = await EmbeddingServer.start()
    const more = {
      budgets: [{ scope: 'node', window: 'total', limitUsd: 0.000001 }],
      cache: { embedder: `far/${EMBED}` },
      models: { [`far/${EMBED}`]: { prices: { inputUsdPerMillion: 1_000, outputUsdPerMillion: 0 } } },
    }
    await using running = await startRealGateway(configAt(server, more))
    const { length } = server.asked
    expect(await codeOf(clientOf(running.url).embeddings.create({ model: 'kernell', input: 'a' }))).toBe(
      'insufficient_quota',
    )
    expect(server.asked).toHaveLength(length)
  })

  it('with the embedder of the cache have its length alone', async () => {
    await using server = await EmbeddingServer.start()
    await using running = await startRealGateway(configAt(server))
    const client = clientOf(running.url)
    const { data } = await client.embeddings.create({ model: 'kernell', input: 'a' })
    const { length } = data[0]?.embedding ?? []
    expect((await client.embeddings.create({ model: 'kernell', input: 'a', dimensions: length })).data).toHaveLength(1)
    for (const dimensions of [3, 0, 1.5])
      expect([
        dimensions,
        await codeOf(client.embeddings.create({ model: 'kernell', input: 'a', dimensions })),
      ]).toEqual([dimensions, 'REQUEST_INVALID'])
  })
})
