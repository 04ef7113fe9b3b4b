import { describe, expect, it } from 'vitest'
import { askAdmin, chat, codeOf, createKey, createTenantKey } from './admin-client.ts'
import { type ManagedGateway, startManaged } from './managed-gateway.ts'

type Side = { readonly member: string; readonly memberId: string; readonly admin: string; readonly adminId: string }

async function side(gateway: ManagedGateway, tenant: string): Promise<Side> {
  const member = await createTenantKey(gateway, tenant, { tenant: { budgets: { day: '5' } } })
  await askAdmin(gateway, 'POST /teams', { body: { tenant, name: 'search', label: `Secret project of ${tenant}` } })
  const admin = await createKey(gateway, { tenant, role: 'admin' })
  return { member: member.key, memberId: member.id, admin: admin.key, adminId: admin.id }
}

describe('an admin of another tenant', () => {
  it('sees and changes nothing of this one, and cannot tell what is there from what is not', async () => {
    await using gateway = await startManaged({ telemetry: { consent: true } })
    const acme = await side(gateway, 'acme')
    const other = await side(gateway, 'other')
    const before = JSON.stringify(await everything(gateway))
    const pairs = [
      [`/keys/${acme.memberId}`, '/keys/key_0000000000000000'],
      [`/keys/${acme.adminId}`, '/keys/key_0000000000000000'],
      ['/tenants/acme', '/tenants/nowhere'],
      ['/teams/acme/search', '/teams/acme/nowhere'],
      ['/budgets/tenant:acme@day', '/budgets/tenant:nowhere@day'],
    ] as const
    for (const [real, none] of pairs)
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const body =
          method === 'PATCH' ? { body: real.startsWith('/budgets') ? { limit_usd: '9' } : { label: 'mine' } } : {}
        const [told, missing] = [
          await askAdmin(gateway, `${method} ${real}`, { token: other.admin, ...body }),
          await askAdmin(gateway, `${method} ${none}`, { token: other.admin, ...body }),
        ]
        expect([told.status, codeOf(told)], `${method} ${real}`).toEqual([missing.status, codeOf(missing)])
        expect(told.status).toBe(404)
      }
    for (const act of ['rotate', 'revoke'])
      expect((await askAdmin(gateway, `POST /keys/${acme.memberId}/${act}`, { token: other.admin })).status).toBe(404)
    for (const body of [{ tenant: 'acme' }, { team: 'acme/search' }, { tenant: 'other', team: 'acme/search' }])
      expect((await askAdmin(gateway, 'POST /keys', { token: other.admin, body })).status, JSON.stringify(body)).toBe(
        404,
      )
    for (const list of ['keys', 'teams', 'tenants', 'organisations', 'budgets'])
      for (const filter of ['', '?tenant=acme', '?limit=1000']) {
        if (list === 'budgets' && filter === '?tenant=acme') continue
        const page = await askAdmin(gateway, `GET /${list}${filter}`, { token: other.admin })
        expect(JSON.stringify(page.body), `${list}${filter}`).not.toMatch(/acme/)
      }
    expect(JSON.stringify(await everything(gateway))).toBe(before)
    expect((await chat(gateway, acme.member)).status).toBe(200)
  })

  it('does not learn by a name that is taken which teams others have', async () => {
    await using gateway = await startManaged()
    await side(gateway, 'acme')
    const other = await side(gateway, 'other')
    const made = await askAdmin(gateway, 'POST /teams', { token: other.admin, body: { name: 'search2' } })
    expect([made.status, made.body['id']]).toEqual([201, 'other/search2'])
    for (const name of ['search', 'nowhere'])
      expect(
        codeOf(await askAdmin(gateway, 'POST /teams', { token: other.admin, body: { name, tenant: 'acme' } })),
      ).toBe('GATEWAY_ROLE_REFUSED')
  })
})

describe('an admin by key', () => {
  it('does not move its own bounds, nor those of what it is in', async () => {
    await using gateway = await startManaged()
    const { admin, adminId } = await side(gateway, 'acme')
    const sent = { token: admin, body: { budgets: { day: '100' } } }
    for (const path of ['/tenants/acme', `/keys/${adminId}`])
      expect(codeOf(await askAdmin(gateway, `PATCH ${path}`, sent)), path).toBe('GATEWAY_ROLE_REFUSED')
    for (const what of ['PATCH /budgets/tenant:acme@day', 'POST /budgets']) {
      const body = what.startsWith('PATCH')
        ? { limit_usd: '9' }
        : { scope: 'tenant:acme', window: 'hour', limit_usd: '9' }
      expect(codeOf(await askAdmin(gateway, what, { token: admin, body })), what).toBe('GATEWAY_ROLE_REFUSED')
    }
    for (const scope of ['node', 'agent:a', 'tenant:default', 'organisation:x'])
      expect(
        (await askAdmin(gateway, 'POST /budgets', { token: admin, body: { scope, window: 'day', limit_usd: 1 } }))
          .status,
        scope,
      ).toBe(404)
    for (const path of ['organisations', 'tenants'])
      expect(codeOf(await askAdmin(gateway, `POST /${path}`, { token: admin, body: { id: 'mine' } }))).toBe(
        'GATEWAY_ROLE_REFUSED',
      )
    expect(codeOf(await askAdmin(gateway, `DELETE /keys/${adminId}`, { token: admin }))).toBe('GATEWAY_ROLE_REFUSED')
    const rotated = await askAdmin(gateway, `POST /keys/${adminId}/rotate`, {
      token: admin,
      body: { grace_seconds: 0 },
    })
    expect(rotated.status).toBe(200)
    expect((await askAdmin(gateway, 'GET /keys', { token: admin })).status).toBe(401)
  })

  it('of a team manages its keys and nothing beside', async () => {
    await using gateway = await startManaged()
    const acme = await side(gateway, 'acme')
    await askAdmin(gateway, 'POST /teams', { body: { tenant: 'acme', name: 'ads' } })
    const search = await createKey(gateway, { team: 'acme/search', role: 'admin' })
    expect((await askAdmin(gateway, 'GET ', { token: search.key })).body).toMatchObject({ scope: 'team:acme/search' })
    const made = await askAdmin(gateway, 'POST /keys', { token: search.key, body: { label: 'ours' } })
    expect([made.status, made.body['team']]).toEqual([201, 'acme/search'])
    for (const body of [{ team: 'acme/ads' }])
      expect((await askAdmin(gateway, 'POST /keys', { token: search.key, body })).status).toBe(404)
    expect((await askAdmin(gateway, `GET /keys/${acme.memberId}`, { token: search.key })).status).toBe(404)
    expect((await askAdmin(gateway, 'GET /teams', { token: search.key })).body['data']).toMatchObject([
      { id: 'acme/search' },
    ])
    expect(
      codeOf(await askAdmin(gateway, 'PATCH /teams/acme/search', { token: search.key, body: { label: 'x' } })),
    ).toBe('GATEWAY_ROLE_REFUSED')
  })

  it('is one no more once its role is another, and members were never', async () => {
    await using gateway = await startManaged()
    const { admin, adminId, member } = await side(gateway, 'acme')
    expect(codeOf(await askAdmin(gateway, 'GET /keys', { token: member }))).toBe('GATEWAY_ROLE_REFUSED')
    expect((await askAdmin(gateway, 'GET /keys', { token: admin })).status).toBe(200)
    await askAdmin(gateway, `PATCH /keys/${adminId}`, { body: { role: 'viewer' } })
    expect(codeOf(await askAdmin(gateway, 'GET /keys', { token: admin }))).toBe('GATEWAY_ROLE_REFUSED')
  })
})

describe('hostile names', () => {
  it('are refused, or told as they are and run nowhere', async () => {
    await using gateway = await startManaged()
    for (const id of ['', '../acme', 'a/b', 'a b', 'a\u0000', 'x'.repeat(129), '💰', '<script>'])
      expect((await askAdmin(gateway, 'POST /tenants', { body: { id } })).status, id).toBe(400)
    for (const id of ['__proto__', 'constructor', '..', 'toString']) {
      const { key } = await createTenantKey(gateway, id)
      expect((await chat(gateway, key)).status, id).toBe(200)
    }
    const label = '<img src=x onerror=alert(1)> "\'`; DROP'
    const made = await askAdmin(gateway, 'POST /tenants', { body: { id: 'acme', label } })
    expect(made.body['label']).toBe(label)
    for (const wrong of ['a\u202eb', 'a\nb', ' a', ''])
      expect((await askAdmin(gateway, 'PATCH /tenants/acme', { body: { label: wrong } })).status).toBe(400)
    for (const body of [
      { op: 'remove' },
      { kind: 'key' },
      { budget: {} },
      { budgets: { week: '1' } },
      { budgets: { day: '-1' } },
      { budgets: { day: '1e3x' } },
      { rate_limits: { requests_per_minute: 0 } },
      { tiers: [] },
      { tiers: ['gold'] },
      { models: [''] },
      { role: 'admin' },
      { is_disabled: 'yes' },
      {},
    ])
      expect((await askAdmin(gateway, 'PATCH /tenants/acme', { body })).status, JSON.stringify(body)).toBe(400)
  })
})

async function everything(gateway: ManagedGateway): Promise<readonly unknown[]> {
  const lists = ['organisations', 'tenants', 'teams', 'keys', 'budgets']
  return await Promise.all(lists.map(async (list) => (await askAdmin(gateway, `GET /${list}`)).body))
}
