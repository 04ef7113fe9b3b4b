import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { AuctionCall } from '../../../src/core/auction/auction-call.ts'
import { AUCTION_MACHINE } from '../../../src/core/auction/auction-machine.ts'
import { loseDeposit, returnDeposit } from '../../../src/core/auction/deposits.ts'

import type { Did } from '../../../src/core/evidence/names.ts'
import { Money } from './auction-money.ts'
import { AuctionWorld, CALL, bidOf, didOf, given } from './auction-world.ts'
import type { AuctionMachine } from './auction-world.ts'
import { AUCTION_PLANTS } from './auction-plants.ts'

const NAMES = ['alice', 'bob', 'carol', 'dave']
const PURSE = didOf('purse')
const FUNDS_CALL: AuctionCall = { ...CALL, forfeitTo: PURSE }

type Bidder = { readonly price: number; readonly funds: number; readonly isRevealed: boolean }

/** Plays an auction over the ledger; returns what is wrong. */
function findFault(
  machine: AuctionMachine,
  bidders: readonly Bidder[],
  { end, signs = true }: { readonly end: 'close' | 'cancel' | 'no-beacon'; readonly signs?: boolean },
): string | undefined {
  const money = new Money(bidders.map(({ funds }, at) => [didOf(NAMES[at] ?? ''), funds]))
  const world = new AuctionWorld(FUNDS_CALL, machine)
  world.publish()
  for (const [at, { price }] of bidders.entries()) {
    const name = NAMES[at] ?? ''
    const isHeld = money.run(world.commit(name, bidOf(price), 1000 + at), 1000 + at)
    if (!money.run(world.answerDeposit(name, isHeld, 1000 + at), 1000 + at))
      return 'an order behind an answer is refused'
  }
  if (end === 'cancel') money.run(world.cancel('buyer', 1500), 1500)
  else {
    world.fire('commit', 2000)
    for (const [at, { price, isRevealed, funds }] of bidders.entries()) {
      if (isRevealed && funds >= 5) world.reveal(NAMES[at] ?? '', bidOf(price), 2000 + at)
    }
    if (end === 'close') world.beacon('beacon', 2500)
    if (!money.run(world.fire('reveal', 3000), 3000)) return 'an order of the end is refused'
    if (end === 'no-beacon' && !money.run(world.fire('beacon', 3500), 3500)) return 'an order of the cancel is refused'
  }
  const winner = winnerOf(world)
  if (winner !== undefined) {
    if (money.balance(winner, 'held') !== 5n) return 'the winner has its deposit back before it has signed'
    const entry = given(world.transcript.entries.find(({ bidder }) => bidder === winner))
    const order = signs ? returnDeposit(world.auction, entry) : loseDeposit(FUNDS_CALL, world.auction, entry)
    if (!money.run([{ type: 'post-transfers', orders: [order] }], 3400)) return 'the deposit of the winner does not end'
  }
  let lost = 0n
  for (const [at, { funds, isRevealed }] of bidders.entries()) {
    const name = NAMES[at] ?? ''
    if (money.balance(didOf(name), 'held') !== 0n) return 'a deposit is still held'
    const isLost = end === 'close' && funds >= 5 && (!isRevealed || (didOf(name) === winner && !signs))
    if (isLost) lost += 5n
    if (money.balance(didOf(name)) !== BigInt(funds) - (isLost ? 5n : 0n)) return `${name} has another balance`
  }
  return money.balance(PURSE) === lost ? undefined : 'what was lost is not where it should be'
}

/** Whose deposit stays until the contract is held. */
function winnerOf({ state }: AuctionWorld): Did | undefined {
  return state.kind === 'closed' && state.outcome.kind === 'awarded' ? state.outcome.winner : undefined
}

const BIDDERS = fc.array(
  fc.record({
    price: fc.integer({ min: 1, max: 120 }),
    funds: fc.constantFrom(0, 4, 5, 6, 50),
    isRevealed: fc.boolean(),
  }),
  { maxLength: NAMES.length },
)
const END = fc.constantFrom('close' as const, 'cancel' as const, 'no-beacon' as const)

describe('deposits on the ledger', () => {
  it('are where they belong however an auction ends', () => {
    fc.assert(
      fc.property(BIDDERS, END, fc.boolean(), (bidders, end, signs) => {
        expect(findFault(AUCTION_MACHINE, bidders, { end, signs })).toBeUndefined()
      }),
      { numRuns: 200, seed: 11 },
    )
  })

  it.each(['non-reveal-returned', 'deposits-kept'])('shows the defect %s', (plant) => {
    const { machine } = given(AUCTION_PLANTS[plant])
    expect(findFault(machine, [{ price: 40, funds: 50, isRevealed: false }], { end: 'close' })).toBeDefined()
  })

  it('are free again by their expiry when the auctioneer vanishes', () => {
    const money = new Money([[didOf('alice'), 50]])
    const world = new AuctionWorld(FUNDS_CALL)
    world.publish()
    money.run(world.commit('alice', bidOf(40), 1000), 1000)
    money.apply({ type: 'holds-expired', at: timestampFromMs(4499) })
    expect(money.balance(didOf('alice'))).toBe(45n)
    money.apply({ type: 'holds-expired', at: timestampFromMs(4500) })
    expect(money.balance(didOf('alice'))).toBe(50n)
  })
})
