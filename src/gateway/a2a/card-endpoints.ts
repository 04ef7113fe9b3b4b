import { hash } from 'node:crypto'
import type { NodeA2a } from '../../node/a2a/node-a2a.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { openA2a } from './open-call.ts'

/** How long a card may be believed without asking again, seconds. */
const CARD_MAX_AGE_S = 300

/** `GET /.well-known/agent-card.json`: who this node is for other agents, signed. */
export async function answerCard(exchange: Exchange, context: GatewayContext): Promise<void> {
  const a2a = await openA2a(context)
  respondCached(exchange, a2a, JSON.stringify(await a2a.card({ baseUrl: context.baseUrl(), isKeyed: context.isKeyed })))
}

/** `GET /.well-known/jwks.json`: the key that the card is signed with. */
export async function answerKeys(exchange: Exchange, context: GatewayContext): Promise<void> {
  const a2a = await openA2a(context)
  respondCached(exchange, a2a, JSON.stringify({ keys: a2a.keys }))
}

function respondCached(exchange: Exchange, { openedAt }: NodeA2a, body: string): void {
  const tag = `"${hash('sha256', body).slice(0, 32)}"`
  const age = `public, max-age=${CARD_MAX_AGE_S}`
  const headers = ['etag', tag, 'last-modified', openedAt.toUTCString(), 'cache-control', age]
  const known = exchange.request.headers['if-none-match']
  if (known?.split(',').some((each) => each.trim().replace(/^W\//, '') === tag) !== true) {
    respondJson(exchange, body, { headers })
    return
  }
  exchange.response.writeHead(304, [...exchange.commonHeaders, ...headers])
  exchange.response.end()
}
