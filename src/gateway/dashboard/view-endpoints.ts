import { timestampFromMs } from '../../base/time.ts'
import { lookAt, type NodeViewName } from '../../node/views/node-views.ts'
import type { ViewQuery } from '../../node/views/view-query.ts'
import { CARE, type EndpointEntry } from '../endpoint.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'

const QUERY_LENGTH_MAX = 2_048
const NOT_KEPT = ['cache-control', 'no-store'] as const

const VIEWS: readonly (readonly [route: string, view: NodeViewName])[] = [
  ['/v1/node/overview', 'overview'],
  ['/v1/node/decisions', 'decisions'],
  ['/v1/node/decisions/:id', 'decision'],
  ['/v1/node/costs', 'costs'],
  ['/v1/node/costs/history', 'history'],
  ['/v1/node/cache', 'cache'],
  ['/v1/node/policies', 'policies'],
  ['/v1/node/agents', 'agents'],
  ['/v1/node/agents/:id*', 'agent'],
  ['/v1/node/peers', 'peers'],
  ['/v1/node/market', 'market'],
  ['/v1/node/escrows', 'escrows'],
  ['/v1/node/escrows/:id', 'escrow'],
  ['/v1/node/ledger', 'ledger'],
  ['/v1/node/budgets', 'budgets'],
  ['/v1/node/simulations', 'simulations'],
  ['/v1/node/simulations/:id', 'simulation'],
]

/** What the node is and does, as documents, for those who look after it. */
export const VIEW_ENDPOINTS: readonly EndpointEntry[] = VIEWS.map(([route, view]) => ({
  ...CARE,
  isPersonal: true,
  route,
  answer: async (exchange, context) => await answerView(exchange, { context, view }),
}))

async function answerView(
  exchange: Exchange,
  { context: { node }, view }: { readonly context: GatewayContext; readonly view: NodeViewName },
): Promise<void> {
  const document = await lookAt(node, view, {
    query: { ...queryOf(exchange.request.url), ...exchange.params },
    now: timestampFromMs(Date.now()),
    signal: exchange.signal,
  })
  respondJson(exchange, JSON.stringify(document), { headers: NOT_KEPT })
}

/** Throws `REQUEST_INVALID` for a query that is too long, or names a thing twice. */
function queryOf(url = ''): ViewQuery {
  const begin = url.indexOf('?')
  if (begin < 0) return {}
  if (url.length - begin > QUERY_LENGTH_MAX) throw invalidRequest('query', 'The query is too long')
  const query = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(url.slice(begin))) {
    if (query.has(name)) throw invalidRequest(name.slice(0, 64), 'A name may stand in the query once')
    query.set(name, value)
  }
  return Object.fromEntries(query)
}
