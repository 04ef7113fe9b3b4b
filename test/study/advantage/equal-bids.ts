import { amountFromNanos } from '../../../src/base/money.ts'
import type { RandomStream } from '../../../src/base/random-stream.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { durationFromMs, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import type { AuctionCall, AuctionKind } from '../../../src/core/auction/auction-call.ts'
import { AUCTION_MACHINE } from '../../../src/core/auction/auction-machine.ts'
import type { AuctionEvent, AuctionState } from '../../../src/core/auction/auction-state.ts'
import { type Bid, commitmentOf } from '../../../src/core/auction/commitment.ts'
import { parseSalt32, type Salt32 } from '../../../src/core/auction/delimited-hash.ts'
import type { BidderStanding } from '../../../src/core/auction/determine-winner.ts'
import { type Did, type Hash, parseHash } from '../../../src/core/evidence/names.ts'
import { parseCurrency } from '../../../src/core/ledger/ledger-names.ts'
import { encodeBase64 } from '../../../src/core/text/base64.ts'
import { matchOffers } from '../../../src/core/market/match-offers.ts'
import { DIRECTORY_MACHINE, type DirectoryState } from '../../../src/core/market/offer-directory.ts'

const STANDING: BidderStanding = { capabilities: [], reputationPpm: 700_000, isNewcomer: false }
const BID: Bid = { priceNanos: amountFromNanos(70n), latencyMs: durationFromMs(100) }

/** Draws that an equal-bids round is made of. */
export type Round = {
  readonly kind: Exclude<AuctionKind, 'english'>
  readonly hasBeacon: boolean
  /** In the order in which they arrive; DIDs in no order. */
  readonly bidders: readonly Did[]
  readonly random: RandomStream
}

/** Plays one sealed auction of the real machine, all bids equal. @returns The place in the order of arrival of whoever won. */
export function winnersPlace({ kind, hasBeacon, bidders, random }: Round): number {
  const set = given(parseHash(sha256Hex('set')))
  const call = callOf({ kind, salt: saltOf(random), notarySet: hasBeacon ? set : undefined, buyer: given(bidders[0]) })
  let state: AuctionState = AUCTION_MACHINE.initial({ call, at: timestampFromMs(0) })
  const { auction } = state
  let messages = 0
  const step = (event: AuctionEvent): void => {
    const { state: next, effects } = AUCTION_MACHINE.transition(state, event)
    const [refusal] = effects.filter(({ type }) => type === 'event-refused')
    if (refusal !== undefined) throw new Error(`An auction of the study was refused: ${JSON.stringify(refusal)}`)
    state = next
  }
  const evidence = (iss: Did, at: number) => {
    messages += 1
    const envelope = given(parseHash(sha256Hex(`${call.salt} ${messages}`)))
    return { envelope, iss, seq: messages, prev: undefined, at: at as Timestamp, auction }
  }
  step({ type: 'call-published', ...evidence(call.auctioneer, 1_000) })
  const salts = bidders.map(() => saltOf(random))
  for (const [place, bidder] of bidders.entries()) {
    const commitment = commitmentOf({ auction, bidder, salt: given(salts[place]), bid: BID })
    step({ type: 'commitment-received', ...evidence(bidder, 1_001 + place), commitment, standing: STANDING })
  }
  step({ type: 'timer-fired', name: 'commit', at: 2_000 as Timestamp })
  // Reveals come in the order of arrival as well: whatever gain being early has, it has it.
  for (const [place, bidder] of bidders.entries())
    step({ type: 'bid-revealed', ...evidence(bidder, 2_001 + place), salt: given(salts[place]), bid: BID })
  if (hasBeacon) {
    const checkpoint = hashOf(random)
    step({ type: 'beacon-certified', set, checkpoint, checkpointAt: 2_100 as Timestamp, at: 2_200 as Timestamp })
  }
  step({ type: 'timer-fired', name: 'reveal', at: 3_000 as Timestamp })
  if (state.kind !== 'closed' || state.outcome.kind !== 'awarded')
    throw new Error('An auction of the study was not awarded')
  return bidders.indexOf(state.outcome.winner)
}

/** The same of standing offers: equal ones are published one after the other, and a buyer's search ranks them. @returns The place of the first that it lists. */
export function firstListed({ bidders, random }: Pick<Round, 'bidders' | 'random'>): number {
  const at = timestampFromMs(1_000)
  const currency = currencyOf(given(bidders[0]))
  const terms = {
    skill: 'text.word-count',
    currency,
    ...BID,
    inputBytesMax: 100,
    capabilities: [],
    validFrom: at,
    validUntil: timestampFromMs(9_000),
    capacity: 1,
  }
  let directory: DirectoryState = DIRECTORY_MACHINE.initial({ at })
  for (const iss of bidders) {
    const event = {
      type: 'offer-published',
      envelope: hashOf(random),
      iss,
      seq: 0,
      prev: undefined,
      at,
      terms,
    } as const
    directory = DIRECTORY_MACHINE.transition(directory, event).state
  }
  const { offers } = matchOffers(
    directory,
    {
      skill: terms.skill,
      currency,
      maximumNanos: amountFromNanos(100n),
      latencyMsMax: durationFromMs(1_000),
      inputBytes: 10,
      filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: amountFromNanos(100n) },
      weights: { price: 1, latency: 0, reputation: 0 },
      need: hashOf(random),
      at,
    },
    new Map(bidders.map((bidder) => [bidder, STANDING])),
  )
  return bidders.indexOf(given(offers[0]).seller)
}

type CallDraws = Pick<AuctionCall, 'kind' | 'salt' | 'notarySet' | 'buyer'>

function callOf({ kind, salt, notarySet, buyer }: CallDraws): AuctionCall {
  return {
    auctioneer: buyer,
    buyer,
    skill: 'text.word-count',
    task: given(parseHash(sha256Hex('task'))),
    currency: currencyOf(buyer),
    kind,
    reservePriceNanos: amountFromNanos(100n),
    latencyMsMax: durationFromMs(1_000),
    depositNanos: amountFromNanos(0n),
    forfeitTo: buyer,
    opensAt: timestampFromMs(1_000),
    bidMs: durationFromMs(1_000),
    revealMs: durationFromMs(1_000),
    settleMs: durationFromMs(500),
    bidsMax: 64,
    filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: amountFromNanos(100n) },
    weights: { price: 1, latency: 1, reputation: 1 },
    english: undefined,
    notarySet,
    salt,
  }
}

function currencyOf(issuer: Did): AuctionCall['currency'] {
  return given(parseCurrency(`USD@${issuer}`))
}

function bytesOf(random: RandomStream): Uint8Array {
  return Uint8Array.from({ length: 32 }, () => random.nextUint32() & 0xff)
}

function saltOf(random: RandomStream): Salt32 {
  const text = encodeBase64(bytesOf(random)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  return given(parseSalt32(text))
}

function hashOf(random: RandomStream): Hash {
  const digits = [...bytesOf(random)].map((byte) => byte.toString(16).padStart(2, '0'))
  return given(parseHash(digits.join('')))
}

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('A value of the study is missing')
  return value
}
