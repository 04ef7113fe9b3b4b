import { describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/gateway/endpoint-table.ts'
import { CALLER_ROLES, type CallerRole } from '../../src/node/config/node-config.ts'
import { createScriptedNode, keyOf, startGateway } from './scripted-node.ts'

/** Who may use what, written a second time on purpose: each endpoint of the gateway, and each role in the order admin, operator, member, viewer, and nobody. */
const TABLE: Readonly<Record<string, string>> = {
  'POST /v1/chat/completions': 'yes no  yes no  no ',
  'POST /v1/responses': 'yes no  yes no  no ',
  'GET /v1/responses/:id': 'yes no  yes no  no ',
  'DELETE /v1/responses/:id': 'yes no  yes no  no ',
  'POST /v1/responses/:id/cancel': 'yes no  yes no  no ',
  'GET /v1/responses/:id/input_items': 'yes no  yes no  no ',
  'POST /v1/files': 'yes no  yes no  no ',
  'GET /v1/files': 'yes no  yes no  no ',
  'GET /v1/files/:id': 'yes no  yes no  no ',
  'DELETE /v1/files/:id': 'yes no  yes no  no ',
  'GET /v1/files/:id/content': 'yes no  yes no  no ',
  'POST /v1/batches': 'yes no  yes no  no ',
  'GET /v1/batches': 'yes no  yes no  no ',
  'GET /v1/batches/:id': 'yes no  yes no  no ',
  'POST /v1/batches/:id/cancel': 'yes no  yes no  no ',
  'POST /v1/messages': 'yes no  yes no  no ',
  'POST /v1/messages/count_tokens': 'yes no  yes no  no ',
  'POST /v1/embeddings': 'yes no  yes no  no ',
  'POST /v1/policy/decide': 'yes yes yes no  no ',
  'POST /v1/feedback': 'yes no  yes no  no ',
  'POST /mcp': 'yes yes yes yes no ',
  'GET /mcp': 'yes yes yes yes no ',
  'DELETE /mcp': 'yes yes yes yes no ',
  'GET /v1/models': 'yes yes yes yes no ',
  'GET /v1/models/:id*': 'yes yes yes yes no ',
  'GET /.well-known/agent-card.json': 'yes yes yes yes yes',
  'GET /.well-known/jwks.json': 'yes yes yes yes yes',
  'POST /a2a': 'yes no  yes no  no ',
  'POST /a2a/': 'yes no  yes no  no ',
  'POST /a2a/message:send': 'yes no  yes no  no ',
  'POST /a2a/message:stream': 'yes no  yes no  no ',
  'GET /a2a/tasks': 'yes no  yes no  no ',
  'GET /a2a/tasks/:task': 'yes no  yes no  no ',
  'POST /a2a/tasks/:task': 'yes no  yes no  no ',
  'POST /a2a/tasks/:task/pushNotificationConfigs': 'yes no  yes no  no ',
  'GET /a2a/tasks/:task/pushNotificationConfigs': 'yes no  yes no  no ',
  'GET /a2a/tasks/:task/pushNotificationConfigs/:config': 'yes no  yes no  no ',
  'DELETE /a2a/tasks/:task/pushNotificationConfigs/:config': 'yes no  yes no  no ',
  'GET /a2a/extendedAgentCard': 'yes no  yes no  no ',
  'GET /v1/admin/organisations': 'yes no  no  no  no ',
  'POST /v1/admin/organisations': 'yes no  no  no  no ',
  'GET /v1/admin/organisations/:id': 'yes no  no  no  no ',
  'PATCH /v1/admin/organisations/:id': 'yes no  no  no  no ',
  'DELETE /v1/admin/organisations/:id': 'yes no  no  no  no ',
  'GET /v1/admin/tenants': 'yes no  no  no  no ',
  'POST /v1/admin/tenants': 'yes no  no  no  no ',
  'GET /v1/admin/tenants/:id': 'yes no  no  no  no ',
  'PATCH /v1/admin/tenants/:id': 'yes no  no  no  no ',
  'DELETE /v1/admin/tenants/:id': 'yes no  no  no  no ',
  'GET /v1/admin/teams': 'yes no  no  no  no ',
  'POST /v1/admin/teams': 'yes no  no  no  no ',
  'GET /v1/admin/teams/:id*': 'yes no  no  no  no ',
  'PATCH /v1/admin/teams/:id*': 'yes no  no  no  no ',
  'DELETE /v1/admin/teams/:id*': 'yes no  no  no  no ',
  'GET /v1/admin/keys': 'yes no  no  no  no ',
  'POST /v1/admin/keys': 'yes no  no  no  no ',
  'GET /v1/admin/keys/:id': 'yes no  no  no  no ',
  'PATCH /v1/admin/keys/:id': 'yes no  no  no  no ',
  'DELETE /v1/admin/keys/:id': 'yes no  no  no  no ',
  'GET /v1/admin/budgets': 'yes no  no  no  no ',
  'POST /v1/admin/budgets': 'yes no  no  no  no ',
  'GET /v1/admin/budgets/:id*': 'yes no  no  no  no ',
  'PATCH /v1/admin/budgets/:id*': 'yes no  no  no  no ',
  'DELETE /v1/admin/budgets/:id*': 'yes no  no  no  no ',
  'POST /v1/admin/keys/:id/rotate': 'yes no  no  no  no ',
  'POST /v1/admin/keys/:id/revoke': 'yes no  no  no  no ',
  'GET /v1/admin/usage': 'yes no  no  no  no ',
  'GET /v1/admin/usage/export': 'yes no  no  no  no ',
  'GET /v1/usage': 'yes yes yes yes no ',
  'GET /v1/outcomes/:task_id': 'yes no  yes yes no ',
  'GET /v1/admin': 'yes no  no  no  no ',
  'GET /healthz': 'yes yes yes yes yes',
  'GET /metrics': 'yes yes no  no  no ',
  'GET /': 'yes yes yes yes yes',
  'GET /dashboard': 'yes yes yes yes yes',
  'GET /dashboard/': 'yes yes yes yes yes',
  'GET /dashboard/:file*': 'yes yes yes yes yes',
  'POST /v1/node/session': 'yes yes yes yes yes',
  'GET /v1/node/session': 'yes yes no  no  no ',
  'DELETE /v1/node/session': 'yes yes no  no  no ',
  'GET /v1/node/overview': 'yes yes no  no  no ',
  'GET /v1/node/decisions': 'yes yes no  no  no ',
  'GET /v1/node/decisions/:id': 'yes yes no  no  no ',
  'GET /v1/node/costs': 'yes yes no  no  no ',
  'GET /v1/node/costs/history': 'yes yes no  no  no ',
  'GET /v1/node/cache': 'yes yes no  no  no ',
  'GET /v1/node/policies': 'yes yes no  no  no ',
  'GET /v1/node/agents': 'yes yes no  no  no ',
  'GET /v1/node/agents/:id*': 'yes yes no  no  no ',
  'GET /v1/node/peers': 'yes yes no  no  no ',
  'GET /v1/node/market': 'yes yes no  no  no ',
  'GET /v1/node/escrows': 'yes yes no  no  no ',
  'GET /v1/node/escrows/:id': 'yes yes no  no  no ',
  'GET /v1/node/ledger': 'yes yes no  no  no ',
  'GET /v1/node/budgets': 'yes yes no  no  no ',
  'GET /v1/node/simulations': 'yes yes no  no  no ',
  'GET /v1/node/simulations/:id': 'yes yes no  no  no ',
  'GET /v1/node/events': 'yes yes no  no  no ',
  'POST /v1/node/stop': 'yes yes no  no  no ',
  'POST /v1/node/rollout': 'yes yes no  no  no ',
  'POST /control/:area': 'no  no  no  no  no ',
}

const BODIES: Readonly<Record<string, object>> = {
  '/v1/chat/completions': { model: 'kernell', messages: [{ role: 'user', content: 'Hello' }] },
  '/v1/responses': { model: 'kernell', input: 'Hello' },
  '/v1/files': { purpose: 'batch' },
  '/v1/batches': { endpoint: '/v1/responses' },
  '/v1/messages': { model: 'kernell', max_tokens: 5, messages: [{ role: 'user', content: 'Hello' }] },
  '/v1/messages/count_tokens': { model: 'kernell', messages: [{ role: 'user', content: 'Hello' }] },
  '/v1/embeddings': { model: 'kernell', input: 'Hello' },
  '/v1/policy/decide': { prompt: 'Hello' },
  '/v1/feedback': { task_id: 'task-1', thumbs: 'up' },
  '/control/:area': { op: 'stop-state' },
  '/v1/node/session': { ticket: 'kdt-of-nobody' },
  '/v1/node/stop': { stopped: true },
  '/v1/node/rollout': { op: 'rollback' },
}

const PATHS: Readonly<Record<string, string>> = {
  '/a2a/tasks/:task': '/a2a/tasks/t1',
  '/a2a/tasks/:task/pushNotificationConfigs': '/a2a/tasks/t1/pushNotificationConfigs',
  '/a2a/tasks/:task/pushNotificationConfigs/:config': '/a2a/tasks/t1/pushNotificationConfigs/c1',
  '/v1/models/:id*': '/v1/models/kernell',
  '/control/:area': '/control/rights',
}
const CALLERS: readonly (CallerRole | 'nobody')[] = [...CALLER_ROLES, 'nobody']

const REFUSALS: readonly unknown[] = [
  'GATEWAY_ROLE_REFUSED',
  'GATEWAY_CONTROL_REFUSED',
  'GATEWAY_ADMIN_REFUSED',
  'invalid_api_key',
]

/** Of a stream without end, its beginning. */
async function textOf(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) return await response.text()
  await response.body?.cancel()
  return ''
}

describe('roles', () => {
  it('are told for every endpoint', () => {
    expect(ENDPOINTS.map(({ method, route }) => `${method} ${route}`).toSorted()).toEqual(Object.keys(TABLE).toSorted())
  })

  it('may use what the table says, over the real listener', async () => {
    const keys = CALLER_ROLES.map((role) => keyOf(`sk-${role}`, { id: role, tenant: role, role }))
    await using running = await startGateway(createScriptedNode({ keys }), {
      controlToken: 'a token that nobody here has',
    })
    for (const { method, route } of ENDPOINTS) {
      const allowed: string[] = []
      for (const caller of CALLERS) {
        const body = BODIES[route]
        const response = await fetch(running.url + (PATHS[route] ?? route), {
          method,
          headers: {
            'content-type': 'application/json',
            ...(caller !== 'nobody' && { authorization: `Bearer sk-${caller}` }),
          },
          ...(body !== undefined && method !== 'GET' && { body: JSON.stringify(body) }),
        })
        const text = await textOf(response)
        const isRefused =
          (response.status === 401 || response.status === 403) && REFUSALS.some((code) => text.includes(String(code)))
        allowed.push(isRefused ? 'no ' : 'yes')
      }
      expect(`${method} ${route}: ${allowed.join(' ')}`).toBe(`${method} ${route}: ${TABLE[`${method} ${route}`]}`)
    }
  })

  it('are that of a member where none is given, and of nobody where the key is wrong', async () => {
    await using running = await startGateway(createScriptedNode({ keys: [keyOf('sk-plain')] }))
    const get = async (path: string, key: string): Promise<number> =>
      (await fetch(running.url + path, { headers: { authorization: `Bearer ${key}` } })).status
    expect(await get('/v1/models', 'sk-plain')).toBe(200)
    expect(await get('/metrics', 'sk-plain')).toBe(403)
    expect(await get('/v1/models', 'sk-other')).toBe(401)
  })

  it('of those who look after the node alone see how it is', async () => {
    const keys = CALLER_ROLES.map((role) => keyOf(`sk-${role}`, { id: role, role }))
    await using running = await startGateway(createScriptedNode({ keys }))
    for (const role of CALLER_ROLES) {
      const text = await (
        await fetch(`${running.url}/healthz`, { headers: { authorization: `Bearer sk-${role}` } })
      ).text()
      expect([role, text.includes('checks')]).toEqual([role, role === 'admin' || role === 'operator'])
    }
  })
})
