import type { Timestamp } from '../../base/time.ts'
import type { AuctionEvent } from '../../core/auction/auction-state.ts'
import type { BidderStanding } from '../../core/auction/determine-winner.ts'
import type { Evidence } from '../../core/evidence/evidence.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { Authenticated } from '../../wire/v1/authenticate.ts'

export type EventOfMessageInit = {
  readonly standingOf: (bidder: Did) => Promise<BidderStanding>
  /** Of a message by its hash. Asked last, so that what came while the standing was looked up is not overtaken. */
  readonly stamp: (hash: Hash) => Promise<Timestamp>
}

/** What a message means to an auction; `undefined` for messages that are not sent to an auctioneer. */
export async function eventOfMessage(
  { evidence, envelope }: Authenticated,
  { standingOf, stamp }: EventOfMessageInit,
): Promise<AuctionEvent | undefined> {
  const { type, body } = envelope
  const head = async (auction: Hash): Promise<Evidence & { readonly auction: Hash }> => ({
    ...evidence,
    auction,
    at: await stamp(evidence.envelope),
  })
  switch (type) {
    case 'auction-commitment': {
      const standing = await standingOf(evidence.iss)
      return { type: 'commitment-received', ...(await head(body.auction)), commitment: body.commitment, standing }
    }
    case 'auction-bid': {
      const standing = await standingOf(evidence.iss)
      return { type: 'english-bid-placed', ...(await head(body.auction)), bid: body.bid, standing }
    }
    case 'auction-reveal':
      return { type: 'bid-revealed', ...(await head(body.auction)), salt: body.salt, bid: body.bid }
    case 'auction-cancel':
      return { type: 'call-cancelled', ...(await head(body.auction)) }
    default:
      return undefined
  }
}
