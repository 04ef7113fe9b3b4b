import type { JsonValue } from '../../base/canonical-json.ts'
import {
  EVIDENCE_READERS,
  INVALID,
  listOf,
  objectOf,
  oneOf,
  optional,
  parsed,
  readCount,
  readCurrency,
  readDid,
  readDuration,
  type Reader,
  readHash,
  readNanos,
  readTime,
  readWord,
  toJson,
  unionOf,
} from '../json/json-reader.ts'
import { CUSTODY_MODELS } from '../escrow/escrow-terms.ts'
import {
  AUCTION_KINDS,
  type AuctionCall,
  type BidderFilter,
  BIDS_MAX,
  CAPABILITIES_MAX,
  type EnglishRule,
  PPM,
  type ScoringRule,
} from './auction-call.ts'
import type {
  AuctionReceipt,
  AuctionTranscript,
  Beacon,
  CommitmentEntry,
  EnglishBid,
  RevealEntry,
  TranscriptEntry,
} from './auction-record.ts'
import {
  AUCTION_TIMERS,
  type AuctionEvent,
  type AuctionState,
  type AwaitingState,
  type BeaconCertified,
  type BiddingState,
  type BidRevealed,
  type CallCancelled,
  type CallPublished,
  type CancelledState,
  type ClosedState,
  type CommitmentReceived,
  type DepositAnswered,
  type DraftState,
  type EnglishBidPlaced,
  type OpenState,
  type RevealingState,
  type TimerFired,
} from './auction-state.ts'
import type { Bid } from './commitment.ts'
import { parseSalt32, type Salt32 } from './delimited-hash.ts'
import type { AuctionOutcome, BidderStanding } from './determine-winner.ts'

const readSalt: Reader<Salt32> = parsed(parseSalt32)
const readPpm: Reader<number> = (json) => {
  const count = readCount(json)
  return count !== INVALID && count <= PPM ? count : INVALID
}
const readWords: Reader<readonly string[]> = listOf(readWord, CAPABILITIES_MAX)

const readBid: Reader<Bid> = objectOf<Bid>({ priceNanos: readNanos, latencyMs: readDuration })
const readStanding: Reader<BidderStanding> = objectOf<BidderStanding>({
  capabilities: readWords,
  reputationPpm: readPpm,
  isNewcomer: oneOf(true, false),
})
const readFilter: Reader<BidderFilter> = objectOf<BidderFilter>({
  capabilities: readWords,
  reputationPpmMin: readPpm,
  newcomerExposureNanos: readNanos,
})
const readWeights: Reader<ScoringRule> = objectOf<ScoringRule>({
  price: readCount,
  latency: readCount,
  reputation: readCount,
})
const readEnglish: Reader<EnglishRule> = objectOf<EnglishRule>({
  minimumDecrementNanos: readNanos,
  extensionWindowMs: readDuration,
  extensionMs: readDuration,
  extensionsMax: readCount,
})
const readCall: Reader<AuctionCall> = objectOf<AuctionCall>({
  auctioneer: readDid,
  buyer: readDid,
  skill: readWord,
  task: readHash,
  currency: readCurrency,
  kind: oneOf(...AUCTION_KINDS),
  reservePriceNanos: readNanos,
  latencyMsMax: readDuration,
  depositNanos: readNanos,
  forfeitTo: readDid,
  opensAt: readTime,
  bidMs: readDuration,
  revealMs: readDuration,
  settleMs: readDuration,
  bidsMax: readCount,
  filter: readFilter,
  weights: readWeights,
  english: optional(readEnglish),
  notarySet: optional(readHash),
  salt: readSalt,
  custody: optional(oneOf(...CUSTODY_MODELS)),
})
const readReveal: Reader<RevealEntry> = objectOf<RevealEntry>({
  envelope: readHash,
  at: readTime,
  salt: readSalt,
  bid: readBid,
})
const TRANSCRIPT_ENTRY = {
  bidder: readDid,
  commitment: readHash,
  envelope: readHash,
  at: readTime,
  standing: readStanding,
  reveal: optional(readReveal),
}
const readEntries: Reader<readonly CommitmentEntry[]> = listOf(
  objectOf<CommitmentEntry>({ ...TRANSCRIPT_ENTRY, deposit: oneOf('free', 'asked', 'held') }),
  BIDS_MAX,
)
const readBids: Reader<readonly EnglishBid[]> = listOf(
  objectOf<EnglishBid>({ bidder: readDid, bid: readBid, standing: readStanding, envelope: readHash, at: readTime }),
  BIDS_MAX,
)
const readBeacon: Reader<Beacon> = objectOf<Beacon>({ checkpoint: readHash, at: readTime })
const readOutcome: Reader<AuctionOutcome> = unionOf<AuctionOutcome>(
  objectOf<Extract<AuctionOutcome, { kind: 'awarded' }>>({
    kind: oneOf('awarded'),
    winner: readDid,
    clearingNanos: readNanos,
  }),
  objectOf<Extract<AuctionOutcome, { kind: 'not-awarded' }>>({
    kind: oneOf('not-awarded'),
    reason: oneOf('no-bids', 'all-unrevealed', 'reserve-not-met', 'limits-not-met'),
  }),
)
const readTranscript: Reader<AuctionTranscript> = objectOf<AuctionTranscript>({
  v: (json) => (json === 1 ? 1 : INVALID),
  auction: readHash,
  call: readCall,
  entries: listOf(objectOf<TranscriptEntry>(TRANSCRIPT_ENTRY), BIDS_MAX),
  bids: readBids,
  tieRule: oneOf('beacon', 'lowest-commitment', 'none'),
  beacon: optional(readBeacon),
  outcome: readOutcome,
  closedAt: readTime,
})
const readReceipt: Reader<AuctionReceipt> = objectOf<AuctionReceipt>({
  auction: readHash,
  stage: oneOf('commitment', 'reveal', 'bid'),
  bidder: readDid,
  standing: readStanding,
  commitment: readHash,
  envelope: readHash,
  at: readTime,
})

const HEAD = { auction: readHash, call: readCall, at: readTime }
const SEALED = { ...HEAD, entries: readEntries }
const readState: Reader<AuctionState> = unionOf<AuctionState>(
  objectOf<DraftState>({ ...HEAD, kind: oneOf('draft') }),
  objectOf<OpenState>({ ...SEALED, kind: oneOf('open') }),
  objectOf<RevealingState>({ ...SEALED, kind: oneOf('revealing'), beacon: optional(readBeacon) }),
  objectOf<AwaitingState>({ ...SEALED, kind: oneOf('awaiting-beacon') }),
  objectOf<BiddingState>({
    ...HEAD,
    kind: oneOf('bidding'),
    bids: readBids,
    closesAt: readTime,
    extensions: readCount,
  }),
  objectOf<ClosedState>({
    ...SEALED,
    kind: oneOf('closed'),
    beacon: optional(readBeacon),
    bids: readBids,
    outcome: readOutcome,
    closedAt: readTime,
  }),
  objectOf<CancelledState>({
    ...SEALED,
    kind: oneOf('cancelled'),
    reason: oneOf('called-off', 'beacon-missing'),
    cancelledAt: readTime,
  }),
)

const OF_AUCTION = { ...EVIDENCE_READERS, auction: readHash }
const readEvent: Reader<AuctionEvent> = unionOf<AuctionEvent>(
  objectOf<CallPublished>({ ...OF_AUCTION, type: oneOf('call-published') }),
  objectOf<CallCancelled>({ ...OF_AUCTION, type: oneOf('call-cancelled') }),
  objectOf<CommitmentReceived>({
    ...OF_AUCTION,
    type: oneOf('commitment-received'),
    commitment: readHash,
    standing: readStanding,
  }),
  objectOf<BidRevealed>({ ...OF_AUCTION, type: oneOf('bid-revealed'), salt: readSalt, bid: readBid }),
  objectOf<EnglishBidPlaced>({
    ...OF_AUCTION,
    type: oneOf('english-bid-placed'),
    bid: readBid,
    standing: readStanding,
  }),
  objectOf<DepositAnswered>({
    type: oneOf('deposit-answered'),
    bidder: readDid,
    isHeld: oneOf(true, false),
    at: readTime,
  }),
  objectOf<BeaconCertified>({
    type: oneOf('beacon-certified'),
    set: readHash,
    checkpoint: readHash,
    checkpointAt: readTime,
    at: readTime,
  }),
  objectOf<TimerFired>({ type: oneOf('timer-fired'), name: oneOf(...AUCTION_TIMERS), at: readTime }),
)

/** JSON of anything an auction is made of; equal values give equal canonical bytes. */
export function formatAuctionValue(
  value: AuctionCall | AuctionEvent | AuctionState | AuctionTranscript | AuctionReceipt,
): JsonValue {
  return toJson(value)
}

/** Reads a call; `undefined` for anything else. Whether it is sound is said by `findCallFault`. */
export function parseAuctionCall(json: unknown): AuctionCall | undefined {
  return valid(readCall(json))
}

/** Reads an event; `undefined` for anything else. */
export function parseAuctionEvent(json: unknown): AuctionEvent | undefined {
  return valid(readEvent(json))
}

/** Reads a state; `undefined` for anything else. */
export function parseAuctionState(json: unknown): AuctionState | undefined {
  return valid(readState(json))
}

/** Reads a transcript; `undefined` for anything else. Whether it is right is said by `verifyTranscript`. */
export function parseAuctionTranscript(json: unknown): AuctionTranscript | undefined {
  return valid(readTranscript(json))
}

/** Reads a receipt; `undefined` for anything else. */
export function parseAuctionReceipt(json: unknown): AuctionReceipt | undefined {
  return valid(readReceipt(json))
}

function valid<Value>(value: Value | typeof INVALID): Value | undefined {
  return value === INVALID ? undefined : value
}
