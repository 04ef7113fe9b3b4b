import { expect, test } from 'vitest'
import { AUCTION_TORTURE } from './auction-torture.ts'
import { exploreAuction } from './explore-auction.ts'

test('every state of small auctions is sound and ends by timers alone', { timeout: 60_000 }, () => {
  const { failures, isComplete, kinds, states, edges, codes } = exploreAuction()
  expect(failures).toEqual([])
  expect(isComplete).toBe(true)
  expect(kinds).toEqual(['awaiting-beacon', 'bidding', 'cancelled', 'closed', 'draft', 'open', 'revealing'])
  expect({ states, edges, codes: codes.length }).toEqual({ states: 2788, edges: 11_208, codes: 16 })
})

test('a round finds nothing, and a planted defect', { timeout: 60_000 }, async () => {
  const init = { runs: 1, deadlineMs: undefined, firstSeed: 1, log: () => {} }
  expect((await AUCTION_TORTURE.run({ ...init, plant: '' })).failures).toEqual([])
  expect((await AUCTION_TORTURE.run({ ...init, plant: 'late-cancel' })).failures).not.toEqual([])
})
