import { CodedError } from '../../base/errors.ts'
import { CARE, type EndpointEntry } from '../endpoint.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'

const BODY_BYTES_MAX = 1_024
const NOT_KEPT = ['cache-control', 'no-store'] as const

/** How a page gets to say who sends its requests, and stops. */
export const SESSION_ENDPOINTS: readonly EndpointEntry[] = [
  { ...CARE, method: 'POST', route: '/v1/node/session', isPublic: true, answer: openSession },
  { ...CARE, route: '/v1/node/session', isPersonal: true, answer: describeSession },
  { ...CARE, method: 'DELETE', route: '/v1/node/session', isPersonal: true, answer: closeSession },
]

/** `POST /v1/node/session`: a session for the ticket of a link, which is good once. Throws `GATEWAY_TICKET_INVALID`. */
async function openSession(exchange: Exchange, { sessions }: GatewayContext): Promise<void> {
  const { ticket } = parseJsonBody(await readBody(exchange.request, BODY_BYTES_MAX))
  if (typeof ticket !== 'string' || ticket === '') throw invalidRequest('ticket', 'ticket must be a text')
  const token = sessions.open(ticket)
  if (token === undefined)
    throw new CodedError('GATEWAY_TICKET_INVALID', { message: 'The ticket opens no session (any more)' })
  respondJson(exchange, JSON.stringify({ token }), { headers: NOT_KEPT })
}

/** `GET /v1/node/session`: who the node takes the caller for. */
function describeSession(exchange: Exchange, { node }: GatewayContext): void {
  const { role, caller } = exchange.who
  const body = { role, tenant: caller.tenant, key: caller.keyId ?? null, version: node.health().version }
  respondJson(exchange, JSON.stringify(body), { headers: NOT_KEPT })
}

function closeSession(exchange: Exchange, { sessions }: GatewayContext): void {
  sessions.close(exchange.request.headers.authorization)
  respondJson(exchange, JSON.stringify({ effect: 'closed' }), { headers: NOT_KEPT })
}
