import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { adminTokenFile, openAdminToken } from '../../../src/node/access/admin-token.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'
import { redactText } from '../../../src/core/redaction/redact-text.ts'
import { startRealGateway } from '../real-node.ts'
import { ADMIN_TOKEN, askAdmin, chat, codeOf } from './admin-client.ts'
import { startManaged } from './managed-gateway.ts'

describe('the administration', () => {
  it('wants the token also where no key is asked for', async () => {
    await using gateway = await startManaged()
    expect((await chat(gateway, 'anything')).status).toBe(200)
    for (const token of ['', 'anything', ADMIN_TOKEN.slice(0, -1), `${ADMIN_TOKEN}x`]) {
      const answer = await askAdmin(gateway, 'GET /keys', { token })
      expect([answer.status, codeOf(answer)], token).toEqual([401, 'GATEWAY_ADMIN_REFUSED'])
    }
    expect((await askAdmin(gateway, 'GET /keys')).status).toBe(200)
    expect((await askAdmin(gateway, 'GET ')).body).toEqual({
      object: 'administrator',
      by: 'admin token',
      scope: 'node',
    })
  })

  it('takes the token from no proxy and no page, and few guesses a minute', async () => {
    await using gateway = await startManaged()
    for (const header of ['x-forwarded-for', 'via', 'forwarded', 'x-real-ip']) {
      const answer = await askAdmin(gateway, 'GET /keys', { headers: { [header]: '203.0.113.9' } })
      expect(codeOf(answer), header).toBe('GATEWAY_ADMIN_REFUSED')
    }
    expect(codeOf(await askAdmin(gateway, 'GET /keys', { headers: { origin: 'https://evil.example' } }))).toBe(
      'GATEWAY_FOREIGN_ORIGIN',
    )
    const seen: number[] = []
    for (let guess = 0; guess < 12; guess += 1)
      seen.push((await askAdmin(gateway, 'GET /keys', { token: `guess-${guess}` })).status)
    expect(seen.filter((status) => status === 401).length).toBe(10)
    expect(seen.at(-1)).toBe(429)
    expect((await askAdmin(gateway, 'GET /keys')).status).toBe(200)
  })

  it('is managed by keys alone where there is no token', async () => {
    const keys = [
      { id: 'k', tenant: 'acme', role: 'admin', sha256: createHash('sha256').update('sk-admin-of-acme').digest('hex') },
    ]
    await using gateway = await startRealGateway({ keys } as never)
    expect(codeOf(await askAdmin(gateway, 'GET /keys'))).toBe('GATEWAY_ADMIN_REFUSED')
    expect((await askAdmin(gateway, 'GET ', { token: 'sk-admin-of-acme' })).body).toMatchObject({
      by: 'key k',
      scope: 'tenant:acme',
    })
  })

  it('by its token looks after the node elsewhere, and spends nothing', async () => {
    const keys = [{ id: 'k', tenant: 'acme', sha256: createHash('sha256').update('sk-member-of-acme').digest('hex') }]
    await using gateway = await startManaged({ keys })
    const metrics = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })
    expect(metrics.status).toBe(200)
    await metrics.text()
    expect(codeOf(await chat(gateway, ADMIN_TOKEN))).toBe('GATEWAY_ROLE_REFUSED')
  })

  it('has every change in the audit journal, with who made it', async () => {
    await using gateway = await startManaged()
    await askAdmin(gateway, 'POST /tenants', { body: { id: 'acme' } })
    await askAdmin(gateway, 'PATCH /tenants/acme', { body: { label: 'Acme', budgets: { day: '5' } } })
    await askAdmin(gateway, 'POST /tenants', { body: { id: 'acme' } })
    const events = [...(await gateway.node.rights.openAudit()).entries()].map(({ event }) => event)
    expect(events).toMatchObject([
      { type: 'access-changed', change: 'entry-created', scope: 'tenant:acme', by: 'admin token' },
      { type: 'access-changed', change: 'entry-changed', members: ['label', 'budgets'] },
    ])
  })
})

describe('the file of the token', () => {
  const init = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }

  it('is made once, for its owner alone, and a text with it is redacted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kernell-token-'))
    try {
      const token = await openAdminToken(init, folder)
      expect(await openAdminToken(init, folder)).toBe(token)
      expect(readFileSync(adminTokenFile(folder), 'utf8').trim()).toBe(token)
      expect(statSync(adminTokenFile(folder)).mode & 0o777).toBe(0o600)
      expect(redactText(`failed with ${token} at`)).not.toContain(token.slice(12))
      chmodSync(adminTokenFile(folder), 0o644)
      await expect(openAdminToken(init, folder)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
      chmodSync(adminTokenFile(folder), 0o600)
      writeFileSync(adminTokenFile(folder), 'short')
      await expect(openAdminToken(init, folder)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
