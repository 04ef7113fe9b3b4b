import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import type { BidderStanding } from '../../../src/core/auction/determine-winner.ts'
import { hashTrieEntries, hashTrieSet } from '../../../src/core/collections/hash-trie.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { matchOffers } from '../../../src/core/market/match-offers.ts'
import type { OfferNeed } from '../../../src/core/market/match-offers.ts'
import { DIRECTORY_MACHINE, OFFERS_MAX, OFFERS_OF_SELLER_MAX } from '../../../src/core/market/offer-directory.ts'
import type { DirectoryEvent, DirectoryState, OfferTerms } from '../../../src/core/market/offer-directory.ts'
import { CURRENCY, didOf, hashOf } from '../auction/auction-world.ts'

const TERMS: OfferTerms = {
  skill: 'text.word-count',
  currency: CURRENCY,
  priceNanos: amountFromNanos(40n),
  latencyMs: durationFromMs(100),
  inputBytesMax: 1000,
  capabilities: ['count'],
  validFrom: timestampFromMs(1000),
  validUntil: timestampFromMs(2000),
  capacity: 2,
}
const NEED: OfferNeed = {
  skill: 'text.word-count',
  currency: CURRENCY,
  maximumNanos: amountFromNanos(100n),
  latencyMsMax: durationFromMs(1000),
  inputBytes: 10,
  filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: amountFromNanos(50n) },
  weights: { price: 1, latency: 0, reputation: 0 },
  need: hashOf('need'),
  at: timestampFromMs(1500),
}
const KNOWN: BidderStanding = { capabilities: ['count'], reputationPpm: 500_000, isNewcomer: false }

function published(seller: string, label: string, terms: Partial<OfferTerms> = {}, at = 1000): DirectoryEvent {
  return {
    type: 'offer-published',
    envelope: hashOf(label),
    iss: didOf(seller),
    seq: 0,
    prev: undefined,
    at: timestampFromMs(at),
    terms: { ...TERMS, ...terms },
  }
}

function withdrawn(seller: string, label: string, at = 1000): DirectoryEvent {
  const offer = hashOf(label)
  const message = { envelope: hashOf(`w ${label}`), iss: didOf(seller), seq: 1, prev: undefined }
  return { type: 'offer-withdrawn', ...message, at: timestampFromMs(at), offer }
}

function start(): DirectoryState {
  return DIRECTORY_MACHINE.initial({ at: timestampFromMs(0) })
}

/** Applies events; the last effects in short. */
function play(
  events: readonly DirectoryEvent[],
  first: DirectoryState = start(),
): { state: DirectoryState; said: string } {
  let state = first
  let said = ''
  for (const event of events) {
    const step = DIRECTORY_MACHINE.transition(state, event)
    said = step.effects.map((effect) => (effect.type === 'event-refused' ? effect.code : effect.type)).join()
    if (said.startsWith('MARKET_')) expect(step.state).toBe(state)
    state = step.state
    expect(DIRECTORY_MACHINE.violations(state)).toEqual([])
  }
  return { state, said }
}

describe('the directory of offers', () => {
  const work = (type: 'work-started' | 'work-ended', at = 1000): DirectoryEvent => ({
    type,
    offer: hashOf('a'),
    at: timestampFromMs(at),
  })

  it.each<[string, readonly DirectoryEvent[], string]>([
    ['lists an offer', [published('alice', 'a')], 'announce-offer'],
    ['lists it once', [published('alice', 'a'), published('alice', 'a')], 'MARKET_OFFER_EXISTS'],
    ['takes one in its last millisecond', [published('alice', 'a', {}, 1999)], 'announce-offer'],
    ['refuses one that has expired', [published('alice', 'a', {}, 2000)], 'MARKET_OFFER_EXPIRED'],
    [
      'refuses one that is never valid',
      [published('alice', 'a', { validFrom: TERMS.validUntil })],
      'MARKET_OFFER_INVALID',
    ],
    ['refuses one that takes nobody', [published('alice', 'a', { capacity: 0 })], 'MARKET_OFFER_INVALID'],
    ['refuses a capability twice', [published('alice', 'a', { capabilities: ['b', 'b'] })], 'MARKET_OFFER_INVALID'],
    ['forgets a withdrawn one', [published('alice', 'a'), withdrawn('alice', 'a')], 'retract-offer'],
    ['lets the seller alone withdraw', [published('alice', 'a'), withdrawn('bob', 'a')], 'MARKET_SIGNER_WRONG'],
    ['knows nothing of others', [withdrawn('bob', 'a')], 'MARKET_OFFER_UNKNOWN'],
    [
      'refuses stamps that run back',
      [published('alice', 'a', {}, 1500), published('bob', 'b', {}, 1499)],
      'MARKET_STAMP_BACKWARD',
    ],
    ['counts work', [published('alice', 'a'), work('work-started'), work('work-started')], ''],
    [
      'stops at the capacity',
      [published('alice', 'a'), work('work-started'), work('work-started'), work('work-started')],
      'MARKET_CAPACITY_SPENT',
    ],
    [
      'starts no work when it has expired',
      [published('alice', 'a'), work('work-started', 2000)],
      'MARKET_OFFER_EXPIRED',
    ],
    ['ends no more work than it started', [published('alice', 'a'), work('work-ended')], 'MARKET_CAPACITY_FREE'],
    ['keeps what is valid', [published('alice', 'a'), { type: 'offers-pruned', at: timestampFromMs(1999) }], ''],
    [
      'forgets what has expired',
      [published('alice', 'a'), { type: 'offers-pruned', at: timestampFromMs(2000) }],
      'retract-offer',
    ],
  ])('%s', (_name, events, expected) => {
    expect(play(events).said).toBe(expected)
  })

  it('takes a bounded number of offers of one seller', () => {
    const events = Array.from({ length: OFFERS_OF_SELLER_MAX }, (_, at) => published('alice', `offer ${at}`))
    const { state } = play(events)
    expect(play([published('alice', 'one more')], state).said).toBe('MARKET_SELLER_FULL')
    expect(play([published('bob', 'one more')], state).said).toBe('announce-offer')
  })

  it('is bounded, and makes room of what has expired', () => {
    let state = start()
    for (let at = 0; at < OFFERS_MAX; at += 1) {
      const event = published(`seller ${Math.floor(at / OFFERS_OF_SELLER_MAX)}`, `offer ${at}`, {
        validUntil: timestampFromMs(at === 0 ? 1500 : 2000),
      })
      state = hashTrieApplied(state, event)
    }
    expect(DIRECTORY_MACHINE.transition(state, published('zoe', 'late', {}, 1499)).effects).toEqual([
      { type: 'event-refused', code: 'MARKET_FULL' },
    ])
    const { effects } = DIRECTORY_MACHINE.transition(state, published('zoe', 'late', {}, 1500))
    expect(effects.map(({ type }) => type)).toEqual(['retract-offer', 'announce-offer'])
  })
})

/** The state with an offer put in directly: ten thousand searches for the seller's others would take minutes. */
function hashTrieApplied(state: DirectoryState, event: DirectoryEvent): DirectoryState {
  if (event.type !== 'offer-published') return state
  const { envelope: id, iss: seller, terms } = event
  return { ...state, offers: hashTrieSet(state.offers, id, { id, seller, terms, taken: 0 }) }
}

describe('matching', () => {
  const standings = new Map<Did, BidderStanding>(['alice', 'bob', 'carol'].map((name) => [didOf(name), KNOWN]))
  const foundOf = (events: readonly DirectoryEvent[], need: Partial<OfferNeed> = {}): ReturnType<typeof matchOffers> =>
    matchOffers(play(events).state, { ...NEED, ...need }, standings)

  it.each<[string, Partial<OfferTerms>, Partial<OfferNeed>]>([
    ['skill', { skill: 'other' }, {}],
    ['currency', {}, { currency: `EUR${CURRENCY.slice(3)}` as typeof CURRENCY }],
    ['not-valid', {}, { at: timestampFromMs(999) }],
    ['not-valid', {}, { at: timestampFromMs(2000) }],
    ['capability', {}, { filter: { ...NEED.filter, capabilities: ['other'] } }],
    ['capability', { capabilities: [] }, { filter: { ...NEED.filter, capabilities: ['count'] } }],
    ['reputation', {}, { filter: { ...NEED.filter, reputationPpmMin: 500_001 } }],
    ['input-size', {}, { inputBytes: 1001 }],
    ['latency', {}, { latencyMsMax: durationFromMs(99) }],
    ['price', {}, { maximumNanos: amountFromNanos(39n) }],
  ])('says that the reason is %s', (reason, terms, need) => {
    expect(foundOf([published('alice', 'a', terms)], need)).toEqual({ offers: [], mismatches: { [reason]: 1 } })
  })

  it('caps the exposure to newcomers', () => {
    const events = (price: bigint): DirectoryEvent[] => [
      published('nobody', 'n', { priceNanos: amountFromNanos(price) }),
    ]
    expect(foundOf(events(50n)).offers.length).toBe(1)
    expect(foundOf(events(51n)).mismatches).toEqual({ exposure: 1 })
  })

  it('passes by offers without room', () => {
    const taken: DirectoryEvent = { type: 'work-started', offer: hashOf('a'), at: timestampFromMs(1000) }
    expect(foundOf([published('alice', 'a', { capacity: 1 }), taken]).mismatches).toEqual({ capacity: 1 })
  })

  it('puts the lowest cost first, by the weights', () => {
    const events = [
      published('alice', 'a', { priceNanos: amountFromNanos(30n), latencyMs: durationFromMs(500) }),
      published('bob', 'b', { priceNanos: amountFromNanos(40n), latencyMs: durationFromMs(10) }),
    ]
    const sellersFor = (latency: number): readonly Did[] =>
      foundOf(events, { weights: { price: 10, latency, reputation: 0 } }).offers.map(({ seller }) => seller)
    expect(sellersFor(0)).toEqual([didOf('alice'), didOf('bob')])
    expect(sellersFor(1)).toEqual([didOf('bob'), didOf('alice')])
  })

  it('does not depend on the order of arrival, and breaks ties by the need', () => {
    const events = ['a', 'b', 'c', 'd', 'e'].map((label, at) =>
      published(['alice', 'bob', 'carol'][at % 3] ?? '', label),
    )
    const idsOf = (order: readonly DirectoryEvent[], need = 'need'): string =>
      foundOf(order, { need: hashOf(need) })
        .offers.map(({ id }) => id)
        .join()
    fc.assert(
      fc.property(fc.shuffledSubarray(events, { minLength: 5 }), (order) => {
        expect(idsOf(order)).toBe(idsOf(events))
      }),
      { numRuns: 50, seed: 3 },
    )
    expect(idsOf(events, 'another need')).not.toBe(idsOf(events))
    expect(hashTrieEntries(play(events).state.offers).length).toBe(5)
  })
})
