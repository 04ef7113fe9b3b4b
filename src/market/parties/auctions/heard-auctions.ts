import { commitDeadline } from '../../../core/auction/auction-call.ts'
import type { AuctionReceipt, AuctionTranscript } from '../../../core/auction/auction-record.ts'
import { depositId } from '../../../core/auction/deposits.ts'
import { rankAwards } from '../../../core/auction/rank-awards.ts'
import { transcriptHashOf } from '../../../core/auction/transcript.ts'
import type { TransferLine } from '../../../core/ledger/describe-transfer.ts'
import { type TranscriptEvidence, verifyTranscript } from '../../../core/auction/verify-transcript.ts'
import { CodedError } from '../../../base/errors.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import { readAuctionFile, readSignedBids } from '../../auctions/auction-file.ts'
import type { Party } from '../party.ts'

/** What a bidder has found of an auction that ended. */
export type AuctionNote = {
  readonly auctioneer: Did
  /** Name of the transcript that the auctioneer signed, and of the file. */
  readonly transcript: Hash
  readonly transcriptFile: Hash
  /** Whether it came to the right winner and price, and has every bid that there is a receipt for. */
  readonly ok: boolean
  /** Codes of what is wrong, each once. */
  readonly problems: readonly string[]
  /** What this party is paid where the work goes to it; absent where the auction is not right, or its bid cannot win. Nano-units. */
  readonly priceNanos?: string
  /** Whether somebody else comes first in it, or nobody: what this party has put up is then not lost by not signing. */
  readonly isPassed?: true
  /** Its price is among those that are kept, or was. */
  readonly isPriced?: boolean
}

/** Auctions of others that are kept; the oldest goes. */
const HEARD_MAX = 512

/** Topic of notes on auctions of others, by auction. */
export const HEARD_AUCTIONS = 'auction-heard'

/** What a party holds about an auction, all signed by its auctioneer: receipts, and the list of commitments. */
export function heldEvidence(party: Party, auction: Hash, auctioneer: Did): TranscriptEvidence {
  const receipts: AuctionReceipt[] = []
  let commitments: readonly Hash[] | undefined
  for (const { envelope } of party.journal.envelopesOf(auction)) {
    if (envelope.head.iss !== auctioneer) continue
    if (envelope.type === 'auction-receipt') receipts.push(envelope.body)
    // The first one: behind it bids are known.
    if (envelope.type === 'auction-commitments') commitments ??= envelope.body.commitments
  }
  return { receipts, ...(commitments !== undefined && { commitments }) }
}

/**
 * Computes an auction again in which this party has bid, with what it holds: its receipts, the list, what the bidders have signed, and the set's own word for the beacon
 * and, where others decide what the winner is paid, for their deposits. The transcript and the verdict are kept. @returns False for bytes that are not the signed transcript.
 */
export async function judgeAuction(
  party: Party,
  signed: {
    readonly auction: Hash
    readonly auctioneer: Did
    readonly transcriptHash: Hash
    readonly bytes: Uint8Array
  },
): Promise<boolean> {
  const { auction, auctioneer, transcriptHash, bytes } = signed
  const file = readAuctionFile(bytes)
  if (file?.transcript.auction !== auction || transcriptHashOf(file.transcript) !== transcriptHash) return false
  const { transcript } = file
  const [checkpoint, isHeld] = [await checkpointOf(party, transcript), await heldDeposits(party, transcript)]
  const { ok, problems } = verifyTranscript(transcript, {
    ...heldEvidence(party, auction, auctioneer),
    signed: readSignedBids(file, party.components.verify),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(isHeld !== undefined && { isHeld }),
  })
  const transcriptFile = await party.journal.keepFile(auction, bytes)
  const codes = [...new Set<string>(problems.map(({ code }) => code))]
  // Of two that the auctioneer has signed neither says what is paid.
  const before = party.noteOf<AuctionNote>(HEARD_AUCTIONS, auction)
  const isOnly = before === undefined || before.transcript === transcriptHash
  const awards = isOnly ? rankAwards(transcript) : []
  const award = ok ? awards.find(({ bidder }) => bidder === party.did) : undefined
  const passed = isOnly && awards[0]?.bidder !== party.did && { isPassed: true as const }
  const priced = award && { priceNanos: award.priceNanos.toString() }
  const named = { auctioneer, transcript: transcriptHash, transcriptFile }
  const note: AuctionNote = { ...named, ok, problems: codes, ...priced, ...passed }
  await party.keep(HEARD_AUCTIONS, auction, note)
  const kept = party.journal.notesOf(HEARD_AUCTIONS)
  // With it go its messages, the bid and the transcript.
  const [oldest] = kept.length > HEARD_MAX ? kept : []
  if (oldest !== undefined) await party.journal.forget(oldest[0])
  return true
}

/**
 * Whether the set has held deposits of a second-price auction: what is paid there hangs on bids of others, and a deposit is what an invented one costs. `undefined` where
 * that is not so, or the set cannot be asked now.
 */
async function heldDeposits(
  party: Party,
  { auction, call, entries }: AuctionTranscript,
): Promise<TranscriptEvidence['isHeld'] | undefined> {
  if (call.kind !== 'second' || call.depositNanos === 0n || call.notarySet !== party.components.notary.set.id)
    return undefined
  const held = new Map<string, TransferLine>()
  try {
    // One by one, by its id: anybody makes the list of a bidder's transfers as long as it likes.
    for (const entry of entries) {
      const hold = depositId('hold', auction, entry)
      const { transfers } = await party.components.notary.transfers({ hold }, { signal: party.signal })
      for (const line of transfers) held.set(line.id, line)
    }
  } catch (error: unknown) {
    if (!CodedError.is(error) || party.isStopped) throw error
    return undefined
  }
  return (deposit) => {
    const line = held.get(deposit.id)
    const isSame =
      line?.debit === deposit.debit && line.credit === deposit.credit && line.expiresAt === deposit.expiresAt
    return isSame && line.kind === 'hold' && line.amountNanos === String(deposit.amount)
  }
}

/** A set that cannot be asked now does not make a transcript wrong. */
async function checkpointOf(party: Party, { call, beacon }: AuctionTranscript): Promise<Hash | undefined> {
  const { notary } = party.components
  if (beacon === undefined || call.notarySet !== notary.set.id) return undefined
  try {
    return (await notary.firstSince(commitDeadline(call), { signal: party.signal }))?.block
  } catch (error: unknown) {
    if (!CodedError.is(error) || party.isStopped) throw error
    return undefined
  }
}
