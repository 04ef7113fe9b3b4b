import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { RealGateway } from '../real-node.ts'
import { startManaged } from './managed-gateway.ts'
import { askAdmin, chat, codeOf, createKey, createTenantKey } from './admin-client.ts'

describe('a key that is created while the node runs', () => {
  it('is shown once, kept as its hash, and works for the next request', async () => {
    await using gateway = await startManaged()
    const made = await askAdmin(gateway, 'POST /tenants', { body: { id: 'acme', label: 'Acme' } })
    expect([made.status, made.body['object'], made.body['revision']]).toEqual([201, 'tenant', 1])
    const answer = await askAdmin(gateway, 'POST /keys', { body: { tenant: 'acme', label: 'first' } })
    const key = String(answer.body['key'])
    expect(key).toMatch(/^kos_[A-Za-z0-9_-]{43}$/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.body).toMatchObject({ prefix: key.slice(0, 10), role: 'member', state: 'active', tenant: 'acme' })
    expect((await chat(gateway, key)).status).toBe(200)
    const shown = await askAdmin(gateway, `GET /keys/${String(answer.body['id'])}`)
    expect(shown.status).toBe(200)
    const listed = JSON.stringify((await askAdmin(gateway, 'GET /keys')).body)
    for (const text of [JSON.stringify(shown.body), listed, JSON.stringify(await auditOf(gateway))]) {
      expect(text).not.toContain(key)
      expect(text).not.toContain(createHash('sha256').update(key).digest('hex'))
    }
  })

  it('makes keys asked for from then on, and the last one removed does not open the listener again', async () => {
    await using gateway = await startManaged()
    expect((await chat(gateway, 'anything')).status).toBe(200)
    const { id } = await createTenantKey(gateway, 'acme')
    expect(codeOf(await chat(gateway, 'anything'))).toBe('invalid_api_key')
    expect((await askAdmin(gateway, `DELETE /keys/${id}`)).status).toBe(200)
    expect(codeOf(await chat(gateway, 'anything'))).toBe('invalid_api_key')
  })

  it('is refused from the next request on once it is revoked, disabled, or what it is in is', async () => {
    await using gateway = await startManaged()
    await askAdmin(gateway, 'POST /organisations', { body: { id: 'holding' } })
    const { key, id } = await createTenantKey(gateway, 'acme', { tenant: { organisation: 'holding' } })
    for (const path of [`/keys/${id}`, '/tenants/acme', '/organisations/holding']) {
      expect((await askAdmin(gateway, `PATCH ${path}`, { body: { is_disabled: true } })).status).toBe(200)
      const refused = await chat(gateway, key)
      expect([refused.status, JSON.stringify(refused.body).includes('disabled')]).toEqual([401, true])
      await askAdmin(gateway, `PATCH ${path}`, { body: { is_disabled: false } })
      expect((await chat(gateway, key)).status).toBe(200)
    }
    expect((await askAdmin(gateway, `POST /keys/${id}/revoke`)).body['state']).toBe('revoked')
    expect(JSON.stringify((await chat(gateway, key)).body)).toContain('revoked')
    expect(codeOf(await askAdmin(gateway, `POST /keys/${id}/rotate`))).toBe('ACCESS_KEY_REVOKED')
    expect(codeOf(await askAdmin(gateway, `PATCH /keys/${id}`, { body: { is_disabled: false } }))).toBe(
      'ACCESS_KEY_REVOKED',
    )
    expect((await fetch(`${gateway.url}/healthz`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
  })

  it('is replaced with a time in which both secrets are taken', async () => {
    await using gateway = await startManaged()
    const first = await createTenantKey(gateway, 'acme')
    const rotated = await askAdmin(gateway, `POST /keys/${first.id}/rotate`, { body: { grace_seconds: 3_600 } })
    const second = String(rotated.body['key'])
    expect(rotated.body['secrets']).toMatchObject([{ valid_until: null }, { prefix: first.key.slice(0, 10) }])
    expect((await chat(gateway, first.key)).status).toBe(200)
    expect((await chat(gateway, second)).status).toBe(200)
    const third = String(
      (await askAdmin(gateway, `POST /keys/${first.id}/rotate`, { body: { grace_seconds: 0 } })).body['key'],
    )
    for (const old of [first.key, second]) expect((await chat(gateway, old)).status).toBe(401)
    expect((await chat(gateway, third)).status).toBe(200)
  })

  it('does no more than every level that it is in allows', async () => {
    await using gateway = await startManaged()
    const { key } = await createTenantKey(gateway, 'acme', { tenant: { models: ['thrifty/thrifty-1'] } })
    expect((await chat(gateway, key, { model: 'thrifty/thrifty-1' })).status).toBe(200)
    const other = await createKey(gateway, { tenant: 'acme', models: ['grand/grand-1'] })
    expect(codeOf(await chat(gateway, other.key))).toBe('ROUTER_NOT_ALLOWED')
    const local = await createKey(gateway, { tenant: 'acme', tiers: ['local_small'] })
    expect([422, 503]).toContain((await chat(gateway, local.key, { model: 'kernell' })).status)
    const viewer = await createKey(gateway, { tenant: 'acme', role: 'viewer' })
    expect(codeOf(await chat(gateway, viewer.key))).toBe('GATEWAY_ROLE_REFUSED')
  })

  it('cannot be one of the configuration, which is shown and not changed', async () => {
    const sha256 = createHash('sha256').update('sk-configured-key').digest('hex')
    const budgets = [{ scope: 'tenant:old', window: 'day', limitUsd: '5' }]
    await using gateway = await startManaged({ keys: [{ id: 'k1', tenant: 'old', sha256 }], budgets })
    expect((await askAdmin(gateway, 'GET /keys/k1')).body).toMatchObject({ source: 'configuration', tenant: 'old' })
    for (const what of ['PATCH /keys/k1', 'PATCH /tenants/old'])
      expect(codeOf(await askAdmin(gateway, what, { body: { is_disabled: true } }))).toBe('ACCESS_ENTRY_CONFIGURED')
    for (const what of [
      'DELETE /keys/k1',
      'POST /keys/k1/rotate',
      'POST /keys/k1/revoke',
      'DELETE /budgets/tenant:old@day',
    ])
      expect(codeOf(await askAdmin(gateway, what))).toBe('ACCESS_ENTRY_CONFIGURED')
    expect(codeOf(await askAdmin(gateway, 'POST /tenants', { body: { id: 'old' } }))).toBe('ACCESS_ENTRY_EXISTS')
    const { key } = await createKey(gateway, { tenant: 'old' })
    expect((await chat(gateway, key)).status).toBe(200)
    expect((await chat(gateway, 'sk-configured-key')).status).toBe(200)
    const shown = await askAdmin(gateway, 'GET /budgets/tenant:old@day')
    expect(shown.body).toMatchObject({ source: 'configuration', limit_usd: '5' })
  })
})

describe('lists', () => {
  it('are read in pages, and nothing is left out or told twice while keys come and go', async () => {
    await using gateway = await startManaged()
    await askAdmin(gateway, 'POST /tenants', { body: { id: 'acme' } })
    const made = new Set<string>()
    for (let count = 0; count < 7; count += 1) made.add((await createKey(gateway, { tenant: 'acme' })).id)
    const seen: string[] = []
    let cursor: unknown
    do {
      const page = await askAdmin(gateway, `GET /keys?limit=2${typeof cursor === 'string' ? `&cursor=${cursor}` : ''}`)
      seen.push(...(page.body['data'] as { id: string }[]).map(({ id }) => id))
      if (seen.length === 2) await askAdmin(gateway, `DELETE /keys/${seen[0]}`)
      cursor = page.body['next_cursor']
    } while (cursor !== null)
    expect(seen).toEqual([...made].toSorted())
    for (const wrong of ['limit=0', 'limit=1001', 'limit=x', 'cursor=%00', 'limit=1&limit=2', 'other=1'])
      expect((await askAdmin(gateway, `GET /keys?${wrong}`)).status, wrong).toBe(400)
  })
})

async function auditOf({ node }: RealGateway): Promise<readonly object[]> {
  return [...(await node.rights.openAudit()).entries()]
}
