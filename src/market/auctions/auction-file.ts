import { canonicalJson } from '../../base/canonical-json.ts'
import { formatAuctionValue, parseAuctionTranscript } from '../../core/auction/auction-codec.ts'
import { BIDS_MAX } from '../../core/auction/auction-call.ts'
import type { AuctionTranscript } from '../../core/auction/auction-record.ts'
import type { SignedBid } from '../../core/auction/verify-transcript.ts'
import type { Hash } from '../../core/evidence/names.ts'
import type { VerifyBytes } from '../../wire/v1/authenticate.ts'
import { openSigned } from './signed-record.ts'

/** What anybody recomputes an auction from: its transcript, and what bidders have signed, as canonical texts in the transcript's order. */
export type AuctionFile = { readonly transcript: AuctionTranscript; readonly bids: readonly string[] }

/** Commitment and reveal of each bidder. */
const TEXTS_MAX = 2 * BIDS_MAX

/** The file: canonical JSON. Messages are found by their hashes; one that is not there is left out, and shows as unsigned. */
export function auctionFileBytes(
  transcript: AuctionTranscript,
  textOf: (envelope: Hash) => string | undefined,
): Uint8Array {
  const { entries, bids } = transcript
  const sealed = entries.flatMap(({ envelope, reveal }) => (reveal ? [envelope, reveal.envelope] : [envelope]))
  const hashes = [...sealed, ...bids.map(({ envelope }) => envelope)]
  const file = { bids: hashes.flatMap((hash) => textOf(hash) ?? []), transcript: formatAuctionValue(transcript) }
  return new TextEncoder().encode(canonicalJson(file))
}

/** Reads such a file, or a transcript alone, with which nothing signed comes; `undefined` for anything else. */
export function parseAuctionFile(json: unknown): AuctionFile | undefined {
  const { transcript: inner, bids: listed } = membersOf(json)
  const transcript = parseAuctionTranscript(inner ?? json)
  if (transcript === undefined) return undefined
  const texts = inner !== undefined && Array.isArray(listed) ? listed : []
  return { transcript, bids: texts.filter((text): text is string => typeof text === 'string').slice(0, TEXTS_MAX) }
}

export function readAuctionFile(bytes: Uint8Array): AuctionFile | undefined {
  try {
    return parseAuctionFile(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch {
    return undefined
  }
}

/** What bidders have signed in an auction, by the hashes of their messages. Texts that say or prove nothing about it are left out. Never throws. */
export function readSignedBids(
  { transcript: { auction }, bids }: AuctionFile,
  verify: VerifyBytes,
): ReadonlyMap<Hash, SignedBid> {
  const signed = new Map<Hash, SignedBid>()
  for (const text of bids) {
    const envelope = openSigned(text, verify)
    if (envelope === undefined) continue
    const { iss: bidder } = envelope.head
    if (envelope.type === 'auction-commitment' && envelope.body.auction === auction)
      signed.set(envelope.hash, { kind: 'commitment', bidder, commitment: envelope.body.commitment })
    if (envelope.type === 'auction-reveal' && envelope.body.auction === auction)
      signed.set(envelope.hash, { kind: 'reveal', bidder, salt: envelope.body.salt, bid: envelope.body.bid })
    if (envelope.type === 'auction-bid' && envelope.body.auction === auction)
      signed.set(envelope.hash, { kind: 'bid', bidder, bid: envelope.body.bid })
  }
  return signed
}

function membersOf(json: unknown): { readonly transcript?: unknown; readonly bids?: unknown } {
  return typeof json === 'object' && json !== null ? json : {}
}
