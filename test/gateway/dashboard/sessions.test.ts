import { describe, expect, it } from 'vitest'
import { DashboardSessions, SESSION_IDLE_MS, TICKET_MS } from '../../../src/gateway/dashboard/sessions.ts'
import { createScriptedNode, keyOf, startGateway } from '../scripted-node.ts'

const bearer = (token: string | undefined): string => `Bearer ${token}`

describe('sessions of the dashboard', () => {
  it('begin with a ticket, once, and end when nobody uses them', () => {
    let nowMs = 0
    const sessions = new DashboardSessions(() => nowMs)
    const ticket = sessions.issueTicket()
    expect(sessions.isOpen(bearer(ticket))).toBe(false)
    const token = sessions.open(ticket)
    expect([token?.startsWith('kds-'), sessions.open(ticket), sessions.open(`${ticket}x`), sessions.open('')]).toEqual([
      true,
      undefined,
      undefined,
      undefined,
    ])
    nowMs += SESSION_IDLE_MS - 1
    expect(sessions.isOpen(bearer(token))).toBe(true)
    nowMs += SESSION_IDLE_MS - 1
    expect(sessions.isOpen(bearer(token))).toBe(true)
    nowMs += SESSION_IDLE_MS
    expect(sessions.isOpen(bearer(token))).toBe(false)
    const late = sessions.issueTicket()
    nowMs += TICKET_MS
    expect(sessions.open(late)).toBeUndefined()
  })

  it('are bounded: the oldest make room', () => {
    const sessions = new DashboardSessions(() => 0)
    const tickets = Array.from({ length: 17 }, () => sessions.issueTicket())
    expect(tickets.map((ticket) => sessions.open(ticket) !== undefined)).toEqual([
      false,
      ...Array<boolean>(16).fill(true),
    ])
    const tokens = Array.from({ length: 65 }, () => sessions.open(sessions.issueTicket()))
    expect([tokens[0], tokens[64]].map((token) => sessions.isOpen(bearer(token)))).toEqual([false, true])
  })

  it('are asked for on a node without keys, of reads and acts alike, and stand for an admin', async () => {
    await using running = await startGateway(createScriptedNode())
    const link = running.gateway.dashboardLink() ?? ''
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/dashboard\/#token=kdt-[\w-]{43}$/)
    const ask = async (path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> => {
      const response = await fetch(running.url + path, init)
      return { status: response.status, body: await response.json() }
    }
    const json = { 'content-type': 'application/json' }
    for (const path of ['/v1/node/overview', '/v1/node/events', '/v1/node/session'])
      expect(await ask(path)).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } })
    expect(await ask('/v1/node/stop', { method: 'POST', headers: json, body: '{"stopped":true}' })).toMatchObject({
      status: 401,
    })
    const ticket = link.split('#token=')[1]
    const open = async (): ReturnType<typeof ask> =>
      await ask('/v1/node/session', { method: 'POST', headers: json, body: JSON.stringify({ ticket }) })
    const { body } = await open()
    const headers = { authorization: bearer((body as { token: string }).token) }
    expect(await open()).toMatchObject({ status: 401, body: { error: { code: 'GATEWAY_TICKET_INVALID' } } })
    expect(await ask('/v1/node/session', { headers })).toMatchObject({
      status: 200,
      body: { role: 'admin', tenant: 'default', key: null },
    })
    expect(await ask('/v1/node/decisions?limit=0', { headers })).toMatchObject({
      status: 400,
      body: { error: { code: 'REQUEST_INVALID', param: 'limit' } },
    })
    expect(await ask('/v1/node/costs?span=week&span=day', { headers })).toMatchObject({
      status: 400,
      body: { error: { param: 'span' } },
    })
    expect(await ask('/v1/node/decisions/none', { headers })).toMatchObject({
      status: 404,
      body: { error: { code: 'VIEW_SUBJECT_UNKNOWN' } },
    })
    expect(await ask('/v1/node/market', { headers })).toMatchObject({
      body: { status: { is_there: false, code: 'MARKET_NOT_OPEN' } },
    })
    expect(await ask('/v1/node/session', { method: 'DELETE', headers })).toMatchObject({ status: 200 })
    expect(await ask('/v1/node/overview', { headers })).toMatchObject({ status: 401 })
  })

  it('are refused to a page of another origin, whatever it knows', async () => {
    await using running = await startGateway(createScriptedNode({ keys: [keyOf('sk', { role: 'admin' })] }))
    const headers = { authorization: 'Bearer sk', origin: 'https://elsewhere.example' }
    expect((await fetch(`${running.url}/v1/node/overview`, { headers })).status).toBe(403)
    expect(
      (await fetch(`${running.url}/v1/node/overview`, { headers: { ...headers, origin: running.url } })).status,
    ).toBe(200)
  })
})
