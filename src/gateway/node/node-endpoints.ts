import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'

/** `POST /v1/policy/decide`: the node's policy for one prompt, for people, for evaluations and for other nodes. */
export async function answerPolicy(exchange: Exchange, context: GatewayContext): Promise<void> {
  const body = parseJsonBody(await readBody(exchange.request, context.limits.bodyBytesMax))
  const answer = await context.node.decidePolicy(body, { signal: exchange.signal })
  respondJson(exchange, JSON.stringify(answer))
}

/** `GET /healthz`: 200 when requests can be served, else 503. Details are for those who look after the node. */
export function answerHealth(exchange: Exchange, context: GatewayContext): void {
  const health = context.node.health()
  const { role } = exchange.who
  const isTrusted = role === 'admin' || role === 'operator'
  const body = {
    status: health.isReady ? 'ok' : 'failed',
    version: health.version,
    ...(isTrusted && { uptime_s: Math.round(health.uptimeS), checks: health.checks }),
  }
  respondJson(exchange, JSON.stringify(body), { status: health.isReady ? 200 : 503 })
}

/** `GET /metrics`: Prometheus text, version 0.0.4. */
export async function answerMetrics(exchange: Exchange, context: GatewayContext): Promise<void> {
  const text = await context.node.metricsText()
  exchange.response.writeHead(200, [
    'content-type',
    'text/plain; version=0.0.4; charset=utf-8',
    'content-length',
    String(Buffer.byteLength(text)),
    ...exchange.commonHeaders,
  ])
  exchange.response.end(text)
}
