import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Amount } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import type { Currency } from '../../../src/core/ledger/ledger-names.ts'
import { refuseLeaving } from '../../../src/core/peer-tier/may-leave.ts'
import {
  costOfOffer,
  type OfferNeed,
  type OfferRefusal,
  type PeerOffer,
  refuseOffer,
  usdOfCredits,
} from '../../../src/core/peer-tier/peer-offer.ts'

const nanos = (value: bigint): Amount => value as Amount
const OFFER: PeerOffer = {
  id: 'o'.repeat(64) as Hash,
  seller: 'did:key:seller' as Did,
  node: 'did:key:node' as Did,
  source: 'asked',
  skill: 'chat.general',
  currency: 'USD@did:key:bank' as Currency,
  priceNanos: nanos(1_000_000n),
  latencyMs: durationFromMs(2_000),
  inputBytesMax: 1_000,
  validFrom: timestampFromMs(1_000),
  validUntil: timestampFromMs(2_000),
  capacity: 2,
  reputationPpm: 500_000,
  roomNanos: nanos(5_000_000n),
}
const NEED: OfferNeed = {
  skill: 'chat.general',
  currency: OFFER.currency,
  inputBytes: 100,
  latencyMsMax: 10_000,
  priceNanosMax: nanos(2_000_000n),
  reputationPpmMin: 0,
  at: timestampFromMs(1_500),
}

describe('offers', () => {
  it.each<readonly [OfferRefusal, Partial<PeerOffer>, number]>([
    ['skill', { skill: 'other' }, 0],
    ['currency', { currency: 'EUR@did:key:bank' as Currency }, 0],
    ['not-valid', { validUntil: timestampFromMs(1_500) }, 0],
    ['not-valid', { validFrom: timestampFromMs(1_501) }, 0],
    ['capacity', {}, 2],
    ['input-size', { inputBytesMax: 99 }, 0],
    ['latency', { latencyMs: durationFromMs(10_001) }, 0],
    ['price', { priceNanos: nanos(2_000_001n) }, 0],
    ['exposure', { roomNanos: nanos(999_999n) }, 0],
  ])('are refused for their %s', (reason, change, underWay) => {
    expect(refuseOffer({ ...OFFER, ...change }, NEED, underWay)).toBe(reason)
    expect(refuseOffer(OFFER, NEED, 1)).toBeUndefined()
  })

  it('are refused for their reputation where the operator asks for more', () => {
    expect(refuseOffer(OFFER, { ...NEED, reputationPpmMin: 500_001 }, 0)).toBe('reputation')
  })

  it('cost their price at the operator rate, rounded up, and what it costs that money is tied up', () => {
    const rules = {
      custody: 'C2',
      usdNanosPerCredit: nanos(500_000_000n),
      bondPerMillion: 100_000,
      lockedMs: 60_000,
    } as const
    expect(costOfOffer(OFFER, rules)).toEqual({ paidNanos: 500_000n, lockedNanos: 1n })
    expect(usdOfCredits(1n, { usdNanosPerCredit: nanos(1n) })).toBe(1n)
    expect(usdOfCredits(0n, { usdNanosPerCredit: nanos(1n) })).toBe(0n)
  })

  it('cost the more the dearer, and the longer money and bond are tied up', () => {
    const amounts = fc.bigInt({ min: 0n, max: 10_000_000_000n })
    fc.assert(
      fc.property(amounts, amounts, fc.integer({ min: 0, max: 10_000_000 }), (price, more, lockedMs) => {
        const rules = {
          custody: 'C2',
          usdNanosPerCredit: nanos(1_000_000_000n),
          bondPerMillion: 100_000,
          lockedMs,
        } as const
        const one = costOfOffer({ priceNanos: nanos(price) }, rules)
        const dearer = costOfOffer({ priceNanos: nanos(price + more) }, rules)
        const bonded = costOfOffer({ priceNanos: nanos(price) }, { ...rules, custody: 'C3' })
        expect(one.paidNanos).toBe(price)
        expect(dearer.paidNanos + dearer.lockedNanos).toBeGreaterThanOrEqual(one.paidNanos + one.lockedNanos)
        expect(bonded.lockedNanos).toBeGreaterThanOrEqual(one.lockedNanos)
      }),
      { numRuns: 200 },
    )
  })
})

describe('what may leave', () => {
  const rule = { tenants: ['acme'], riskMax: 'low', hasContext: false } as const
  const task = { tenant: 'acme', isBarePrompt: true, isPlain: true, isConfined: false, hasJudge: true }

  it.each([
    ['the caller says who may see the task', { isConfined: true }],
    ['its tenant has not agreed to peers', { tenant: 'other' }],
    ['tools, images and forms of answers are not shown to peers', { isPlain: false }],
    ['no judge may check what a peer says', { hasJudge: false }],
    ['the operator lets no conversation leave, but single questions', { isBarePrompt: false }],
  ])('is nothing of which %s', (because, change) => {
    expect(refuseLeaving(rule, { ...task, ...change })).toBe(because)
  })

  it('is a plain question of a tenant that agreed, and a conversation where the operator says so', () => {
    expect(refuseLeaving(rule, task)).toBeUndefined()
    expect(
      refuseLeaving({ ...rule, tenants: ['*'], hasContext: true }, { ...task, tenant: 'x', isBarePrompt: false }),
    ).toBeUndefined()
  })
})
