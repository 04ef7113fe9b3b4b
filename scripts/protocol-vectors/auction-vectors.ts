import { amountFromNanos } from '../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../src/base/time.ts'
import { type AuctionCall, auctionIdOf } from '../../src/core/auction/auction-call.ts'
import type { AuctionTranscript } from '../../src/core/auction/auction-record.ts'
import { type Bid, commitmentOf, tieKeyOf } from '../../src/core/auction/commitment.ts'
import { LOST_DEPOSITS } from '../../src/core/auction/deposits.ts'
import type { Salt32 } from '../../src/core/auction/delimited-hash.ts'
import { type BidderStanding, type Candidate, determineWinner } from '../../src/core/auction/determine-winner.ts'
import { tieRuleOf, transcriptHashOf } from '../../src/core/auction/transcript.ts'
import { verifyTranscript } from '../../src/core/auction/verify-transcript.ts'
import { type Hash, parseContractId } from '../../src/core/evidence/names.ts'
import { toJson } from '../../src/core/json/json-reader.ts'
import type { Currency } from '../../src/core/ledger/ledger-names.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../src/keys/verify-signature.ts'
import { readSignedBids } from '../../src/market/auctions/auction-file.ts'
import { prepareEnvelope } from '../../src/wire/v1/envelope.ts'
import { auctionMessageVectors } from './auction-message-vectors.ts'
import type { FixedKey } from './fixed-keys.ts'
import { VECTOR_CONTEXT, VECTOR_KEYS } from './vector-kit.ts'
import type { Vector, VectorArea } from './vector.ts'

const { payer, worker, notary, arbiter } = VECTOR_KEYS
const OPENS_AT = 1_790_000_000_000
const BEACON = 'bb'.repeat(32) as Hash

/** The call of most vectors: sealed, second price, by price alone. */
const VECTOR_CALL: AuctionCall = {
  auctioneer: payer.did,
  buyer: payer.did,
  skill: 'text.word-count',
  task: '55'.repeat(32) as Hash,
  currency: `USD@${notary.did}` as Currency,
  kind: 'second',
  reservePriceNanos: amountFromNanos(1_000_000_000n),
  latencyMsMax: durationFromMs(60_000),
  depositNanos: amountFromNanos(10_000_000n),
  forfeitTo: LOST_DEPOSITS,
  opensAt: timestampFromMs(OPENS_AT),
  bidMs: durationFromMs(10_000),
  revealMs: durationFromMs(5_000),
  settleMs: durationFromMs(5_000),
  bidsMax: 16,
  filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: amountFromNanos(500_000_000n) },
  weights: { price: 1, latency: 0, reputation: 0 },
  english: undefined,
  notarySet: '66'.repeat(32) as Hash,
  salt: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' as Salt32,
}

const ENGLISH_CALL: AuctionCall = {
  ...VECTOR_CALL,
  kind: 'english',
  depositNanos: amountFromNanos(0n),
  revealMs: durationFromMs(0),
  english: {
    minimumDecrementNanos: amountFromNanos(1_000_000n),
    extensionWindowMs: durationFromMs(1_000),
    extensionMs: durationFromMs(2_000),
    extensionsMax: 3,
  },
}

const VECTOR_SALT: Salt32 = 'Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA' as Salt32
const STANDING: BidderStanding = { capabilities: [], reputationPpm: 500_000, isNewcomer: false }
const NEWCOMER: BidderStanding = { ...STANDING, isNewcomer: true }

function vectorBid(priceNanos: bigint, latencyMs = 1_000): Bid {
  return { priceNanos: amountFromNanos(priceNanos), latencyMs: durationFromMs(latencyMs) }
}

/** Vectors of ids, commitments, ties, clearing prices and transcripts, and of every message. */
export const AUCTION_VECTORS: VectorArea = {
  area: 'auction',
  vectors: () => [
    ...idVectors(),
    ...commitmentVectors(),
    ...tieVectors(),
    ...clearingVectors(),
    ...transcriptVectors(),
    ...auctionMessageVectors(),
  ],
}

function idVectors(): readonly Vector[] {
  const named = (name: string, call: AuctionCall): Vector => ({
    kind: 'auction-id',
    name,
    call: toJson(call),
    auction: auctionIdOf(call),
  })
  return [
    named('sealed second price', VECTOR_CALL),
    named('sealed first price without a notary set', { ...VECTOR_CALL, kind: 'first', notarySet: undefined }),
    named('English', ENGLISH_CALL),
    named('another salt', { ...VECTOR_CALL, salt: VECTOR_SALT }),
  ]
}

function commitmentVectors(): readonly Vector[] {
  const auction = auctionIdOf(VECTOR_CALL)
  const base = { auction, salt: VECTOR_SALT, bidder: worker.did, bid: vectorBid(400_000_000n) }
  const made = (name: string, of: Partial<typeof base>): Vector => {
    const parts = { ...base, ...of }
    return { kind: 'auction-commitment', name, ...parts, bid: toJson(parts.bid), commitment: commitmentOf(parts) }
  }
  return [
    made('a bid', {}),
    made('the same bid of another bidder', { bidder: arbiter.did }),
    made('the same bid in another auction', { auction: auctionIdOf(ENGLISH_CALL) }),
    made('the same bid with another salt', { salt: VECTOR_CALL.salt }),
    made('one nano-unit less', { bid: vectorBid(399_999_999n) }),
    made('the largest price', { bid: vectorBid(18_446_744_073_709_551_615n) }),
    made('for nothing, at once', { bid: vectorBid(0n, 0) }),
  ]
}

function tieVectors(): readonly Vector[] {
  const commitments = ['01', '02', '03', '04', 'fe', 'ff'].map((digits) => digits.repeat(32) as Hash)
  const ranked = (name: string, beacon: Hash | undefined): Vector => ({
    kind: 'auction-tie',
    name,
    ...(beacon !== undefined && { beacon }),
    commitments,
    order: commitments.toSorted((left, right) => (tieKeyOf(beacon, left) < tieKeyOf(beacon, right) ? -1 : 1)),
  })
  return [
    ranked('by a beacon', BEACON),
    ranked('by another beacon', 'bc'.repeat(32) as Hash),
    ranked('without a beacon', undefined),
  ]
}

function candidateOf(key: FixedKey, bid: Bid, standing: BidderStanding = STANDING): Candidate {
  const auction = auctionIdOf(VECTOR_CALL)
  const commitment = commitmentOf({ auction, bidder: key.did, salt: VECTOR_SALT, bid })
  return { bidder: key.did, commitment, bid, standing }
}

function clearingVectors(): readonly Vector[] {
  const scored = { ...VECTOR_CALL, weights: { price: 3, latency: 1_000, reputation: 100 } }
  const cleared = (name: string, call: AuctionCall, candidates: readonly Candidate[]): Vector => ({
    kind: 'auction-clearing',
    name,
    call: toJson(call),
    beacon: BEACON,
    candidates: candidates.map(toJson),
    outcome: toJson(determineWinner({ call, beacon: BEACON, candidates, hasCommitments: true })),
  })
  const two = [candidateOf(worker, vectorBid(400_000_000n)), candidateOf(arbiter, vectorBid(450_000_001n))]
  return [
    cleared('first price', { ...VECTOR_CALL, kind: 'first' }, two),
    cleared('second price', VECTOR_CALL, two),
    cleared('second price, the other order', VECTOR_CALL, two.toReversed()),
    cleared('second price with one bid: the reserve price', VECTOR_CALL, two.slice(0, 1)),
    cleared('one bid of a newcomer: the exposure cap', VECTOR_CALL, [
      candidateOf(worker, vectorBid(400_000_000n), NEWCOMER),
    ]),
    cleared('a newcomer above the cap cannot win', VECTOR_CALL, [
      candidateOf(worker, vectorBid(500_000_001n), NEWCOMER),
      candidateOf(arbiter, vectorBid(900_000_000n)),
    ]),
    cleared('a newcomer at the cap', VECTOR_CALL, [
      candidateOf(worker, vectorBid(500_000_000n), NEWCOMER),
      candidateOf(arbiter, vectorBid(900_000_000n)),
    ]),
    cleared('the best score is not the lowest price; the quotient is rounded down', scored, [
      candidateOf(worker, vectorBid(400_000_000n, 50_000)),
      candidateOf(arbiter, vectorBid(410_000_000n, 1_000)),
    ]),
    cleared('equal bids', VECTOR_CALL, [
      candidateOf(worker, vectorBid(400_000_000n)),
      candidateOf(arbiter, vectorBid(400_000_000n)),
    ]),
    cleared('a bid at the reserve', VECTOR_CALL, [candidateOf(worker, vectorBid(1_000_000_000n))]),
    cleared('a bid above the reserve', VECTOR_CALL, [candidateOf(worker, vectorBid(1_000_000_001n))]),
    cleared('a bid that is too slow', VECTOR_CALL, [candidateOf(worker, vectorBid(1n, 60_001))]),
    cleared('no bid revealed', VECTOR_CALL, []),
  ]
}

function transcriptVectors(): readonly Vector[] {
  const honest = sealedTranscript()
  const [first, second] = honest.entries
  const bids = [worker, arbiter].flatMap((key) => signedBid(key).map(({ text }) => text))
  const judged = (name: string, transcript: AuctionTranscript, said = bids): Vector => {
    const signed = readSignedBids({ transcript, bids: said }, verifySignatureWith(createNodeVerifier()))
    return {
      kind: 'auction-transcript',
      name,
      transcript: toJson(transcript),
      bids: said,
      transcriptHash: transcriptHashOf(transcript),
      verdict: toJson(verifyTranscript(transcript, { signed })),
    }
  }
  const withFirst = (entry: Partial<AuctionTranscript['entries'][number]>): AuctionTranscript =>
    first === undefined || second === undefined ? honest : { ...honest, entries: [{ ...first, ...entry }, second] }
  const commitEnd = timestampFromMs(OPENS_AT + 10_000)
  return [
    judged('an honest one', honest),
    judged('a stamp at the deadline', withFirst({ at: commitEnd })),
    judged('a stamp before the opening', withFirst({ at: timestampFromMs(OPENS_AT - 1) })),
    judged('a bid that was not revealed', withFirst({ reveal: undefined })),
    judged('a bid that was altered', withFirst({ reveal: first?.reveal && { ...first.reveal, bid: vectorBid(1n) } })),
    judged('a bid twice', { ...honest, entries: first === undefined ? [] : [first, ...honest.entries] }),
    judged('another order', { ...honest, entries: honest.entries.toReversed() }),
    judged('a price off by one', {
      ...honest,
      outcome: { kind: 'awarded', winner: worker.did, clearingNanos: amountFromNanos(449_999_999n) },
    }),
    judged('no beacon', { ...honest, beacon: undefined }),
    judged('a beacon from inside the window', {
      ...honest,
      beacon: { checkpoint: BEACON, at: timestampFromMs(commitEnd - 1) },
    }),
    judged('another id', { ...honest, auction: BEACON }),
    judged('a bid that nobody has signed', honest, bids.slice(0, 3)),
    judged('a bid that was never shown, and nobody has signed', withFirst({ reveal: undefined }), []),
  ]
}

const VECTOR_BIDS = new Map([
  [worker, vectorBid(400_000_000n)],
  [arbiter, vectorBid(450_000_000n)],
])

/** Commitment and reveal of a bidder, as it has signed them. */
function signedBid(key: FixedKey): readonly { readonly hash: Hash; readonly text: string }[] {
  const bid = VECTOR_BIDS.get(key) ?? vectorBid(0n)
  const auction = auctionIdOf(VECTOR_CALL)
  const contract = parseContractId(auction)
  const head = { net: VECTOR_CONTEXT.network, iss: key.did, aud: payer.did, contract } as const
  const [iat, exp] = [timestampFromMs(OPENS_AT), timestampFromMs(OPENS_AT + 600_000)]
  const { commitment } = candidateOf(key, bid)
  const committed = prepareEnvelope({
    ...head,
    type: 'auction-commitment',
    body: { auction, commitment },
    seq: 0,
    iat,
    exp,
    nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
  })
  const revealed = prepareEnvelope({
    ...head,
    type: 'auction-reveal',
    body: { auction, salt: VECTOR_SALT, bid },
    seq: 1,
    prev: committed.hash,
    iat,
    exp,
    nonce: 'AAAAAAAAAAAAAAAAAAAAAQ',
  })
  return [committed, revealed].map((prepared) => {
    return { hash: prepared.hash, text: new TextDecoder().decode(prepared.finish(key.sign(prepared.signingBytes))) }
  })
}

/** Two bids, revealed. */
function sealedTranscript(): AuctionTranscript {
  const auction = auctionIdOf(VECTOR_CALL)
  const entries = [...VECTOR_BIDS]
    .toSorted(([left], [right]) => (left.did < right.did ? -1 : 1))
    .map(([key, bid], at) => {
      const { bidder, commitment, standing } = candidateOf(key, bid)
      const [envelope = BEACON, shown = BEACON] = signedBid(key).map(({ hash }) => hash)
      const reveal = { envelope: shown, at: timestampFromMs(OPENS_AT + 10_000 + at), salt: VECTOR_SALT, bid }
      return { bidder, commitment, standing, envelope, at: timestampFromMs(OPENS_AT + at), reveal }
    })
  return {
    v: 1,
    auction,
    call: VECTOR_CALL,
    entries,
    bids: [],
    tieRule: tieRuleOf(VECTOR_CALL),
    beacon: { checkpoint: BEACON, at: timestampFromMs(OPENS_AT + 10_000) },
    outcome: { kind: 'awarded', winner: worker.did, clearingNanos: amountFromNanos(450_000_000n) },
    closedAt: timestampFromMs(OPENS_AT + 15_000),
  }
}
