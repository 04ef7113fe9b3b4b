import { describe, expect, it } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import type { CardEntry } from '../../../src/core/market/card-directory.ts'
import type { OfferTerms } from '../../../src/core/market/offer-directory.ts'
import { rankCards } from '../../../src/core/market/rank-cards.ts'
import { CURRENCY, didOf, hashOf } from '../auction/auction-world.ts'

const AT = timestampFromMs(1_500)

type EntryInit = {
  readonly teller?: string
  readonly price?: bigint
  readonly isKnown?: boolean
  readonly terms?: Partial<OfferTerms>
}

function entry(name: string, { teller = 'a', price = 40n, isKnown = false, terms = {} }: EntryInit = {}): CardEntry {
  const node = didOf(name)
  const offer: OfferTerms = {
    skill: 'text.word-count',
    currency: CURRENCY,
    priceNanos: amountFromNanos(price),
    latencyMs: durationFromMs(100),
    inputBytesMax: 1_000,
    capabilities: [],
    validFrom: timestampFromMs(1_000),
    validUntil: timestampFromMs(2_000),
    capacity: 1,
    ...terms,
  }
  const offers = [{ id: hashOf(name), seller: node, terms: offer }]
  return {
    card: { node, accounts: [node], addresses: [], custody: [], models: [], offers, receipts: [] },
    envelope: hashOf(name),
    seq: 0,
    until: timestampFromMs(9_000),
    since: timestampFromMs(1_000),
    teller: didOf(teller),
    isKnown,
  }
}

function ranked(entries: readonly CardEntry[], nodesMax = 16): readonly string[] {
  return rankCards(entries, { skill: 'text.word-count', at: AT, nodesMax }).map(({ card }) => card.node)
}

describe('nodes to ask for a skill', () => {
  it('are those with an offer for it that is valid now', () => {
    const others = [
      entry('other', { terms: { skill: 'text.other' } }),
      entry('past', { terms: { validUntil: AT } }),
      entry('future', { terms: { validFrom: timestampFromMs(1_501) } }),
    ]
    expect(ranked([...others, entry('fits')])).toEqual([didOf('fits')])
  })

  it('are known ones first, however cheap strangers are', () => {
    expect(ranked([entry('stranger', { price: 1n }), entry('friend', { isKnown: true })])).toEqual([
      didOf('friend'),
      didOf('stranger'),
    ])
  })

  it('are of each neighbour the cheapest in turn, so that many names of one shut nobody out', () => {
    const flood = Array.from({ length: 100 }, (_, at) => entry(`flood-${at}`, { teller: 'a', price: 1n }))
    const honest = entry('honest', { teller: 'b', price: 500n })
    expect(ranked([...flood, honest], 2)[1]).toBe(didOf('honest'))
    expect(ranked([...flood, honest])).toHaveLength(16)
  })
})
