import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, askAdmin, chat, codeOf, createKey, createTenantKey } from './admin-client.ts'
import { startManaged } from './managed-gateway.ts'

const KEPT = { telemetry: { consent: true } }

type Rows = readonly Readonly<Record<string, unknown>>[]

async function get(url: string, path: string, key = ADMIN_TOKEN): Promise<Response> {
  return await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })
}

describe('usage', () => {
  it('is what the tasks cost, told apart by tenant, team, key and day, and marked where it is estimated', async () => {
    await using gateway = await startManaged(KEPT)
    const acme = await createTenantKey(gateway, 'acme')
    await askAdmin(gateway, 'POST /teams', { body: { tenant: 'acme', name: 'search' } })
    const search = await createKey(gateway, { team: 'acme/search' })
    const other = await createTenantKey(gateway, 'other')
    for (const key of [acme.key, acme.key, search.key, other.key]) expect((await chat(gateway, key)).status).toBe(200)
    for (let time = 0; time < 2; time += 1) await chat(gateway, acme.key, { text: 'The same again.' })
    const answer = await askAdmin(gateway, 'GET /usage?by=tenant,team,key')
    const rows = answer.body['data'] as Rows
    expect(
      rows.map(({ tenant, team, key, requests, cache_hits }) => [tenant, team, key, requests, cache_hits]),
    ).toEqual([
      ['acme', null, acme.id, 4, 1],
      ['acme', 'acme/search', search.id, 1, 0],
      ['other', null, other.id, 1, 0],
    ])
    const [sum] = (await askAdmin(gateway, 'GET /usage')).body['data'] as Rows
    const { requests, cost_usd: cost, tokens_out: tokens } = sum ?? {}
    expect([requests, Number(cost) > 0, Number(tokens) > 0]).toEqual([6, true, true])
    const spent = rows.reduce((nanos, row) => nanos + Math.round(Number(row['cost_usd']) * 1e9), 0)
    expect(spent).toBe(Math.round(Number(cost) * 1e9))
    const days = (await askAdmin(gateway, 'GET /usage?by=day,model')).body['data'] as Rows
    expect(days.every(({ day }) => /^\d{4}-\d{2}-\d{2}$/.test(String(day)))).toBe(true)
    expect((await askAdmin(gateway, 'GET /usage?from=2100-01-01')).body['data']).toMatchObject([
      { requests: 0, cost_usd: '0' },
    ])
  })

  it('of a key is its own, and of an admin that of its tenant', async () => {
    await using gateway = await startManaged(KEPT)
    const acme = await createTenantKey(gateway, 'acme')
    const admin = await createKey(gateway, { tenant: 'acme', role: 'admin' })
    const other = await createTenantKey(gateway, 'other')
    for (const key of [acme.key, other.key, other.key]) await chat(gateway, key)
    const own = (await (await get(gateway.url, '/v1/usage?by=key', other.key)).json()) as { data: Rows }
    expect(own.data).toMatchObject([{ key: other.id, requests: 2 }])
    const forced = (await (
      await get(gateway.url, `/v1/usage?by=key&tenant=acme&key=${acme.id}`, other.key)
    ).json()) as { data: Rows }
    expect(forced.data).toMatchObject([{ key: other.id }])
    expect((await askAdmin(gateway, 'GET /usage?by=tenant', { token: admin.key })).body['data']).toMatchObject([
      { tenant: 'acme', requests: 1 },
    ])
    const refused = await askAdmin(gateway, 'GET /usage?tenant=other', { token: admin.key })
    expect(codeOf(refused)).toBe('ACCESS_ENTRY_UNKNOWN')
    const text = await (await get(gateway.url, '/v1/admin/usage/export', admin.key)).text()
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { key: string }).key),
    ).toEqual([acme.id])
  })

  it('goes out as lines and as CSV that no spreadsheet computes', async () => {
    await using gateway = await startManaged(KEPT)
    const { key } = await createTenantKey(gateway, '-a.b')
    await chat(gateway, key)
    const csv = await get(gateway.url, '/v1/admin/usage?by=tenant&format=csv')
    expect(csv.headers.get('content-type')).toContain('text/csv')
    expect((await csv.text()).split('\r\n')[1]?.startsWith("'-a.b,1,1,")).toBe(true)
    const lines = (await (await get(gateway.url, '/v1/admin/usage/export?format=csv')).text()).trim().split('\r\n')
    expect([lines.length, lines[0]?.startsWith('timestamp,task_id,')]).toEqual([2, true])
    for (const wrong of [
      'by=text',
      'by=day,day',
      'from=yesterday',
      'from=2030-02-31',
      'from=2030-01-02&to=2030-01-01',
      'format=xml',
      'limit=1',
    ])
      expect((await askAdmin(gateway, `GET /usage?${wrong}`)).status, wrong).toBe(400)
  })

  it('is refused where no records are kept', async () => {
    await using gateway = await startManaged()
    for (const path of ['/v1/usage', '/v1/admin/usage', '/v1/admin/usage/export']) {
      const response = await get(gateway.url, path)
      expect([response.status, (await response.text()).includes('USAGE_NOT_KEPT')], path).toEqual([409, true])
    }
  })
})

describe('an outcome', () => {
  it('is told to the tenant whose task it was, with the feedback, and is not there for others', async () => {
    await using gateway = await startManaged(KEPT)
    const acme = await createTenantKey(gateway, 'acme')
    const other = await createTenantKey(gateway, 'other')
    const answered = await chat(gateway, acme.key, { text: 'What did Initech buy?' })
    const id = String(answered.body['id'])
    const judged = await fetch(`${gateway.url}/v1/feedback`, {
      method: 'POST',
      headers: { authorization: `Bearer ${acme.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ task_id: id, thumbs: 'down' }),
    })
    expect(judged.status).toBe(200)
    const outcome = await get(gateway.url, `/v1/outcomes/${id}`, acme.key)
    const text = await outcome.text()
    expect(JSON.parse(text)).toMatchObject({ key: acme.id, success: true, feedback: [{ kind: 'thumbs', value: 0 }] })
    expect(text).not.toContain('Initech')
    for (const [task, key] of [
      [id, other.key],
      ['t-0', acme.key],
      ['%00', acme.key],
    ] as const) {
      const refused = await get(gateway.url, `/v1/outcomes/${task}`, key)
      expect([refused.status, (await refused.text()).includes('FEEDBACK_TASK_UNKNOWN')]).toEqual([404, true])
    }
  })
})
