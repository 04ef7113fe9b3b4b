import { fundsOf, parameter, partOf } from './parameters.ts'
import type { AgentSelf, BuyerPlay, Strategy } from './strategy.ts'

const FUNDS_CREDITS = 10
/** What its own bidder bids, of what it takes sellers to bid at least, in millionths of the reserve price. */
const BID_PER_MILLION = 700_000

/**
 * A buyer that holds second-price auctions and bids in them under another name, just above what it takes the best bid to be: the winner is paid what the shill bid. Where the
 * shill bids lowest it wins, does not sign, and loses its deposit. What it gains in an auction is at most the second lowest bid less the lowest, and no more than the reserve.
 *
 * @see Rothkopf and Harstad, Two Models of Bid-Taker Cheating in Vickrey Auctions, Journal of Business 68, 1995
 */
export const SHILL: Strategy = {
  name: 'shill',
  buyer: (agent): Partial<BuyerPlay> => {
    let isThere: Promise<unknown> | undefined
    const bids = new Set<bigint>()
    return {
      request: () => {
        isThere ??= addBidder(agent, bids)
        return { auction: 'second' }
      },
      onEnd: ({ role, ended, priceNanos }) => {
        // Sold at what the shill had bid, instead of what the second of the others had.
        if (role === 'payer' && ended === 'FINAL' && bids.has(priceNanos)) agent.count('success')
      },
    }
  },
}

async function addBidder(agent: AgentSelf, bids: Set<bigint>): Promise<void> {
  await agent.addIdentity({
    side: 'seller',
    fundsNanos: fundsOf(agent, FUNDS_CREDITS),
    seller: {
      // What it offers must not be the best or the second: that one is the reserve.
      ask: ({ usualNanos }) => usualNanos,
      bid: (call) => {
        agent.count('attempt')
        const bid = partOf(call.reservePriceNanos, parameter(agent, 'bidPerMillion', BID_PER_MILLION))
        bids.add(bid)
        return bid
      },
      // Nobody works for himself: a contract with it is not signed.
      hears: ({ type }) => type !== 'contract',
    },
  })
}
