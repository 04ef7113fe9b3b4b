import type { Timestamp } from '../../../base/time.ts'
import { type AuctionCall, auctionIdOf, commitDeadline } from '../../../core/auction/auction-call.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import { fitOffers, type FoundSeller, type SellerSearch } from '../buying/find-sellers.ts'
import { declined, type MarketAnswer, type MarketQuestion, type ReadEnvelope, TAKEN } from '../market-door.ts'
import type { Party } from '../party.ts'
import { Turns } from '../turns.ts'

/** Nodes that join one auction at most: those that are known were asked directly, and have places of their own. */
export const JOINED_MAX = 48
/** Times that one node may ask to join an auction. */
const ASKS_MAX = 4
/** Nodes whose asking is counted for one auction. */
const ASKERS_MAX = 1_024
/** Topic of notes: offers of those who joined, by auction, as texts. They are found again after a restart. */
const JOINED = 'joined-seller'

/** Says a call to everybody: its text, as it was signed. */
export type AnnounceCall = (call: AuctionCall, text: string) => Promise<void>

export type OpenAuction = {
  readonly call: AuctionCall
  readonly search: Omit<SellerSearch, 'peers'>
  /** Whether a seller may work for the purchase. */
  readonly isWelcome: (found: FoundSeller) => Promise<boolean>
  /** Calls it. */
  readonly invite: (found: FoundSeller) => void
}

type Open = OpenAuction & { readonly until: Timestamp; readonly joined: Set<Did>; readonly asks: Map<Did, number> }

/**
 * Auctions of this party that are announced to everybody. Who has heard of one asks to be called, by the same rules by which those are chosen that are known: its offer fits, of
 * each node one, and so many in all. From then on it is asked, and answers, like everybody else.
 */
export class OpenCalls {
  private readonly party: Party
  private readonly open = new Map<Hash, Open>()
  private readonly turns = new Turns()
  private announcer: AnnounceCall | undefined

  constructor(party: Party) {
    this.party = party
  }

  /** Whether there is a way to everybody. */
  get canAnnounce(): boolean {
    return this.announcer !== undefined
  }

  /** By what calls go to everybody from now on. */
  announceBy(announcer: AnnounceCall): void {
    this.announcer = announcer
  }

  /** Announces an auction, and lets others join until nobody can bid any more; those who joined before a restart are called again. @returns Ends it. */
  begin(auction: OpenAuction, text: string): () => void {
    const { party } = this
    const id = auctionIdOf(auction.call)
    const open = { ...auction, until: commitDeadline(auction.call), joined: new Set<Did>(), asks: new Map() }
    this.open.set(id, open)
    party.begin(async () => {
      for (const found of await joinedSellers(party, auction)) {
        open.joined.add(found.peer)
        auction.invite(found)
      }
      if (party.components.clock.now() < open.until) await this.announcer?.(auction.call, text)
    })
    return () => void this.open.delete(id)
  }

  async join({ from, frame }: MarketQuestion<'call-joined'>): Promise<MarketAnswer> {
    const { party } = this
    const open = this.open.get(frame.auction)
    if (open === undefined || party.components.clock.now() >= open.until) return declined('MARKET_AUCTION_UNKNOWN')
    if (open.joined.has(from)) return TAKEN
    const asks = open.asks.get(from) ?? 0
    if (open.joined.size >= JOINED_MAX || asks >= ASKS_MAX || open.asks.size >= ASKERS_MAX)
      return declined('MARKET_BUSY')
    open.asks.set(from, asks + 1)
    const offer = party.read(frame.offer, 'market-offer')
    if (offer === undefined || offer.envelope.body.node !== from) return declined('MARKET_ENVELOPE_REFUSED')
    const [found] = await fitOffers(party, open.search, [offer])
    if (found === undefined || party.keys.includes(found.offer.seller)) return declined('MARKET_LIMIT_PASSED')
    if (!(await open.isWelcome(found))) return declined('MARKET_LIMIT_PASSED')
    // Somebody may have come in between.
    if (open.joined.has(from)) return TAKEN
    if (open.joined.size >= JOINED_MAX) return declined('MARKET_BUSY')
    open.joined.add(from)
    // Those who come at one instant are written down one after the other.
    await this.turns.take(frame.auction, async () => {
      const before = party.noteOf<readonly string[]>(JOINED, frame.auction) ?? []
      await party.keep(JOINED, frame.auction, [...before, frame.offer])
    })
    open.invite(found)
    return TAKEN
  }
}

/** Who has joined an auction, by what it offered then. */
export async function joinedSellers(
  party: Party,
  { call, search }: Pick<OpenAuction, 'call' | 'search'>,
): Promise<readonly FoundSeller[]> {
  return await fitOffers(party, search, joinedOffers(party, call))
}

/** The node of somebody who has joined an auction, whether or not its offer still fits: its bid holds longer. */
export function joinedNode(party: Party, call: AuctionCall, seller: Did): Did | undefined {
  return joinedOffers(party, call).find(({ envelope }) => envelope.head.iss === seller)?.envelope.body.node
}

function joinedOffers(party: Party, call: AuctionCall): readonly ReadEnvelope<'market-offer'>[] {
  const texts = party.noteOf<readonly string[]>(JOINED, auctionIdOf(call)) ?? []
  return texts.flatMap((text) => party.read(text, 'market-offer') ?? [])
}
