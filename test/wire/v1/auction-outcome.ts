import type { AuctionVector } from '../../../scripts/protocol-vectors/vector.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { auctionIdOf } from '../../../src/core/auction/auction-call.ts'
import { parseAuctionCall, parseAuctionTranscript } from '../../../src/core/auction/auction-codec.ts'
import { type Bid, commitmentOf, type CommitmentParts, tieKeyOf } from '../../../src/core/auction/commitment.ts'
import { type Candidate, determineWinner } from '../../../src/core/auction/determine-winner.ts'
import { transcriptHashOf } from '../../../src/core/auction/transcript.ts'
import { verifyTranscript } from '../../../src/core/auction/verify-transcript.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { readSignedBids } from '../../../src/market/auctions/auction-file.ts'
import { toJson } from '../../../src/core/json/json-reader.ts'

const VERIFY = verifySignatureWith(createNodeVerifier())

/** What the code makes of a vector about auctions, in the vector's own form. */
export function auctionOutcomeOf(vector: AuctionVector): unknown {
  switch (vector.kind) {
    case 'auction-id':
      return { auction: auctionIdOf(required(parseAuctionCall(vector.call))) }
    case 'auction-commitment': {
      const { auction, bidder, salt, bid } = vector
      return { commitment: commitmentOf({ auction, bidder, salt, bid: bidOfJson(bid) } as CommitmentParts) }
    }
    case 'auction-tie': {
      const keyOf = (commitment: string): string => tieKeyOf(vector.beacon as Hash | undefined, commitment as Hash)
      return { order: vector.commitments.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1)) }
    }
    case 'auction-clearing': {
      const candidates = vector.candidates.map((json) => {
        const candidate = json as Candidate
        return { ...candidate, bid: bidOfJson(candidate.bid) }
      })
      const call = required(parseAuctionCall(vector.call))
      const beacon = vector.beacon as Hash | undefined
      return { outcome: toJson(determineWinner({ call, beacon, candidates, hasCommitments: true })) }
    }
    case 'auction-transcript': {
      const transcript = required(parseAuctionTranscript(vector.transcript))
      const signed = readSignedBids({ transcript, bids: vector.bids }, VERIFY)
      return { transcriptHash: transcriptHashOf(transcript), verdict: toJson(verifyTranscript(transcript, { signed })) }
    }
  }
}

function bidOfJson(json: unknown): Bid {
  const { priceNanos, latencyMs } = json as { readonly priceNanos: string; readonly latencyMs: Bid['latencyMs'] }
  return { priceNanos: amountFromNanos(BigInt(priceNanos)), latencyMs }
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('not a value of a vector')
  return value
}
