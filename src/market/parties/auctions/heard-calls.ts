import { addDuration, type Timestamp } from '../../../base/time.ts'
import { type AuctionCall, auctionIdOf, depositExpiry } from '../../../core/auction/auction-call.ts'
import { type Did, type Hash, parseHash } from '../../../core/evidence/names.ts'
import { callOfBody } from '../../../wire/v1/auction-messages.ts'
import { type BidNote, BIDS } from './bid-notes.ts'
import { CLOCK_SKEW_MS } from '../market-door.ts'
import type { PartyJournal } from '../journal/party-journal.ts'

/** The call of an auction, as it was heard; `undefined` where none was. */
export function heardCall(journal: PartyJournal, auction: Hash): AuctionCall | undefined {
  for (const { envelope } of journal.envelopesOf(auction))
    if (envelope.type === 'auction-call') {
      const call = callOfBody(envelope.body)
      if (auctionIdOf(call) === auction) return call
    }
  return undefined
}

/** Whether a subject is no auction, or one in which nothing can happen any more. */
export function isOver(journal: PartyJournal, name: string, now: Timestamp): boolean {
  const call = callNamed(journal, name)
  return call === undefined || addDuration(depositExpiry(call), CLOCK_SKEW_MS) <= now
}

/** Auctions that one node may have called before its own make room. */
const GUESTS_OF_NODE = 16

/**
 * Makes room for the call of somebody else where there is none: one goes in which this party has not bid; else of whoever called most, beyond a share; else one of which
 * there is no receipt yet; of several the oldest. One with a deposit of this party stays, since without its bid that would be lost.
 */
export async function makeGuestRoom(journal: PartyJournal, byteLength: number, now: Timestamp): Promise<void> {
  const [[count, countMax], [bytes, bytesMax]] = journal.fill.guests
  if (count < countMax && bytes + byteLength <= bytesMax) return
  for (const name of leastNeeded(journal)) {
    const isStaked = (callNamed(journal, name)?.depositNanos ?? 0n) > 0n
    if (isStaked && !isOver(journal, name, now)) continue
    await journal.forget(name)
    return
  }
}

function leastNeeded(journal: PartyJournal): readonly string[] {
  // Written by whoever bids.
  const bidIn = (name: string): BidNote | undefined => journal.note(BIDS, name) as BidNote | undefined
  const guests = journal.names({ isGuest: true }).map((name) => ({ name, node: bidIn(name)?.peer }))
  const counts = new Map<Did, number>()
  for (const { node } of guests) if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1)
  const excessOf = ({ name, node }: (typeof guests)[number]): number => {
    if (node === undefined) return Number.MAX_SAFE_INTEGER
    const hasReceipt = journal.envelopesOf(name).some(({ envelope }) => envelope.type === 'auction-receipt')
    return 2 * Math.max(0, (counts.get(node) ?? 0) - GUESTS_OF_NODE) + (hasReceipt ? 0 : 1)
  }
  return guests
    .map((guest) => ({ name: guest.name, excess: excessOf(guest) }))
    .toSorted((one, other) => other.excess - one.excess)
    .map(({ name }) => name)
}

function callNamed(journal: PartyJournal, name: string): AuctionCall | undefined {
  const auction = parseHash(name)
  return auction === undefined ? undefined : heardCall(journal, auction)
}
