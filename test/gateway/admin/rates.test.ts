import { describe, expect, it } from 'vitest'
import { askAdmin, chat, codeOf, createKey, createTenantKey } from './admin-client.ts'
import { startManaged } from './managed-gateway.ts'

const one = (answer: { readonly headers: Headers }, name: string): string | null =>
  answer.headers.get(`x-ratelimit-${name}`)

describe('rates', () => {
  it('of requests refuse with the time to wait, and say what is left in every answer', async () => {
    await using gateway = await startManaged()
    const { key } = await createTenantKey(gateway, 'acme', { key: { rate_limits: { requests_per_minute: 2 } } })
    const answers = [await chat(gateway, key), await chat(gateway, key), await chat(gateway, key)]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(answers.map((answer) => one(answer, 'remaining-requests'))).toEqual(['1', '0', '0'])
    expect(answers.map((answer) => one(answer, 'limit-requests'))).toEqual(['2', '2', '2'])
    const [, , refused] = answers
    expect(refused && [codeOf(refused), Number(refused.headers.get('retry-after')) > 0]).toEqual([
      'rate_limit_exceeded',
      true,
    ])
    expect(refused && one(refused, 'reset-requests')).toMatch(/^(?:\d+m)?\d+(?:\.\d)?s$/)
    expect(refused && JSON.stringify(refused.body)).not.toContain('x-ratelimit')
    const models = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
    expect(models.status).toBe(200)
    await models.text()
  })

  it('of a tenant are shared by its keys, and a key that is refused takes nothing from the others', async () => {
    await using gateway = await startManaged()
    const first = await createTenantKey(gateway, 'acme', {
      tenant: { rate_limits: { requests_per_minute: 3 } },
      key: { rate_limits: { requests_per_minute: 1 } },
    })
    const second = await createKey(gateway, { tenant: 'acme' })
    const seen: number[] = []
    for (const key of [first.key, first.key, first.key, second.key, second.key, second.key])
      seen.push((await chat(gateway, key)).status)
    expect(seen).toEqual([200, 429, 429, 200, 200, 429])
  })

  it('of requests at a time count until the answer is over', async () => {
    await using gateway = await startManaged()
    const { key } = await createTenantKey(gateway, 'acme', { key: { rate_limits: { concurrent_requests: 1 } } })
    gateway.upstream.respondWith({ kind: 'hang' })
    const controller = new AbortController()
    const hanging = chat(gateway, key, { signal: controller.signal }).catch(() => undefined)
    await expect.poll(() => gateway.upstream.callCount).toBe(1)
    expect((await chat(gateway, key)).status).toBe(429)
    controller.abort()
    await hanging
    gateway.upstream.respondWith({ kind: 'answer', text: 'Go on.' })
    await expect.poll(async () => (await chat(gateway, key)).status).toBe(200)
  })

  it('of tokens take what was asked for at first and what was used in the end', async () => {
    await using gateway = await startManaged()
    const { key, id } = await createTenantKey(gateway, 'acme', { key: { rate_limits: { tokens_per_minute: 1_000 } } })
    expect((await chat(gateway, key, { max_tokens: 900 })).status).toBe(200)
    const next = await chat(gateway, key, { max_tokens: 8 })
    expect(next.status).toBe(200)
    const left = Number(one(next, 'remaining-tokens'))
    expect([left > 900, left < 1_000]).toEqual([true, true])
    gateway.upstream.respondWith({ kind: 'hang' })
    const controller = new AbortController()
    const calls = gateway.upstream.callCount
    const hanging = chat(gateway, key, { max_tokens: 600, signal: controller.signal }).catch(() => undefined)
    await expect.poll(() => gateway.upstream.callCount).toBe(calls + 1)
    expect((await chat(gateway, key, { max_tokens: 600 })).status).toBe(429)
    controller.abort()
    await hanging
    gateway.upstream.respondWith({ kind: 'answer', text: 'Go on.' })
    await expect.poll(async () => (await chat(gateway, key, { max_tokens: 600 })).status).toBe(200)
    await askAdmin(gateway, `PATCH /keys/${id}`, { body: { rate_limits: null } })
    expect(one(await chat(gateway, key), 'limit-tokens')).toBeNull()
  })

  it('that are changed hold from the next request on', async () => {
    await using gateway = await startManaged()
    const { key, id } = await createTenantKey(gateway, 'acme')
    for (let count = 0; count < 3; count += 1) await chat(gateway, key)
    await askAdmin(gateway, `PATCH /keys/${id}`, { body: { rate_limits: { requests_per_minute: 1 } } })
    expect([(await chat(gateway, key)).status, (await chat(gateway, key)).status]).toEqual([200, 429])
    await askAdmin(gateway, `PATCH /keys/${id}`, { body: { rate_limits: { requests_per_minute: 600 } } })
    await expect.poll(async () => (await chat(gateway, key)).status).toBe(200)
  })
})

describe('budgets', () => {
  it('bound at every level, are lowered and raised while the node runs, and say what is left', async () => {
    await using gateway = await startManaged()
    await askAdmin(gateway, 'POST /organisations', { body: { id: 'holding', budgets: { total: '1' } } })
    const { key } = await createTenantKey(gateway, 'acme', { tenant: { organisation: 'holding' } })
    expect((await chat(gateway, key)).status).toBe(200)
    const shown = (await askAdmin(gateway, 'GET /budgets/organisation:holding@total')).body
    expect([shown['limit_usd'], Number(shown['spent_usd']) > 0, shown['held_usd'], shown['source']]).toEqual([
      '1',
      true,
      '0',
      'registry',
    ])
    await askAdmin(gateway, 'PATCH /budgets/organisation:holding@total', { body: { limit_usd: shown['spent_usd'] } })
    expect(codeOf(await chat(gateway, key))).toBe('insufficient_quota')
    const tenant = await askAdmin(gateway, 'POST /budgets', {
      body: { scope: 'tenant:acme', window: 'hour', limit_usd: '0' },
    })
    expect(tenant.status).toBe(201)
    await askAdmin(gateway, 'DELETE /budgets/organisation:holding@total')
    expect(JSON.stringify((await chat(gateway, key)).body)).toContain('tenant:acme')
    await askAdmin(gateway, 'PATCH /tenants/acme', { body: { budgets: { hour: null } } })
    expect((await chat(gateway, key)).status).toBe(200)
    expect((await askAdmin(gateway, 'GET /budgets')).body['data']).toEqual([])
  })
})
