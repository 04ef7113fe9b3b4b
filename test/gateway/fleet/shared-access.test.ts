import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { whyNoPostgres } from '../../storage/postgres/postgres-cluster.ts'
import { type Answer, askAdmin, chat, codeOf, createKey, createTenantKey } from '../admin/admin-client.ts'
import { startManaged } from '../admin/managed-gateway.ts'
import type { FleetGateway } from './fleet-gateways.ts'
import { keepFleet } from './keep-fleet.ts'

const reason = whyNoPostgres()
const CONFIGURED_KEY = 'a-key-of-the-configuration'
const CONFIGURED_SHA256 = createHash('sha256').update(CONFIGURED_KEY).digest('hex')
const fleet = keepFleet(reason)

async function startTwo(storage: object = {}): Promise<readonly [FleetGateway, FleetGateway]> {
  return [await fleet().gateway(storage), await fleet().gateway(storage)]
}

/** Time until a gateway answers a key as wanted. Without any key a gateway asks for none. */
async function msUntil(gateway: FleetGateway, key: string, status: number): Promise<number> {
  await expect.poll(async () => (await models(gateway, 'nobody')).status, { interval: 2 }).toBe(401)
  const startedMs = performance.now()
  await expect.poll(async () => (await models(gateway, key)).status, { timeout: 10_000, interval: 2 }).toBe(status)
  return performance.now() - startedMs
}

async function models(
  { url }: FleetGateway,
  key: string,
): Promise<Pick<Answer, 'status'> & { readonly code: unknown }> {
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
  const body = (await response.json()) as { readonly error?: { readonly code?: unknown } }
  return { status: response.status, code: body.error?.code }
}

async function idsOf(gateway: FleetGateway, what: string): Promise<readonly string[]> {
  const { body } = await askAdmin(gateway, `GET /${what}?limit=500`)
  return (body['data'] as readonly { readonly id: string }[]).map(({ id }) => id).toSorted()
}

describe.skipIf(reason !== undefined)('access of gateways on one PostgreSQL', { timeout: 60_000 }, () => {
  test('what one makes the others take, and what one revokes none takes a second later', async () => {
    const [one, two] = await startTwo()
    const first = await createTenantKey(one, 'acme')
    await msUntil(two, first.key, 200)
    // Pages of the other gateway look again.
    expect(two.node.activity.changes.countOf('access')).toBeGreaterThan(0)
    const waits: number[] = []
    for (let place = 0; place < 10; place += 1) {
      const [maker, other] = place % 2 === 0 ? [one, two] : [two, one]
      const { key, id } = await createKey(maker, { tenant: 'acme' })
      await msUntil(other, key, 200)
      expect((await askAdmin(maker, `POST /keys/${id}/revoke`)).status).toBe(200)
      expect((await models(maker, key)).status).toBe(401)
      waits.push(await msUntil(other, key, 401))
    }
    expect(Math.max(...waits)).toBeLessThan(1_000)
  })

  test('notifications that are lost delay a revocation by less than a second', async () => {
    const [one, two] = await startTwo()
    const { key, id } = await createTenantKey(one, 'acme')
    await msUntil(two, key, 200)
    await fleet().cluster.query(
      `CREATE OR REPLACE FUNCTION ${fleet().schema}.write_journal(journal_name text, first bigint, entry_id bytea, data bytea, limits jsonb, by_whom text) RETURNS boolean
      LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO ${fleet().schema}.journal_entry (journal, index, id, payload) VALUES (journal_name, first, entry_id, data);
        UPDATE ${fleet().schema}.journal SET next_index = first + 1 WHERE name = journal_name;
        RETURN true; END $$`,
    )
    await askAdmin(one, `POST /keys/${id}/revoke`)
    expect(await msUntil(two, key, 401)).toBeLessThan(1_000)
  })

  test('two that are managed at once lose no change, and of two that meet one is refused', async () => {
    const [one, two] = await startTwo()
    const both = [one, two]
    const made = await Promise.all(
      Array.from({ length: 24 }, async (_, place) => {
        const gateway = place % 2 === 0 ? one : two
        return await askAdmin(gateway, 'POST /tenants', { body: { id: `t${place % 20}` } })
      }),
    )
    // Four names were asked for twice.
    expect(made.filter(({ status }) => status === 201)).toHaveLength(20)
    expect(made.filter(({ status }) => status !== 201).map(codeOf)).toEqual(Array(4).fill('ACCESS_ENTRY_EXISTS'))
    expect(await idsOf(one, 'tenants')).toEqual(await idsOf(two, 'tenants'))
    expect(await idsOf(one, 'tenants')).toHaveLength(21)
    const changed = await Promise.all(
      both.map(
        async (gateway, place) =>
          await askAdmin(gateway, 'PATCH /tenants/t1', { body: { label: `by ${place}`, revision: 1 } }),
      ),
    )
    expect(new Set(changed.map(({ status }) => status))).toEqual(new Set([200, 409]))
    const shown = await Promise.all(both.map(async (gateway) => (await askAdmin(gateway, 'GET /tenants/t1')).body))
    expect(shown[0]).toEqual(shown[1])
    expect(shown[0]).toMatchObject({ revision: 2 })
  })

  test('a limit that is set at one holds at all, and is the one of the registry', async () => {
    const [one, two] = await startTwo()
    const { key } = await createTenantKey(one, 'acme', { tenant: { budgets: { total: '0.0000001' } } })
    await msUntil(two, key, 200)
    const refused = await chat(two, key)
    expect([refused.status, codeOf(refused)]).toEqual([429, 'insufficient_quota'])
    await askAdmin(two, 'PATCH /budgets/tenant:acme@total', { body: { limit_usd: '5' } })
    await expect.poll(async () => (await chat(one, key)).status, { timeout: 5_000 }).toBe(200)
    const budgets = await Promise.all(
      [one, two].map(async (gateway) => (await askAdmin(gateway, 'GET /budgets/tenant:acme@total')).body['limit_usd']),
    )
    expect(new Set(budgets).size).toBe(1)
  })

  test('what is spent at one is shown at all at once', async () => {
    // Nobody looks by himself within the time of this test.
    const [one, two] = await startTwo({ leaseMs: 120_000 })
    const { key } = await createTenantKey(one, 'acme', { tenant: { budgets: { day: '5' } } })
    const { key: operator } = await createKey(one, { tenant: 'acme', role: 'operator' })
    await msUntil(two, operator, 200)
    expect((await chat(one, key)).status).toBe(200)
    const spentAt = async (gateway: FleetGateway): Promise<readonly number[]> => {
      const shown = await askAdmin(gateway, 'GET /budgets/tenant:acme@day')
      const asked = await fetch(`${gateway.url}/v1/node/budgets`, { headers: { authorization: `Bearer ${operator}` } })
      const { budgets } = (await asked.json()) as { readonly budgets: readonly { scope: string; spent_usd: number }[] }
      return [Number(shown.body['spent_usd']), Number(budgets.find(({ scope }) => scope === 'tenant:acme')?.spent_usd)]
    }
    for (const gateway of [one, two]) {
      await expect.poll(async () => Math.min(...(await spentAt(gateway))), { timeout: 2_000 }).toBeGreaterThan(0)
    }
  })

  test('one that cannot reach the server changes nothing, goes on with keys it knows for so long, and catches up', async () => {
    const configured = { keys: [{ id: 'operator', sha256: CONFIGURED_SHA256, tenant: 'house', role: 'operator' }] }
    const one = await fleet().gateway()
    const two = await fleet().gateway({ staleMs: 4_000, statementTimeoutMs: 1_000 }, configured)
    const { key, id } = await createTenantKey(one, 'acme')
    await msUntil(two, key, 200)
    two.proxy.isRefusing = true
    two.proxy.cutAll()
    expect((await askAdmin(one, `POST /keys/${id}/revoke`)).status).toBe(200)
    expect((await models(two, key)).status).toBe(200)
    const change = await askAdmin(two, 'POST /tenants', { body: { id: 'other' } })
    expect([change.status, codeOf(change)]).toEqual([503, 'STORE_UNREACHABLE'])
    expect((await askAdmin(two, 'GET /tenants/acme')).status).toBe(200)
    await msUntil(two, key, 503)
    expect(await models(two, key)).toEqual({ status: 503, code: 'ACCESS_OUTDATED' })
    expect((await models(two, CONFIGURED_KEY)).status).toBe(200)
    const { checks } = two.node.health()
    expect(checks.find(({ name }) => name === 'shared store')?.detail).toMatch(/not taken, being \d+ s old/)
    two.proxy.isRefusing = false
    await msUntil(two, key, 401)
    expect((await askAdmin(two, 'POST /tenants', { body: { id: 'other' } })).status).toBe(201)
    expect(await idsOf(one, 'tenants')).toContain('other')
  })

  test.each(['before', 'after'] as const)(
    'a change whose connection is cut %s the server has it is made once',
    async (cut) => {
      const [one, two] = await startTwo()
      await createTenantKey(one, 'acme')
      for (let place = 0; place < 4; place += 1) {
        one.proxy.cutAt(1, cut, /write_journal|write-journal/)
        expect((await askAdmin(one, 'POST /teams', { body: { tenant: 'acme', name: `t${place}` } })).status).toBe(201)
      }
      expect(one.proxy.cuts).toBe(4)
      expect(await idsOf(two, 'teams')).toEqual(['acme/t0', 'acme/t1', 'acme/t2', 'acme/t3'])
    },
  )

  test('keys that a gateway made before it joined move with it, once', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'kernell-joins-'))
    try {
      let made = { key: '', id: '' }
      {
        await using alone = await startManaged({ dataDir })
        made = await createTenantKey(alone, 'acme', { tenant: { budgets: { day: '7' } } })
        const rotated = await askAdmin(alone, `POST /keys/${made.id}/rotate`, { body: { grace_seconds: 600 } })
        made = { key: String(rotated.body['key']), id: made.id }
        await askAdmin(alone, 'POST /budgets', { body: { scope: 'node', window: 'day', limit_usd: '9' } })
      }
      const one = await fleet().gateway()
      await createTenantKey(one, 'acme', { tenant: { label: 'of the fleet' } })
      const two = await fleet().gateway({}, { dataDir })
      expect(two.failures).toMatchObject([{ code: 'ACCESS_ENTRY_EXISTS' }])
      expect(await idsOf(one, 'keys')).toHaveLength(2)
      for (const gateway of [one, two]) expect(await msUntil(gateway, made.key, 200)).toBeLessThan(5_000)
      expect((await askAdmin(one, 'GET /budgets/node@day')).body['limit_usd']).toBe('9')
      expect((await askAdmin(one, 'GET /tenants/acme')).body['label']).toBe('of the fleet')
      await askAdmin(one, `DELETE /keys/${made.id}`)
      await fleet().end()
      const again = await fleet().gateway({}, { dataDir })
      expect(await idsOf(again, 'keys')).toHaveLength(1)
      expect((await models(again, made.key)).status).toBe(401)
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
