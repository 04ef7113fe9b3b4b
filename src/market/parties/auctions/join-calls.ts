import { CodedError } from '../../../base/errors.ts'
import { commitDeadline } from '../../../core/auction/auction-call.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import type { HeardCall } from '../../../wire/v1/read-announcement.ts'
import type { Party } from '../party.ts'
import { JoinShares } from './join-shares.ts'
import type { SealedBids } from './sealed-bids.ts'

export type JoinCallsComponents = {
  readonly party: Party
  readonly bids: Pick<SealedBids, 'offerFor'>
}

/** What a seller has to know of the network to follow a call. */
export type CallWays = {
  /** Block of addresses of the neighbour that told of the call. */
  readonly tellerBlock: string
  /** Block of addresses over which a node is connected now. */
  readonly blockOf: (node: Did) => string
  /** Tells this node where the auctioneer is; called where it is asked. */
  readonly reach: (node: Did) => void
}

/** A seller's part in auctions that are announced to everybody: where an offer fits the call, it asks the auctioneer to be called, and bids like everybody whom that one knows. */
export class JoinCalls {
  private readonly components: JoinCallsComponents
  private readonly shares: JoinShares

  constructor(components: JoinCallsComponents) {
    this.components = components
    this.shares = new JoinShares(() => components.party.components.clock.monotonicMs())
  }

  /** @returns Whether it will be called. */
  async consider({ auction, call, node }: HeardCall, { tellerBlock, blockOf, reach }: CallWays): Promise<boolean> {
    const { party, bids } = this.components
    const { clock, notary, door } = party.components
    const { auctioneer } = call
    const isOwn = party.keys.includes(auctioneer) || node === door.did
    const isOfSet = call.notarySet === undefined || call.notarySet === notary.set.id
    if (isOwn || !isOfSet || clock.now() >= commitDeadline(call)) return false
    const offer = bids.offerFor(call)
    if (offer === undefined) return false
    const end = this.shares.take({ auctioneer, node, tellerBlock })
    if (end === undefined) return false
    try {
      reach(node)
      const frame = { type: 'call-joined', auction, offer: decodeUtf8(offer.kept.bytes) ?? '' } as const
      const { frame: answer } = await door.ask(node, { frame }, { signal: party.signal })
      if (answer.type === 'taken') this.shares.prove(auctioneer, { node, block: blockOf(node) })
      // One that is full, or looks for another offer, is still where it was.
      else if (answer.type !== 'declined' || answer.code === 'MARKET_AUCTION_UNKNOWN') this.shares.disprove(auctioneer)
      return answer.type === 'taken'
    } catch (error: unknown) {
      // It is not there, or not where it says.
      if (!CodedError.is(error) && !party.isStopped) throw error
      this.shares.disprove(auctioneer)
      return false
    } finally {
      end()
    }
  }
}
