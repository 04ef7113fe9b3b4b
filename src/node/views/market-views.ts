import type { JsonValue } from '../../base/canonical-json.ts'
import { ESCROW_EDGES } from '../../core/escrow/escrow-edges.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { ControlRequest } from '../control/control-request.ts'
import type { KernellNode } from '../kernell-node.ts'
import { plain } from '../market/desks/plain-json.ts'
import { askNode, partOf, type ViewPart, type ViewQuery, wholeNumberOf } from './view-query.ts'

const ROWS = { least: 1, most: 1_000, usual: 500 } as const

/** Who this node is to others, what it sells and what others say that they sell. */
export async function viewMarket(node: KernellNode, options: AbortOptions): Promise<JsonValue> {
  const ask = asking(node, options)
  const [status, sellers, offers, inbox] = await Promise.all([
    ask({ op: 'status' }),
    ask({ op: 'sellers' }),
    ask({ op: 'offers' }),
    ask({ op: 'inbox' }),
  ])
  return plain({ status, sellers, offers, inbox })
}

/** Nodes that this one is connected with, or knows. */
export async function viewPeers(node: KernellNode, query: ViewQuery, options: AbortOptions): Promise<JsonValue> {
  const limit = wholeNumberOf(query, 'limit', ROWS)
  const ask = asking(node, options)
  const [peers, status] = await Promise.all([ask({ op: 'peers', limit }), ask({ op: 'status' })])
  return plain({ peers, status })
}

/** Contracts that this node is in, and what waits for it. */
export async function viewEscrows(node: KernellNode, options: AbortOptions): Promise<JsonValue> {
  const ask = asking(node, options)
  const [contracts, inbox] = await Promise.all([ask({ op: 'contracts' }), ask({ op: 'inbox' })])
  return plain({ contracts, inbox, chart: ESCROW_CHART })
}

/** One contract with its steps, its evidence and the chart that it is in. Throws `MARKET_NOT_OPEN`, `MARKET_OBJECT_UNKNOWN`. */
export async function viewEscrow(node: KernellNode, { id = '' }: ViewQuery, options: AbortOptions): Promise<JsonValue> {
  const contract = await askNode(node, { area: 'market', request: { op: 'contract', contract: id } }, options)
  const evidence = await asking(node, options)({ op: 'export', contract: id })
  return plain({ contract, evidence, chart: ESCROW_CHART })
}

/** Accounts, currencies and transfers as the notary set keeps them. */
export async function viewLedger(node: KernellNode, query: ViewQuery, options: AbortOptions): Promise<JsonValue> {
  const limit = wholeNumberOf(query, 'limit', ROWS)
  const ask = asking(node, options)
  const [accounts, currencies, transfers] = await Promise.all([
    ask({ op: 'accounts', limit }),
    ask({ op: 'currencies', limit }),
    ask({ op: 'transfers', limit }),
  ])
  return plain({ accounts, currencies, transfers })
}

function asking(node: KernellNode, options: AbortOptions): (request: ControlRequest) => Promise<ViewPart> {
  return async (request) => await partOf(async () => await askNode(node, { area: 'market', request }, options))
}

/** Every state and edge of a contract, by the table that its machine runs from. */
const ESCROW_CHART: JsonValue = plain({
  edges: ESCROW_EDGES.map(({ name, from, event, timer, signers, guard, to, money }) => ({
    name,
    from,
    to,
    event,
    timer: timer ?? null,
    signers,
    guard,
    money,
  })),
})
