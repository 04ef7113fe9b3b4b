import type { Timestamp } from '../../../base/time.ts'
import { type AuctionCall, auctionIdOf, commitDeadline } from '../../../core/auction/auction-call.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import { fitOffers, type FoundSeller, type SellerSearch } from '../buying/find-sellers.ts'
import { BlockPlaces } from './block-places.ts'
import { declined, type MarketAnswer, type MarketQuestion, type ReadEnvelope, TAKEN } from '../market-door.ts'
import type { Party } from '../party.ts'
import { Turns } from '../turns.ts'

/** Nodes that join one auction at most: those that are known were asked directly, and have places of their own. */
export const JOINED_MAX = 48
/** Of these, nodes of one block of addresses: six owners of one block each are needed to fill an auction, whatever keys they make. */
export const JOINED_PER_BLOCK_MAX = 8
/** Times that one node may ask to join an auction. */
const ASKS_MAX = 4
/** Nodes that may ask to join one auction. */
export const ASKERS_MAX = 1_024
/** Of these, nodes of one block of addresses: each may have a few signatures checked, and most of the room is for others. */
export const ASKERS_PER_BLOCK_MAX = 64
/** Topic of notes: who has joined, by auction. They are found again after a restart. */
const JOINED = 'joined-seller'
/** The text of an offer, and the block of addresses from which it came. */
type JoinedNote = { readonly offer: string; readonly block: string }

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

type Open = OpenAuction & {
  readonly until: Timestamp
  readonly joined: BlockPlaces
  readonly askers: BlockPlaces
  /** Of each asker. */
  readonly asks: Map<Did, number>
}

/**
 * Auctions of this party that are announced to everybody. Who has heard of one asks to be called, by the same rules by which those are chosen that are known: its offer fits, of
 * each node one, of each block of addresses so many, and so many in all. From then on it is asked, and answers, like everybody else.
 */
export class OpenCalls {
  private readonly party: Party
  private readonly open = new Map<Hash, Open>()
  private readonly turns = new Turns()
  private announcer: AnnounceCall | undefined
  /** Without a network between machines each node counts for itself. */
  private blockOf: (node: Did) => string = (node) => node

  constructor(party: Party) {
    this.party = party
  }

  /** Whether there is a way to everybody. */
  get canAnnounce(): boolean {
    return this.announcer !== undefined
  }

  /**
   * By what calls go to everybody from now on.
   *
   * @param blockOf  Block of addresses over which a node is connected now.
   */
  announceBy(announcer: AnnounceCall, blockOf?: (node: Did) => string): void {
    this.announcer = announcer
    if (blockOf !== undefined) this.blockOf = blockOf
  }

  /** Announces an auction, and lets others join until nobody can bid any more; those who joined before a restart are called again. @returns Ends it. */
  begin(auction: OpenAuction, text: string): () => void {
    const { party } = this
    const id = auctionIdOf(auction.call)
    const open: Open = {
      ...auction,
      until: commitDeadline(auction.call),
      joined: new BlockPlaces({ placesMax: JOINED_MAX, perBlockMax: JOINED_PER_BLOCK_MAX }),
      askers: new BlockPlaces({ placesMax: ASKERS_MAX, perBlockMax: ASKERS_PER_BLOCK_MAX }),
      asks: new Map(),
    }
    this.open.set(id, open)
    const places = new Map(
      joinedOffers(party, auction.call).map(({ offer, block }) => [offer.envelope.body.node, block]),
    )
    party.begin(async () => {
      for (const found of await joinedSellers(party, auction)) {
        open.joined.add(found.peer, places.get(found.peer) ?? this.blockOf(found.peer))
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
    const block = this.blockOf(from)
    if (!open.joined.hasRoom(block) || !mayAsk(open, from, block)) return declined('MARKET_BUSY')
    const offer = party.read(frame.offer, 'market-offer')
    if (offer === undefined || offer.envelope.body.node !== from) return declined('MARKET_ENVELOPE_REFUSED')
    const [found] = await fitOffers(party, open.search, [offer])
    if (found === undefined || party.keys.includes(found.offer.seller)) return declined('MARKET_LIMIT_PASSED')
    if (!(await open.isWelcome(found))) return declined('MARKET_LIMIT_PASSED')
    // Somebody may have come in between.
    if (open.joined.has(from)) return TAKEN
    if (!open.joined.hasRoom(block)) return declined('MARKET_BUSY')
    open.joined.add(from, block)
    // Those who come at one instant are written down one after the other.
    await this.turns.take(frame.auction, async () => {
      const note: JoinedNote = { offer: frame.offer, block }
      await party.keep(JOINED, frame.auction, [
        ...(party.noteOf<readonly JoinedNote[]>(JOINED, frame.auction) ?? []),
        note,
      ])
    })
    open.invite(found)
    return TAKEN
  }
}

/** Counts that a node asks. @returns Whether it may. */
function mayAsk({ askers, asks }: Open, node: Did, block: string): boolean {
  const count = asks.get(node) ?? 0
  if (count >= ASKS_MAX || (!askers.has(node) && !askers.hasRoom(block))) return false
  askers.add(node, block)
  asks.set(node, count + 1)
  return true
}

/** Who has joined an auction, by what it offered then. */
export async function joinedSellers(
  party: Party,
  { call, search }: Pick<OpenAuction, 'call' | 'search'>,
): Promise<readonly FoundSeller[]> {
  const offers = joinedOffers(party, call).map(({ offer }) => offer)
  return await fitOffers(party, search, offers)
}

/** The node of somebody who has joined an auction, whether or not its offer still fits: its bid holds longer. */
export function joinedNode(party: Party, call: AuctionCall, seller: Did): Did | undefined {
  return joinedOffers(party, call).find(({ offer }) => offer.envelope.head.iss === seller)?.offer.envelope.body.node
}

type JoinedOffer = { readonly offer: ReadEnvelope<'market-offer'>; readonly block: string }

function joinedOffers(party: Party, call: AuctionCall): readonly JoinedOffer[] {
  const notes = party.noteOf<readonly JoinedNote[]>(JOINED, auctionIdOf(call)) ?? []
  return notes.flatMap(({ offer: text, block }) => {
    const offer = party.read(text, 'market-offer')
    return offer === undefined ? [] : [{ offer, block }]
  })
}
