import type { JsonValue } from '../../base/canonical-json.ts'
import { answerControl } from '../../node/control/answer-control.ts'
import type { ControlRequest } from '../../node/control/control-request.ts'
import { CARE, type EndpointEntry } from '../endpoint.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'

const BODY_BYTES_MAX = 8_192
const ACT = { ...CARE, method: 'POST', isPersonal: true } as const

/** What may be done from the page. Each is written down with who did it. */
export const ACT_ENDPOINTS: readonly EndpointEntry[] = [
  { ...ACT, route: '/v1/node/stop', answer: answerStop },
  { ...ACT, route: '/v1/node/rollout', answer: answerRollout },
]

/** `POST /v1/node/stop`: `{"stopped": true, "reason"}` stops all work of the node, `false` lets it begin again. */
async function answerStop(exchange: Exchange, { node }: GatewayContext): Promise<void> {
  const { stopped, reason } = await bodyOf(exchange)
  if (typeof stopped !== 'boolean') throw invalidRequest('stopped', 'stopped must be true or false')
  const request = { op: stopped ? 'stop' : 'release', by: authorOf(exchange), ...reasonOf(reason) }
  const answer = await answerControl(node, { area: 'rights', request })
  node.activity.changes.note('rights')
  respond(exchange, answer)
}

const ROLLOUT_OPERATIONS: readonly unknown[] = ['promote', 'pause', 'resume', 'rollback']

/** `POST /v1/node/rollout`: takes a trained policy a step up or back, or keeps it where it is. Throws as `NodePolicies.promote`, `pause` and `rollBack`. */
async function answerRollout(exchange: Exchange, { node }: GatewayContext): Promise<void> {
  const body = await bodyOf(exchange)
  if (!ROLLOUT_OPERATIONS.includes(body['op']))
    throw invalidRequest('op', `op must be one of ${ROLLOUT_OPERATIONS.join(', ')}`)
  const request = { ...body, by: authorOf(exchange), ...reasonOf(body['reason']) }
  const answer = await answerControl(node, { area: 'policies', request })
  node.activity.changes.note('policies')
  respond(exchange, answer)
}

async function bodyOf(exchange: Exchange): Promise<ControlRequest> {
  return parseJsonBody(await readBody(exchange.request, BODY_BYTES_MAX))
}

function reasonOf(reason: JsonValue | undefined): { readonly reason?: string } {
  if (reason === undefined || reason === null || reason === '') return {}
  if (typeof reason !== 'string') throw invalidRequest('reason', 'reason must be a text')
  return { reason }
}

/** For the journal. */
function authorOf({ who }: Exchange): string {
  return who.caller.keyId === undefined ? 'the dashboard' : `the dashboard, key ${who.caller.keyId}`
}

function respond(exchange: Exchange, answer: Awaited<ReturnType<typeof answerControl>>): void {
  if (answer.kind !== 'json') throw new TypeError('An act is answered with one document')
  respondJson(exchange, JSON.stringify(answer.body), { headers: ['cache-control', 'no-store'] })
}
