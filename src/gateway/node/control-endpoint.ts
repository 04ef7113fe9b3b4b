import { once } from 'node:events'
import { CodedError } from '../../base/errors.ts'
import { CHANGE_TOPICS } from '../../node/activity/change-log.ts'
import { answerControl } from '../../node/control/answer-control.ts'
import { CONTROL_AREAS } from '../../node/control/control-request.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'

/** A policy of many similar tasks is large, and so is what registers one. */
const BODY_BYTES_MAX = 600 * 1024 * 1024

/** The gateway's own area: a link to the dashboard for whoever has the terminal. */
const DASHBOARD_AREA = 'dashboard'

/** `POST /control/AREA`: what commands ask of the node that has their data directory open. */
export async function answerControlRequest(
  exchange: Exchange,
  { node, control, dashboardLink }: GatewayContext,
): Promise<void> {
  const { request, signal, params } = exchange
  const area = CONTROL_AREAS.find((name) => name === params.area)
  if (control === undefined || (area === undefined && params.area !== DASHBOARD_AREA))
    throw new CodedError('GATEWAY_PATH_UNKNOWN', { message: `There is nothing at ${JSON.stringify(exchange.path)}` })
  // Before a byte of the body is read.
  control.check(request, performance.now())
  const asked = parseJsonBody(await readBody(request, BODY_BYTES_MAX))
  if (area === undefined) {
    respondJson(exchange, JSON.stringify({ link: dashboardLink() ?? null }), { headers: ['cache-control', 'no-store'] })
    return
  }
  const answer = await answerControl(node, { area, request: asked }, { signal })
  const topic = CHANGE_TOPICS.find((name) => name === area)
  if (topic !== undefined) node.activity.changes.note(topic)
  if (answer.kind === 'json') respondJson(exchange, JSON.stringify(answer.body))
  else await respondLines(exchange, answer.lines)
}

/** Lines as they come, as fast as the reader takes them. The last line says that there are no more: without it something broke off. */
async function respondLines(
  { response, commonHeaders, signal }: Exchange,
  lines: AsyncIterable<string>,
): Promise<void> {
  response.writeHead(200, ['content-type', 'application/x-ndjson', ...commonHeaders])
  for await (const line of lines) {
    if (!response.write(line)) await once(response, 'drain', { signal })
  }
  response.end('{"end":true}\n')
}
