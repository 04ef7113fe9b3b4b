import { CodedError } from '../../../base/errors.ts'
import { commitDeadline } from '../../../core/auction/auction-call.ts'
import type { BucketRate } from '../../../core/peers/token-bucket.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import type { HeardCall } from '../../../wire/v1/read-announcement.ts'
import { RateTable } from '../../gossip/rate-table.ts'
import type { Party } from '../party.ts'
import type { SealedBids } from './sealed-bids.ts'

/** Auctioneers that are asked to be called, each of which this node may have to connect with: an announcement names any address that its author likes. */
export const JOINS: BucketRate = { perSecond: 1 / 2, burst: 8 }
/** The same at once. */
const JOINING_MAX = 4

export type JoinCallsComponents = {
  readonly party: Party
  readonly bids: Pick<SealedBids, 'offerFor'>
}

/** A seller's part in auctions that are announced to everybody: where an offer fits the call, it asks the auctioneer to be called, and bids like everybody whom that one knows. */
export class JoinCalls {
  private readonly components: JoinCallsComponents
  private readonly rate: RateTable
  private joining = 0

  constructor(components: JoinCallsComponents) {
    this.components = components
    this.rate = new RateTable(JOINS, () => components.party.components.clock.monotonicMs())
  }

  /**
   * @param reach  Tells this node where the auctioneer is; called where it is asked.
   * @returns Whether it will be called.
   */
  async consider({ auction, call, node }: HeardCall, reach: (node: Did) => void): Promise<boolean> {
    const { party, bids } = this.components
    const { clock, notary, door } = party.components
    const isOwn = party.keys.includes(call.auctioneer) || node === door.did
    const isOfSet = call.notarySet === undefined || call.notarySet === notary.set.id
    if (isOwn || !isOfSet || clock.now() >= commitDeadline(call)) return false
    const offer = bids.offerFor(call)
    if (offer === undefined || this.joining >= JOINING_MAX || !this.rate.take('')) return false
    this.joining += 1
    try {
      reach(node)
      const frame = { type: 'call-joined', auction, offer: decodeUtf8(offer.kept.bytes) ?? '' } as const
      return (await door.ask(node, { frame }, { signal: party.signal })).frame.type === 'taken'
    } catch (error: unknown) {
      // It is not there, or not where it says.
      if (!CodedError.is(error) && !party.isStopped) throw error
      return false
    } finally {
      this.joining -= 1
    }
  }
}
