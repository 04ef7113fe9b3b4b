import { addDuration, type Timestamp } from '../../base/time.ts'
import { type AuctionCall, auctionIdOf, depositExpiry } from '../../core/auction/auction-call.ts'
import { type Hash, parseHash } from '../../core/evidence/names.ts'
import { callOfBody } from '../../wire/v1/auction-messages.ts'
import { CLOCK_SKEW_MS } from './market-door.ts'
import type { PartyJournal } from './party-journal.ts'

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

/**
 * Makes room for the call of somebody else where there is none: an auction goes that is over, or in which nothing is at stake. One with a deposit of this
 * party stays, since without its bid that would be lost.
 */
export async function makeGuestRoom(journal: PartyJournal, byteLength: number, now: Timestamp): Promise<void> {
  const [[count, countMax], [bytes, bytesMax]] = journal.fill.guests
  if (count < countMax && bytes + byteLength <= bytesMax) return
  for (const name of journal.names({ isGuest: true })) {
    const isStaked = (callNamed(journal, name)?.depositNanos ?? 0n) > 0n
    if (isStaked && !isOver(journal, name, now)) continue
    await journal.forget(name)
    return
  }
}

function callNamed(journal: PartyJournal, name: string): AuctionCall | undefined {
  const auction = parseHash(name)
  return auction === undefined ? undefined : heardCall(journal, auction)
}
