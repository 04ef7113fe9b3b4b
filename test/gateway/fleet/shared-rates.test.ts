import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { whyNoPostgres } from '../../storage/postgres/postgres-cluster.ts'
import { chat, codeOf, createKey, createTenantKey } from '../admin/admin-client.ts'
import type { FleetGateway } from './fleet-gateways.ts'
import { keepFleet } from './keep-fleet.ts'

const reason = whyNoPostgres()
const fleet = keepFleet(reason)

/** Two gateways that both know the key. */
async function startWithKey(rates: object): Promise<{ one: FleetGateway; two: FleetGateway; key: string }> {
  const [one, two] = [await fleet().gateway(), await fleet().gateway()]
  const { key } = await createTenantKey(one, 'acme', { key: { rate_limits: rates } })
  await until(two, key)
  return { one, two, key }
}

/** A request that counts against no rate is answered. */
async function until({ url }: FleetGateway, key: string): Promise<void> {
  const statusOf = async (token: string): Promise<number> => {
    const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${token}` } })
    await response.text()
    return response.status
  }
  await expect.poll(async () => [await statusOf('nobody'), await statusOf(key)], { interval: 2 }).toEqual([401, 200])
}

describe.skipIf(reason !== undefined)('rates of gateways on one PostgreSQL', { timeout: 60_000 }, () => {
  test('of requests are never passed together, and are used up', async () => {
    const { one, two, key } = await startWithKey({ requests_per_minute: 40 })
    const startedMs = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, place) => await chat(place % 2 === 0 ? one : two, key)),
    )
    const passedMs = performance.now() - startedMs
    const allowed = answers.filter(({ status }) => status === 200).length
    expect(allowed).toBeLessThanOrEqual(40 + Math.floor((passedMs * 40) / 60_000))
    expect(allowed).toBeGreaterThanOrEqual(40 - 10)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]))
    for (const refused of answers.filter(({ status }) => status === 429))
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('of requests at a time count what runs anywhere', async () => {
    const { one, two, key } = await startWithKey({ concurrent_requests: 1 })
    fleet().upstream.respondWith({ kind: 'hang' })
    const calls = fleet().upstream.callCount
    const controller = new AbortController()
    const hanging = chat(one, key, { signal: controller.signal }).catch(() => undefined)
    await expect.poll(() => fleet().upstream.callCount).toBe(calls + 1)
    expect((await chat(two, key)).status).toBe(429)
    controller.abort()
    await hanging
    fleet().upstream.respondWith({ kind: 'answer', text: 'Go on.' })
    await expect.poll(async () => (await chat(two, key)).status, { timeout: 5_000 }).toBe(200)
  })

  test('of tokens count what all used', async () => {
    const { one, two, key } = await startWithKey({ tokens_per_minute: 400 })
    expect((await chat(one, key, { max_tokens: 300 })).status).toBe(200)
    let refused = 0
    for (let time = 0; time < 60 && refused === 0; time += 1)
      refused += Number((await chat(time % 2 === 0 ? one : two, key, { max_tokens: 100 })).status === 429)
    expect(refused).toBe(1)
  })

  test('that a caller waits for and does not stay for are not taken', async () => {
    const { one, key } = await startWithKey({ concurrent_requests: 1 })
    const client = new Client({ connectionString: fleet().cluster.url })
    await client.connect()
    await client.query('BEGIN')
    await client.query(`LOCK TABLE ${fleet().schema}.rate_bucket IN ACCESS EXCLUSIVE MODE`)
    const controller = new AbortController()
    const calls = fleet().upstream.callCount
    const waiting = chat(one, key, { signal: controller.signal }).catch((error: unknown) => error)
    const waits = async (): Promise<number> =>
      (await fleet().cluster.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length
    await expect.poll(waits).toBe(1)
    controller.abort()
    expect(await waiting).toMatchObject({ name: 'AbortError' })
    await client.query('ROLLBACK')
    await client.end()
    await expect.poll(async () => (await chat(one, key)).status).toBe(200)
    expect(fleet().upstream.callCount).toBe(calls + 1)
  })

  test('are refused while the server is away, and who has none is served', async () => {
    const { two, key } = await startWithKey({ requests_per_minute: 4 })
    const { key: free } = await createKey(two, { tenant: 'acme' })
    two.proxy.isRefusing = true
    two.proxy.cutAll()
    const refused = await chat(two, key)
    expect([refused.status, codeOf(refused)]).toEqual([503, 'STORE_UNREACHABLE'])
    const startedMs = performance.now()
    expect((await chat(two, key)).status).toBe(503)
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    expect((await chat(two, free)).status).toBe(200)
    two.proxy.isRefusing = false
    await expect.poll(async () => (await chat(two, key)).status, { timeout: 10_000 }).toBe(200)
  })
})
