import type { AbortOptions } from '../../ports/abort-options.ts'
import type { ControlAnswer, ControlRequest } from '../control/control-request.ts'
import type { KernellNode } from '../kernell-node.ts'

export type MarketNode = Pick<KernellNode, 'openMarket'>

/** What commands ask of this node's part in the market. Throws `MARKET_NOT_OPEN`, and as `NodeMarket.ask`. */
export async function answerMarketControl(
  node: MarketNode,
  request: ControlRequest,
  options: AbortOptions = {},
): Promise<ControlAnswer> {
  const market = await node.openMarket()
  return await market.ask(request, options)
}
