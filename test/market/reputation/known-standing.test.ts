import { describe, expect, it } from 'vitest'
import { amountFromNanos, ZERO_AMOUNT } from '../../../src/base/money.ts'
import { UNKNOWN_STANDING } from '../../../src/core/market/match-offers.ts'
import { REPUTATION_POLICY_DEFAULTS } from '../../../src/core/reputation/reputation-policy.ts'
import type { ReputationDetail } from '../../../src/core/reputation/reputation-view.ts'
import { exposureOf, standingOf } from '../../../src/market/reputation/known-standing.ts'
import { USD } from '../parties/market-world.ts'
import { KEYS } from '../parties/party-fixtures.ts'

const UNIT = 1_000_000n
const CREDIT = amountFromNanos(1_000_000_000n)

function booksOf(...details: readonly Partial<ReputationDetail>[]): Parameters<typeof standingOf>[0] {
  const known = details.map((detail): ReputationDetail => ({
    subject: KEYS.seller.did,
    role: 'worker',
    meanPpm: 900_000n,
    goodMicros: 100n * UNIT,
    badMicros: 0n,
    contracts: 40,
    counterparties: 7,
    flags: [],
    trustUnits: undefined,
    anchoredMeanPpm: undefined,
    raters: [],
    ring: undefined,
    ...detail,
  }))
  return {
    policy: { ...REPUTATION_POLICY_DEFAULTS, unitNanos: new Map([[USD, CREDIT]]) },
    show: (subject) => known.filter((detail) => detail.subject === subject),
  }
}

const stake = { currency: USD, bondNanos: ZERO_AMOUNT }

describe('what a buyer asks its books of a seller', () => {
  it('is the prior of a stranger, and of whoever is known in another role only', () => {
    for (const books of [booksOf(), booksOf({ role: 'payer' })]) {
      expect(standingOf(books, KEYS.seller.did)).toEqual(UNKNOWN_STANDING)
      expect(exposureOf(books, KEYS.seller.did, { ...stake, bondNanos: amountFromNanos(7n) })).toBe(7n)
    }
  })

  it('is the mean of its work, and a share of what that work was worth', () => {
    const books = booksOf({})
    expect(standingOf(books, KEYS.seller.did)).toEqual({
      capabilities: [],
      reputationPpm: 900_000,
      isNewcomer: false,
    })
    // One in a hundred of 100 credits.
    expect(exposureOf(books, KEYS.seller.did, stake)).toBe(CREDIT)
    expect(exposureOf(books, KEYS.seller.did, { ...stake, bondNanos: CREDIT })).toBe(2n * CREDIT)
  })

  it('is less in a ring, and nothing in credits that are not believed', () => {
    const members = [KEYS.seller.did, KEYS.rival.did]
    const ring = { members, inflowMicros: 20n * UNIT } as unknown as ReputationDetail['ring']
    expect(exposureOf(booksOf({ ring }), KEYS.seller.did, stake)).toBe(CREDIT / 10n)
    const strange = { ...booksOf({}), policy: { ...REPUTATION_POLICY_DEFAULTS, unitNanos: new Map() } }
    expect(exposureOf(strange, KEYS.seller.did, stake)).toBe(0n)
  })

  it('says who is a newcomer', () => {
    expect(standingOf(booksOf({ flags: ['newcomer'] }), KEYS.seller.did).isNewcomer).toBe(true)
  })
})
