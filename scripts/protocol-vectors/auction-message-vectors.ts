import { amountFromNanos } from '../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../src/base/time.ts'
import type { Salt32 } from '../../src/core/auction/delimited-hash.ts'
import type { Hash } from '../../src/core/evidence/names.ts'
import type { Currency } from '../../src/core/ledger/ledger-names.ts'
import type { MessageBody } from '../../src/wire/v1/message-types.ts'
import type { Vector } from './vector.ts'
import { accepted, rawEnvelope, refused, VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker, notary } = VECTOR_KEYS
const AUCTION = '77'.repeat(32) as Hash
const REQUEST = '88'.repeat(32) as Hash
const HASH = '99'.repeat(32) as Hash
const SALT = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' as Salt32
const CURRENCY = `USD@${notary.did}` as Currency
const AT = timestampFromMs(1_790_000_000_500)
const BID = { priceNanos: amountFromNanos(400_000_000n), latencyMs: durationFromMs(1_000) }

const CALL: MessageBody<'auction-call'>['call'] = {
  auctioneer: payer.did,
  buyer: payer.did,
  skill: 'text.word-count',
  task: HASH,
  currency: CURRENCY,
  kind: 'second',
  reservePriceNanos: amountFromNanos(1_000_000_000n),
  latencyMsMax: durationFromMs(60_000),
  depositNanos: amountFromNanos(10_000_000n),
  forfeitTo: notary.did,
  opensAt: AT,
  bidMs: durationFromMs(10_000),
  revealMs: durationFromMs(5_000),
  settleMs: durationFromMs(5_000),
  bidsMax: 16,
  filter: { capabilities: ['text.count'], reputationPpmMin: 400_000, newcomerExposureNanos: amountFromNanos(0n) },
  weights: { price: 1, latency: 0, reputation: 0 },
  salt: SALT,
}

const RECEIPT: MessageBody<'auction-receipt'> = {
  auction: AUCTION,
  stage: 'commitment',
  bidder: worker.did,
  standing: { capabilities: ['text.count'], reputationPpm: 500_000, isNewcomer: false },
  commitment: HASH,
  envelope: REQUEST,
  at: AT,
}

/** One accepted envelope of every message, and what their bodies refuse. */
export function auctionMessageVectors(): readonly Vector[] {
  return [...auctionMessages(), ...marketMessages(), ...delegationMessages(), ...refusedBodies()]
}

function auctionMessages(): readonly Vector[] {
  const english = {
    minimumDecrementNanos: amountFromNanos(1n),
    extensionWindowMs: durationFromMs(1_000),
    extensionMs: durationFromMs(2_000),
    extensionsMax: 3,
  }
  return [
    accepted('call for proposals', { type: 'auction-call', body: { call: CALL } }),
    accepted('call for open bids', {
      type: 'auction-call',
      body: { call: { ...CALL, kind: 'english', english, notarySet: HASH } },
    }),
    accepted('commitment', { type: 'auction-commitment', body: { auction: AUCTION, commitment: HASH } }, worker),
    accepted('receipt of a commitment', { type: 'auction-receipt', body: RECEIPT }),
    accepted('refusal', {
      type: 'auction-refusal',
      body: { auction: AUCTION, envelope: REQUEST, code: 'AUCTION_LATE', at: AT },
    }),
    accepted('list of commitments', { type: 'auction-commitments', body: { auction: AUCTION, commitments: [HASH] } }),
    accepted('reveal', { type: 'auction-reveal', body: { auction: AUCTION, salt: SALT, bid: BID } }, worker),
    accepted('open bid', { type: 'auction-bid', body: { auction: AUCTION, bid: BID } }, worker),
    accepted('cancelled call', { type: 'auction-cancel', body: { auction: AUCTION, reason: 'called-off' } }),
    accepted('transcript with a winner', {
      type: 'auction-transcript',
      body: {
        auction: AUCTION,
        transcriptHash: HASH,
        outcome: { kind: 'awarded', winner: worker.did, clearingNanos: BID.priceNanos },
      },
    }),
    accepted('transcript without a winner', {
      type: 'auction-transcript',
      body: { auction: AUCTION, transcriptHash: HASH, outcome: { kind: 'not-awarded', reason: 'no-bids' } },
    }),
  ]
}

function marketMessages(): readonly Vector[] {
  return [
    accepted(
      'standing offer',
      {
        type: 'market-offer',
        body: {
          skill: 'text.word-count',
          currency: CURRENCY,
          priceNanos: BID.priceNanos,
          latencyMs: BID.latencyMs,
          inputBytesMax: 65_536,
          capabilities: ['text.count'],
          validFrom: AT,
          validUntil: timestampFromMs(AT + 3_600_000),
          capacity: 4,
          node: worker.did,
        },
      },
      worker,
    ),
    accepted('withdrawn offer', { type: 'market-withdraw', body: { offer: HASH } }, worker),
  ]
}

function delegationMessages(): readonly Vector[] {
  const of = { request: REQUEST }
  return [
    accepted('request to do a task', {
      type: 'delegation-request',
      body: {
        skill: 'text.word-count',
        task: HASH,
        inputHash: HASH,
        inputBytes: 1_024,
        capability: HASH,
        currency: CURRENCY,
        maximumNanos: BID.priceNanos,
        answerBy: AT,
        finishBy: timestampFromMs(AT + 60_000),
        progressMs: durationFromMs(5_000),
      },
    }),
    accepted('accepted request', { type: 'delegation-accept', body: { ...of, startsAt: AT } }, worker),
    accepted('refused request', { type: 'delegation-refuse', body: { ...of, code: 'DELEGATION_BUSY' } }, worker),
    accepted('progress', { type: 'delegation-progress', body: { ...of, step: 1, donePpm: 250_000 } }, worker),
    accepted(
      'part of a result',
      { type: 'delegation-partial', body: { ...of, part: 0, partHash: HASH, partBytes: 512 } },
      worker,
    ),
    accepted(
      'result',
      { type: 'delegation-result', body: { ...of, resultHash: HASH, resultBytes: 512, parts: 1 } },
      worker,
    ),
    accepted(
      'failure',
      { type: 'delegation-failure', body: { ...of, code: 'DELEGATION_FAILED', note: 'no model' } },
      worker,
    ),
    accepted('cancelled task', { type: 'delegation-cancel', body: { ...of, reason: 'not-needed' } }),
    accepted('stopped task', { type: 'delegation-cancelled', body: { ...of, parts: 1 } }, worker),
  ]
}

function refusedBodies(): readonly Vector[] {
  const wrong = (name: string, type: string, body: unknown): Vector =>
    refused(name, 'ENVELOPE_BODY_SHAPE', { envelope: rawEnvelope(body, { type }) })
  const reveal = { auction: AUCTION, salt: SALT, bid: { priceNanos: '1', latencyMs: 1 } }
  return [
    wrong('a price that is a number', 'auction-reveal', { ...reveal, bid: { priceNanos: 1, latencyMs: 1 } }),
    wrong('a price with a leading zero', 'auction-reveal', { ...reveal, bid: { priceNanos: '01', latencyMs: 1 } }),
    wrong('a salt of 31 bytes', 'auction-reveal', { ...reveal, salt: SALT.slice(0, 42) }),
    wrong('a salt whose last digit carries bits', 'auction-reveal', { ...reveal, salt: `${SALT.slice(0, 42)}9` }),
    wrong('a bid with a note', 'auction-bid', { auction: AUCTION, bid: { ...reveal.bid, note: 'choose me' } }),
    wrong('257 commitments', 'auction-commitments', {
      auction: AUCTION,
      commitments: Array.from({ length: 257 }, () => HASH),
    }),
    wrong('a winner without a price', 'auction-transcript', {
      auction: AUCTION,
      transcriptHash: HASH,
      outcome: { kind: 'awarded', winner: worker.did },
    }),
    wrong('more than all of it done', 'delegation-progress', { request: REQUEST, step: 1, donePpm: 1_000_001 }),
  ]
}
