import { expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { type Did, parseDid } from '../../../src/core/evidence/names.ts'
import { firstListed, winnersPlace } from './equal-bids.ts'
import { roundsFor } from './study.ts'

const BIDDERS = ['2', '3', '4', '5'].map((digit) => parseDid(`did:key:z6Mk${digit.repeat(44)}`) as Did)

it('every place wins, in auctions of each kind and among standing offers', () => {
  const random = createRandomStream(1)
  const places = (play: () => number): number => new Set(Array.from({ length: 60 }, play)).size
  for (const kind of ['first', 'second'] as const)
    for (const hasBeacon of [true, false])
      expect(places(() => winnersPlace({ kind, hasBeacon, bidders: BIDDERS, random }))).toBe(4)
  expect(places(() => firstListed({ bidders: BIDDERS, random }))).toBe(4)
})

it('so many rounds make the interval as narrow as is asked for', () => {
  expect(roundsFor(2, 0.02)).toBe(Math.ceil(((1.96 * 2) / 0.02) ** 2))
  expect(roundsFor(4, 0.01)).toBeGreaterThan(3 * roundsFor(4, 0.02))
})
