import { CodedError } from '../../base/errors.ts'
import type { MarketComponents } from './market-components.ts'
import type { MarketInit, NodeMarket } from './market-init.ts'

/** The market of a node: most never take part, and one that cannot must not keep the rest from starting. */
export type MarketOnDemand = {
  /** The first call says how; later ones get the same. Throws `MARKET_NOT_OPEN`, and as `openMarket`; after that the next call may say how again. */
  open(init?: MarketInit): Promise<NodeMarket>
  /** Idempotent. */
  close(): Promise<void>
}

export function createMarketOnDemand(components: MarketComponents): MarketOnDemand {
  let opening: Promise<NodeMarket> | undefined
  let isClosed = false
  const start = async (init: MarketInit): Promise<NodeMarket> => {
    // Keys, contracts and transports: loaded by nodes that need them.
    const { openMarket } = await import('./open-market.ts')
    return await openMarket(components, init)
  }
  return {
    async open(init) {
      if (isClosed) throw new CodedError('MARKET_NOT_OPEN', { message: 'The node is closed' })
      if (opening === undefined && init === undefined)
        throw new CodedError('MARKET_NOT_OPEN', { message: 'This node takes no part in the market' })
      if (opening === undefined && init !== undefined) {
        opening = start(init)
        opening.catch(() => (opening = undefined))
      }
      if (opening === undefined) throw new CodedError('MARKET_NOT_OPEN', { message: 'The market could not be opened' })
      return await opening
    },
    async close() {
      isClosed = true
      // Whoever opened it has heard why it could not be.
      const market = await opening?.catch(() => undefined)
      await market?.stop()
    },
  }
}
