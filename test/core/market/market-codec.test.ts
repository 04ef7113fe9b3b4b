import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import {
  formatDirectoryEvent,
  formatDirectoryState,
  formatPriceHistory,
  parseDirectoryEvent,
  parseDirectoryState,
  parsePriceHistory,
} from '../../../src/core/market/market-codec.ts'
import { DIRECTORY_MACHINE } from '../../../src/core/market/offer-directory.ts'
import type { DirectoryEvent } from '../../../src/core/market/offer-directory.ts'
import { EMPTY_PRICE_HISTORY, recordPrice } from '../../../src/core/market/price-history.ts'
import { CURRENCY, didOf, hashOf } from '../auction/auction-world.ts'

const at = timestampFromMs(1000)
const EVENTS: readonly DirectoryEvent[] = [
  {
    type: 'offer-published',
    envelope: hashOf('offer'),
    iss: didOf('alice'),
    seq: 0,
    prev: undefined,
    at,
    terms: {
      skill: 'text.word-count',
      currency: CURRENCY,
      priceNanos: amountFromNanos(18_446_744_073_709_551_615n),
      latencyMs: durationFromMs(100),
      inputBytesMax: 1000,
      capabilities: ['count'],
      validFrom: at,
      validUntil: timestampFromMs(2000),
      capacity: 2,
    },
  },
  { type: 'work-started', offer: hashOf('offer'), at },
  { type: 'work-ended', offer: hashOf('offer'), at },
  { type: 'offers-pruned', at },
  {
    type: 'offer-withdrawn',
    envelope: hashOf('withdrawal'),
    iss: didOf('alice'),
    seq: 1,
    prev: hashOf('offer'),
    at,
    offer: hashOf('offer'),
  },
]

function throughText(json: unknown): unknown {
  return JSON.parse(canonicalJson(json))
}

describe('JSON of the market', () => {
  it('brings events back', () => {
    for (const event of EVENTS) expect(parseDirectoryEvent(throughText(formatDirectoryEvent(event)))).toEqual(event)
  })

  it('brings every state back', () => {
    let state = DIRECTORY_MACHINE.initial({ at })
    for (const event of EVENTS) {
      state = DIRECTORY_MACHINE.transition(state, event).state
      const text = canonicalJson(formatDirectoryState(state))
      const read = parseDirectoryState(JSON.parse(text))
      expect(read === undefined ? '' : canonicalJson(formatDirectoryState(read))).toBe(text)
    }
  })

  it('brings a price history back', () => {
    const price = { skill: 'text', currency: CURRENCY, priceNanos: amountFromNanos(7n), weight: 3, isHeard: true, at }
    const history = recordPrice(EMPTY_PRICE_HISTORY, price)
    expect(parsePriceHistory(throughText(formatPriceHistory(history)))).toEqual(history)
  })

  it('refuses anything else', () => {
    const event = { type: 'offers-pruned', at: 1 }
    expect(parseDirectoryEvent(event)).toEqual(event)
    for (const json of [
      null,
      [],
      {},
      { ...event, at: -1 },
      { ...event, at: 1.5 },
      { ...event, extra: 1 },
      { type: 'x', at: 1 },
    ]) {
      expect(parseDirectoryEvent(json)).toBeUndefined()
    }
    expect(parseDirectoryState({ at: 1, offers: [{}] })).toBeUndefined()
    expect(parsePriceHistory({ series: [{ skill: 'a' }] })).toBeUndefined()
  })
})
