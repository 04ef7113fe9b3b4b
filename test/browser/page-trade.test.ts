import { describe, expect, it } from 'vitest'
import type { Timestamp } from '../../src/base/time.ts'
import { isSameOffer, offerTermsOf } from '../../src/browser/page-trade.ts'
import { USD } from '../market/parties/market-world.ts'

const NOW = 1_700_000_000_000
const MINUTE_MS = 60_000
const OFFER = { skill: 'page.shout', priceNanos: 1_000n, currency: USD, validMs: 10 * MINUTE_MS }

describe('an offer that a page makes again', () => {
  const standing = offerTermsOf(OFFER, NOW as Timestamp)
  const again = (afterMs: number, changes: Partial<typeof OFFER> = {}): boolean =>
    isSameOffer(standing, offerTermsOf({ ...OFFER, ...changes }, (NOW + afterMs) as Timestamp))

  it('is the one that stands, where it ends when that one does or sooner', () => {
    expect(again(0)).toBe(true)
    expect(again(MINUTE_MS)).toBe(true)
    expect(again(MINUTE_MS, { validMs: 2 * MINUTE_MS })).toBe(true)
  })

  it('is another one where it is to stand longer, or says something else', () => {
    expect(again(MINUTE_MS + 1)).toBe(false)
    expect(again(0, { validMs: 60 * MINUTE_MS })).toBe(false)
    expect(again(0, { priceNanos: 999n })).toBe(false)
  })
})
