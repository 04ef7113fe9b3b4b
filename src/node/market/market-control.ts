import type { AbortOptions } from '../../ports/abort-options.ts'
import type { ControlAnswer, ControlRequest } from '../control/control-request.ts'
import type { KernellNode } from '../kernell-node.ts'

export type MarketNode = Pick<KernellNode, 'openMarket' | 'rights'>

/** What begins something that costs or sells: not while everything is stopped. What looks, ends or takes back goes on. */
const BEGINNINGS: ReadonlySet<unknown> = new Set(['buy', 'offer', 'capability-grant'])

/** What commands ask of this node's part in the market. Throws `MARKET_NOT_OPEN`, `NODE_STOPPED`, and as `NodeMarket.ask`. */
export async function answerMarketControl(
  node: MarketNode,
  request: ControlRequest,
  options: AbortOptions = {},
): Promise<ControlAnswer> {
  if (BEGINNINGS.has(request['op'])) node.rights.stop.check()
  const market = await node.openMarket()
  return await market.ask(request, options)
}
