/**
 * Messages of auctions, of the market's standing offers, and of delegation. A commitment, a reveal and an English bid are signed by the bidder; calls,
 * receipts, the list of commitments and the transcript's hash by the auctioneer. The transcript itself is a file, found by its hash.
 *
 * @see protocol/spec/auction.md, protocol/spec/delegation.md
 */
import { z } from 'zod'
import type { AuctionCall } from '../../core/auction/auction-call.ts'
import { AUCTION_KINDS, BIDS_MAX, CAPABILITIES_MAX, PPM, WEIGHT_MAX } from '../../core/auction/auction-call.ts'
import type { AuctionReceipt } from '../../core/auction/auction-record.ts'
import type { Bid } from '../../core/auction/commitment.ts'
import type { Salt32 } from '../../core/auction/delimited-hash.ts'
import { CUSTODY_MODELS } from '../../core/escrow/escrow-terms.ts'
import { CARD_ADDRESSES_MAX } from '../../core/market/agent-card.ts'
import { ADDRESS } from './card-messages.ts'
import { COUNT, CURRENCY, DID, DURATION, HASH, NANOS, noteOf, TIME, WORD } from './fields.ts'

/** 32 random bytes of a commitment, base64url without padding. */
const SALT_32: z.ZodType<Salt32, string> = z
  .string()
  .max(43)
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/) as unknown as z.ZodType<Salt32, string>

const PARTS_PER_MILLION = z.int().min(0).max(PPM)
const WEIGHT = z.int().min(0).max(WEIGHT_MAX)
const WORDS = z.array(WORD).max(CAPABILITIES_MAX)

const BID: z.ZodType<Bid, unknown> = z.strictObject({ priceNanos: NANOS, latencyMs: DURATION })

const STANDING = z.strictObject({ capabilities: WORDS, reputationPpm: PARTS_PER_MILLION, isNewcomer: z.boolean() })

const CALL = z.strictObject({
  auctioneer: DID,
  buyer: DID,
  skill: WORD,
  task: HASH,
  currency: CURRENCY,
  kind: z.enum(AUCTION_KINDS),
  reservePriceNanos: NANOS,
  latencyMsMax: DURATION,
  depositNanos: NANOS,
  forfeitTo: DID,
  opensAt: TIME,
  bidMs: DURATION,
  revealMs: DURATION,
  settleMs: DURATION,
  bidsMax: z.int().min(1).max(BIDS_MAX),
  filter: z.strictObject({
    capabilities: WORDS,
    reputationPpmMin: PARTS_PER_MILLION,
    newcomerExposureNanos: NANOS,
  }),
  weights: z.strictObject({ price: WEIGHT, latency: WEIGHT, reputation: WEIGHT }),
  english: z
    .strictObject({
      minimumDecrementNanos: NANOS,
      extensionWindowMs: DURATION,
      extensionMs: DURATION,
      extensionsMax: COUNT,
    })
    .optional(),
  notarySet: HASH.optional(),
  salt: SALT_32,
  custody: z.enum(CUSTODY_MODELS).optional(),
})

const OUTCOME = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('awarded'), winner: DID, clearingNanos: NANOS }),
  z.strictObject({
    kind: z.literal('not-awarded'),
    reason: z.enum(['no-bids', 'all-unrevealed', 'reserve-not-met', 'limits-not-met']),
  }),
])

/** A refusal code as it is sent: `AREA_WHAT`. */
const REFUSAL_CODE = z
  .string()
  .max(64)
  .regex(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/)

export const AUCTION_MESSAGES = {
  /** Auctioneer to everybody: the rules, by whose hash the auction is named. */
  'auction-call': z.strictObject({ call: CALL }),
  /** Auctioneer to everybody: who can do the work may bid, and where it is asked for. */
  'auction-announcement': z.strictObject({
    /** Canonical text of the `auction-call`, as the auctioneer has signed it. */
    call: z.string().max(6_144),
    /** The node that takes bids. */
    node: DID,
    addresses: z.array(ADDRESS).max(CARD_ADDRESSES_MAX),
  }),
  /** Bidder to auctioneer, inside the commit window. */
  'auction-commitment': z.strictObject({ auction: HASH, commitment: HASH }),
  /** Auctioneer to bidder: it has the message, and by which standing the bid will be scored. */
  'auction-receipt': z.strictObject({
    auction: HASH,
    stage: z.enum(['commitment', 'reveal', 'bid']),
    bidder: DID,
    standing: STANDING,
    commitment: HASH,
    envelope: HASH,
    at: TIME,
  }),
  /** Auctioneer to bidder: why a message was not taken. */
  'auction-refusal': z.strictObject({ auction: HASH, envelope: HASH, code: REFUSAL_CODE, at: TIME }),
  /** Auctioneer to everybody between the windows: what was committed to, sorted. Nobody reveals before having seen it. */
  'auction-commitments': z.strictObject({ auction: HASH, commitments: z.array(HASH).max(BIDS_MAX) }),
  /** Bidder to auctioneer, inside the reveal window; from then on the bid binds. */
  'auction-reveal': z.strictObject({ auction: HASH, salt: SALT_32, bid: BID }),
  /** Bidder to auctioneer in an English auction. */
  'auction-bid': z.strictObject({ auction: HASH, bid: BID }),
  /** Buyer or auctioneer to everybody. */
  'auction-cancel': z.strictObject({ auction: HASH, reason: z.enum(['called-off', 'beacon-missing']) }),
  /** Auctioneer to everybody: the hash of the transcript's canonical bytes, and what they come to. */
  'auction-transcript': z.strictObject({ auction: HASH, transcriptHash: HASH, outcome: OUTCOME }),
} as const

export const MARKET_MESSAGES = {
  /** Seller to directory: an offer that stands until it is withdrawn or expires. It is named by the hash of the message. */
  'market-offer': z.strictObject({
    skill: WORD,
    currency: CURRENCY,
    priceNanos: NANOS,
    latencyMs: DURATION,
    inputBytesMax: COUNT,
    capabilities: WORDS,
    validFrom: TIME,
    validUntil: TIME,
    capacity: z.int().min(1).max(100_000),
    /** The node at which its seller is: whoever else repeats the offer is not it. */
    node: DID,
  }),
  'market-withdraw': z.strictObject({ offer: HASH }),
} as const

export const DELEGATION_MESSAGES = {
  /** Payer to worker: do this, under this token, by then. The contract, where there is one, is in the head. */
  'delegation-request': z.strictObject({
    skill: WORD,
    task: HASH,
    inputHash: HASH,
    inputBytes: COUNT,
    /** Hash of the capability token that allows it. */
    capability: HASH,
    currency: CURRENCY,
    maximumNanos: NANOS,
    answerBy: TIME,
    finishBy: TIME,
    progressMs: DURATION,
  }),
  /** Worker to payer, before `answerBy`. */
  'delegation-accept': z.strictObject({ request: HASH, startsAt: TIME }),
  'delegation-refuse': z.strictObject({ request: HASH, code: REFUSAL_CODE, note: noteOf(280).optional() }),
  /** Worker to payer: a sign of life. Never evidence of work done. */
  'delegation-progress': z.strictObject({
    request: HASH,
    step: COUNT,
    donePpm: PARTS_PER_MILLION,
    note: noteOf(280).optional(),
  }),
  /** Worker to payer: a part of the result, by its hash; parts are counted from 0. */
  'delegation-partial': z.strictObject({ request: HASH, part: COUNT, partHash: HASH, partBytes: COUNT }),
  /** Worker to payer: done. Delivery under a contract is the escrow's message; this one names its content. */
  'delegation-result': z.strictObject({ request: HASH, resultHash: HASH, resultBytes: COUNT, parts: COUNT }),
  'delegation-failure': z.strictObject({ request: HASH, code: REFUSAL_CODE, note: noteOf(280).optional() }),
  /** Payer to worker: stop. What was delivered until then is paid by the contract's rules. */
  'delegation-cancel': z.strictObject({ request: HASH, reason: WORD }),
  /** Worker to payer: stopped, with the parts that were sent. */
  'delegation-cancelled': z.strictObject({ request: HASH, parts: COUNT }),
} as const

/** A call as core sees it: members that may be absent are there, as `undefined`. */
export function callOfBody({ call }: z.output<(typeof AUCTION_MESSAGES)['auction-call']>): AuctionCall {
  return { ...call, english: call.english, notarySet: call.notarySet, custody: call.custody }
}

/** A receipt as it is sent. */
export function bodyOfReceipt({
  standing,
  ...rest
}: AuctionReceipt): z.output<(typeof AUCTION_MESSAGES)['auction-receipt']> {
  return { ...rest, standing: { ...standing, capabilities: [...standing.capabilities] } }
}
