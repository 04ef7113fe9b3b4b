import { CodedError } from '../../base/errors.ts'
import type { PeerOffer } from '../../core/peer-tier/peer-offer.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { BoughtWork, PeerMarket, PeerPurchase } from '../../ports/peer-market.ts'

/** The peers of a node whose part in the market is opened later, or never: until then nobody offers anything. */
export class LatePeerMarket implements PeerMarket {
  private market: PeerMarket | undefined

  get offers(): readonly PeerOffer[] {
    return this.market?.offers ?? []
  }

  get bondPerMillion(): number {
    return this.market?.bondPerMillion ?? 0
  }

  attach(market: PeerMarket): void {
    this.market = market
  }

  async buy(purchase: PeerPurchase, options?: AbortOptions): Promise<BoughtWork> {
    if (this.market !== undefined) return await this.market.buy(purchase, options)
    throw new CodedError('PEER_NOT_BOUGHT', {
      message: 'This node takes no part in the market',
      details: { reason: 'UNREACHED' },
    })
  }
}
