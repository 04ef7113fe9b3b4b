import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { NodeAccess } from '../../node/access/open-access.ts'
import { type EndpointEntry, type EndpointMethod, MANAGE } from '../endpoint.ts'
import type { Endpoint, Exchange, GatewayContext } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import { actorOf, respondPrivate } from './administrator.ts'
import { membersOfQuery, readQuery } from './admin-query.ts'
import { answerUsage, answerUsageExport } from './usage-endpoints.ts'

/** Bodies of the administration are small. */
const BODY_BYTES_MAX = 64 * 1024

/** Who may use the node, for whoever manages that. What an answer shows once is kept by nobody on the way. */
export const ADMIN_ENDPOINTS: readonly EndpointEntry[] = [
  entry('GET', '/v1/admin', answerSelf),
  ...endpointsOf('organisations', 'organisation', ':id'),
  ...endpointsOf('tenants', 'tenant', ':id'),
  ...endpointsOf('teams', 'team', ':id*'),
  ...endpointsOf('keys', 'key', ':id'),
  entry('POST', '/v1/admin/keys/:id/rotate', managing({ op: 'rotate', kind: 'key' })),
  entry('POST', '/v1/admin/keys/:id/revoke', managing({ op: 'revoke', kind: 'key' })),
  entry('GET', '/v1/admin/usage', answerUsage),
  entry('GET', '/v1/admin/usage/export', answerUsageExport),
  entry('GET', '/v1/admin/budgets', managing({ op: 'budget-list' })),
  entry('POST', '/v1/admin/budgets', managing({ op: 'budget-create' }, 201)),
  entry('GET', '/v1/admin/budgets/:id*', managing({ op: 'budget-show' })),
  entry('PATCH', '/v1/admin/budgets/:id*', managing({ op: 'budget-update' })),
  entry('DELETE', '/v1/admin/budgets/:id*', managing({ op: 'budget-remove' })),
]

function entry(method: EndpointMethod, route: string, answer: Endpoint): EndpointEntry {
  return { ...MANAGE, method, route, answer }
}

function endpointsOf(plural: string, kind: string, id: string): readonly EndpointEntry[] {
  const all = `/v1/admin/${plural}`
  const one = `${all}/${id}`
  return [
    entry('GET', all, managing({ op: 'list', kind })),
    entry('POST', all, managing({ op: 'create', kind }, 201)),
    entry('GET', one, managing({ op: 'show', kind })),
    entry('PATCH', one, managing({ op: 'update', kind })),
    entry('DELETE', one, managing({ op: 'remove', kind })),
  ]
}

type Asked = { readonly op: string; readonly kind?: string }

/** An endpoint that does one operation: what is asked comes from the path, the query of a GET and the body of others. */
function managing(asked: Asked, status = 200): Endpoint {
  return async (exchange, context) => {
    const members = await membersOf(exchange)
    const reserved = ['op', 'kind'].find((name) => members[name] !== undefined)
    if (reserved !== undefined) throw invalidRequest(reserved, `${reserved} is said by the path`)
    const { id } = exchange.params
    if (id !== undefined && members['id'] !== undefined) throw invalidRequest('id', 'id is said by the path')
    const request = { ...members, ...asked, ...(id !== undefined && { id }) }
    respondPrivate(exchange, await accessOf(context).manage(request, actorOf(exchange)), status)
  }
}

/** A body may be left out where nothing has to be said. */
async function membersOf({ request, params }: Exchange): Promise<Readonly<Record<string, JsonValue | undefined>>> {
  if (request.method === 'GET' || request.method === 'HEAD') return membersOfQuery(readQuery(request), ['limit'])
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  if (!hasBody && params.id !== undefined) {
    request.resume()
    return {}
  }
  return parseJsonBody(await readBody(request, BODY_BYTES_MAX))
}

/** `GET /v1/admin`: who it is that manages, and what. */
function answerSelf(exchange: Exchange): void {
  const { by, reach } = actorOf(exchange)
  const scope = reach.kind === 'node' ? 'node' : scopeOfTenant(reach.tenant, reach.team)
  respondPrivate(exchange, { object: 'administrator', by, scope })
}

function scopeOfTenant(tenant: string, team: string | undefined): string {
  return team === undefined ? `tenant:${tenant}` : `team:${team}`
}

/** Throws `GATEWAY_PATH_UNKNOWN` on a node whose keys are those of its configuration. */
function accessOf({ node }: GatewayContext): NodeAccess {
  if (node.access !== undefined) return node.access
  throw new CodedError('GATEWAY_PATH_UNKNOWN', { message: 'This node manages no keys while it runs' })
}
