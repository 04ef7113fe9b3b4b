import { commitDeadline } from '../../core/auction/auction-call.ts'
import type { AuctionReceipt, AuctionTranscript } from '../../core/auction/auction-record.ts'
import { rankAwards } from '../../core/auction/rank-awards.ts'
import { transcriptHashOf } from '../../core/auction/transcript.ts'
import { type TranscriptEvidence, verifyTranscript } from '../../core/auction/verify-transcript.ts'
import { CodedError } from '../../base/errors.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { readTranscript } from '../auctions/auction-journal.ts'
import type { Party } from './party.ts'

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
    if (envelope.type === 'auction-commitments') ({ commitments } = envelope.body)
  }
  return { receipts, ...(commitments !== undefined && { commitments }) }
}

/**
 * Computes an auction again in which this party has bid, with what it holds: its receipts, the list, and the set's own word for the beacon. The transcript and the
 * verdict are kept. @returns False for bytes that are not the signed transcript.
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
  const transcript = readTranscript(bytes)
  if (transcript?.auction !== auction || transcriptHashOf(transcript) !== transcriptHash) return false
  const checkpoint = await checkpointOf(party, transcript)
  const held = heldEvidence(party, auction, auctioneer)
  const { ok, problems } = verifyTranscript(transcript, { ...held, ...(checkpoint !== undefined && { checkpoint }) })
  const transcriptFile = await party.journal.keepFile(auction, bytes)
  const codes = [...new Set<string>(problems.map(({ code }) => code))]
  const award = ok ? rankAwards(transcript).find(({ bidder }) => bidder === party.did) : undefined
  const priced = award && { priceNanos: award.priceNanos.toString() }
  const note: AuctionNote = { auctioneer, transcript: transcriptHash, transcriptFile, ok, problems: codes, ...priced }
  await party.keep(HEARD_AUCTIONS, auction, note)
  const kept = party.journal.notesOf(HEARD_AUCTIONS)
  // With it go its messages, the bid and the transcript.
  const [oldest] = kept.length > HEARD_MAX ? kept : []
  if (oldest !== undefined) await party.journal.forget(oldest[0])
  return true
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
