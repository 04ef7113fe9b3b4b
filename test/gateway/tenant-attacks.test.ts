import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { CallerRole } from '../../src/node/config/node-config.ts'
import { CONTROL_AREAS } from '../../src/node/control/control-request.ts'
import { createChatWorker } from '../../src/node/market/chat-worker.ts'
import type { WorkOptions } from '../../src/market/parties/role/market-worker.ts'
import { decodePeerAnswer, encodePeerTask } from '../../src/router/peers/peer-task.ts'
import type { FeedbackEvent } from '../../src/wire/feedback-event.ts'
import { didNamed } from '../core/escrow/escrow-builder.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { type RealGateway, startRealGateway, tiersAt } from './real-node.ts'

const SECRET = 'The merger with Initech closes on Friday.'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const ROLES: readonly CallerRole[] = ['admin', 'operator', 'member', 'viewer']
const keyOf = (tenant: string, role: CallerRole): object => ({
  id: `${tenant}-${role}`,
  tenant,
  role,
  sha256: createHash('sha256').update(`sk-${tenant}-${role}`).digest('hex'),
})
const keys = ROLES.flatMap((role) => [keyOf('acme', role), keyOf('other', role)]) as never

type Sent = { readonly path: string; readonly key: string; readonly body?: object; readonly headers?: object }

async function send({ url }: RealGateway, { path, key, body, headers = {} }: Sent): Promise<Response> {
  return await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

async function ask(gateway: RealGateway, tenant: string, headers: object = {}): Promise<string> {
  const body = { model: 'kernell-cheap', messages: [{ role: 'user', content: 'When does our merger close?' }] }
  const response = await send(gateway, { path: '/v1/chat/completions', key: `sk-${tenant}-member`, body, headers })
  await response.text()
  return response.headers.get('x-kernell-task-id') ?? ''
}

async function feedbackOf({ node }: RealGateway, tenant: string): Promise<readonly FeedbackEvent[]> {
  const found: FeedbackEvent[] = []
  for await (const event of node.records.list({ tenant })) found.push(...(event.feedback ?? []))
  return found
}

describe('a key of another tenant', () => {
  it('of whatever role does nothing at the doors of the operator, whatever it shows there', async () => {
    await using gateway = await startRealGateway({ keys }, { controlToken: 'a token of this start' })
    const acts = [
      { op: 'stop', by: 'other' },
      { op: 'records', tenant: 'acme' },
      { op: 'grant-issue', to: didNamed('friend'), rights: {} },
      { op: 'call-admit', order: 'x', chain: [], action: '/sandbox/run', code: '0'.repeat(64) },
      { op: 'audit-list' },
    ]
    const shown = [{}, { 'x-kernell-control': 'sk-other-admin' }, { 'x-kernell-tenant': 'acme' }]
    const seen = new Set<number>()
    for (const role of ROLES)
      for (const body of acts)
        for (const [place, area] of CONTROL_AREAS.entries()) {
          const headers = shown[place % shown.length] ?? {}
          const answer = await send(gateway, { path: `/control/${area}`, key: `sk-other-${role}`, body, headers })
          seen.add(answer.status)
          expect(await answer.text()).not.toContain('entries')
        }
    // Wrong tokens are few a minute.
    expect([...seen].toSorted((one, other) => one - other)).toEqual([403, 429])
    expect(gateway.node.rights.stop.current).toBeUndefined()
    expect([...(await gateway.node.rights.openAudit()).entries()]).toEqual([])
  })

  it('judges nothing by a trace that both have, and corrects nobody’s feedback by its id', async () => {
    await using upstream = await startUpstreamServer({ behaviour: { kind: 'answer', text: SECRET } })
    const tiers = tiersAt({ cheap: upstream.baseUrl })
    await using gateway = await startRealGateway({ ...tiers, keys, telemetry: { consent: true } })
    const traced = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }
    const [theirs, own] = [await ask(gateway, 'acme', traced), await ask(gateway, 'other', traced)]
    const judge = async (tenant: string, body: object): Promise<number> =>
      (await send(gateway, { path: '/v1/feedback', key: `sk-${tenant}-member`, body })).status
    expect(await judge('acme', { task_id: theirs, thumbs: 'up', feedback_id: 'f-1' })).toBe(200)
    expect(await judge('other', { trace_id: TRACE, thumbs: 'down' })).toBe(200)
    expect(await judge('other', { task_id: own, thumbs: 'down', feedback_id: 'f-1' })).toBe(200)
    expect(await judge('other', { task_id: theirs, thumbs: 'down', feedback_id: 'f-1' })).toBe(404)
    expect((await feedbackOf(gateway, 'acme')).map(({ value, tenant }) => [value, tenant])).toEqual([[1, 'acme']])
    expect((await feedbackOf(gateway, 'other')).map(({ value }) => value)).toEqual([0, 0])
  })

  it('sees of the node what it saw before the others had worked', async () => {
    await using upstream = await startUpstreamServer({ behaviour: { kind: 'answer', text: SECRET } })
    await using gateway = await startRealGateway({ ...tiersAt({ cheap: upstream.baseUrl }), keys })
    const look = async (): Promise<readonly string[]> =>
      await Promise.all(
        ['/v1/models', '/v1/models/kernell', '/healthz', '/'].map(
          async (path) => await (await send(gateway, { path, key: 'sk-other-member' })).text(),
        ),
      )
    const before = await look()
    await ask(gateway, 'acme')
    expect(await look()).toEqual(before)
    for (const path of ['/metrics', '/control/market', '/v1/agents', '/v1/memory', '/v1/records', '/v1/actors']) {
      const answer = await send(gateway, { path, key: 'sk-other-member' })
      expect([403, 404, 405], path).toContain(answer.status)
      expect(await answer.text()).not.toMatch(/acme|Initech/)
    }
  })
})

describe('whoever pays for answers', () => {
  it('gets none that was made for another payer or for a tenant, and its own again', async () => {
    await using upstream = await startUpstreamServer({ behaviour: { kind: 'answer', text: SECRET } })
    await using gateway = await startRealGateway({ ...tiersAt({ cheap: upstream.baseUrl }), keys })
    const worker = createChatWorker(gateway.node.router)
    const request = { messages: [{ role: 'user', content: 'When does our merger close?' }] } as const
    const buy = async (payer: WorkOptions['payer']): Promise<string> => {
      const { signal } = new AbortController()
      const options = { signal, count: () => undefined, progress: () => undefined, ...(payer && { payer }) }
      return decodePeerAnswer(await worker(encodePeerTask(request), options), request).text
    }
    await ask(gateway, 'acme')
    expect(await buy(didNamed('first'))).toBe(SECRET)
    upstream.respondWith({ kind: 'answer', text: 'I know of no merger.' })
    expect(await buy(didNamed('second'))).toBe('I know of no merger.')
    expect(await buy(undefined)).toBe('I know of no merger.')
    expect(await buy(didNamed('first'))).toBe(SECRET)
  })
})
