import type { DurationMs } from '../../base/time.ts'
import type { AuctionReceipt } from '../../core/auction/auction-record.ts'
import type { TranscriptEvidence } from '../../core/auction/verify-transcript.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { authenticate, type VerifyBytes } from '../../wire/v1/authenticate.ts'
import { decodeEnvelope, type Envelope } from '../../wire/v1/envelope.ts'

/** What an auctioneer has signed about one auction, as a bidder kept it. */
export type SignedRecord = TranscriptEvidence & {
  readonly receipts: readonly AuctionReceipt[]
  /** Name of the transcript that it signed; `undefined` where that is not there. */
  readonly transcriptHash: Hash | undefined
  /** Messages that are not its own, not about this auction, or not signed right: they say nothing. */
  readonly refused: number
}

/** Reads messages by their canonical texts. Whom they were for and until when plays no part: what was signed stays signed. Never throws. */
export function readSignedRecord(
  texts: readonly string[],
  { auction, auctioneer, verify }: { readonly auction: Hash; readonly auctioneer: Did; readonly verify: VerifyBytes },
): SignedRecord {
  const receipts: AuctionReceipt[] = []
  let commitments: readonly Hash[] | undefined
  let transcriptHash: Hash | undefined
  let refused = 0
  for (const text of texts) {
    const envelope = openOwn(text, auctioneer, verify)
    if (envelope?.type === 'auction-receipt' && envelope.body.auction === auction) receipts.push(envelope.body)
    else if (envelope?.type === 'auction-commitments' && envelope.body.auction === auction)
      commitments ??= envelope.body.commitments
    else if (envelope?.type === 'auction-transcript' && envelope.body.auction === auction)
      ({ transcriptHash } = envelope.body)
    else refused += 1
  }
  return { receipts, ...(commitments !== undefined && { commitments }), transcriptHash, refused }
}

function openOwn(text: string, auctioneer: Did, verify: VerifyBytes): Envelope | undefined {
  const envelope = openSigned(text, verify)
  return envelope?.head.iss === auctioneer ? envelope : undefined
}

/** A message that its issuer has signed, whoever it was for and until whenever; `undefined` for anything else. */
export function openSigned(text: string, verify: VerifyBytes): Envelope | undefined {
  const decoded = decodeEnvelope(utf8Bytes(text))
  if (decoded.kind === 'refused') return undefined
  const { head } = decoded.envelope
  const context = { now: head.iat, clockSkewMs: 0 as DurationMs, audience: [head.aud], network: head.net, verify }
  return authenticate(decoded.envelope, context).kind === 'refused' ? undefined : decoded.envelope
}
