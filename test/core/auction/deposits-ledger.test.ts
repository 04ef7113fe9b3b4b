import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { HOUR_MS, timestampFromMs } from '../../../src/base/time.ts'
import type { AuctionCall } from '../../../src/core/auction/auction-call.ts'
import { AUCTION_MACHINE } from '../../../src/core/auction/auction-machine.ts'
import type { AuctionEffect } from '../../../src/core/auction/auction-state.ts'
import type { Evidence } from '../../../src/core/evidence/evidence.ts'
import type { LedgerEffect, LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import { formatAccountId, parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import type { AccountKind } from '../../../src/core/ledger/ledger-names.ts'
import { balanceOf } from '../../../src/core/ledger/ledger-state.ts'
import type { LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import { AuctionWorld, CALL, CURRENCY, ISSUER, bidOf, didOf, given, hashOf } from './auction-world.ts'
import type { AuctionMachine } from './auction-world.ts'
import { AUCTION_PLANTS } from './auction-plants.ts'

const NAMES = ['alice', 'bob', 'carol', 'dave']
const PURSE = didOf('purse')
const FUNDS_CALL: AuctionCall = { ...CALL, forfeitTo: PURSE }

type Bidder = { readonly price: number; readonly funds: number; readonly isRevealed: boolean }

/** The real ledger beside the auction: orders go to it, its answers come back. */
class Money {
  state: LedgerState = LEDGER_MACHINE.initial({ at: timestampFromMs(0) })

  constructor(funds: readonly number[]) {
    const recovery = { recoveryKey: didOf('recovery'), recoveryDelay: HOUR_MS }
    this.apply({
      type: 'currency-registered',
      ...signed(0),
      currency: CURRENCY,
      cap: amountFromNanos(1_000n),
      ...recovery,
    })
    for (const [at, amount] of funds.entries()) {
      if (amount === 0) continue
      const id = given(parseTransferId(String(at + 1).padStart(32, '0')))
      const owner = didOf(NAMES[at] ?? '')
      const issued = { id, owner, currency: CURRENCY, amount: amountFromNanos(BigInt(amount)) }
      this.apply({ type: 'credits-issued', ...signed(at + 1), ...issued, reference: `paid ${at}`, isConfirmed: true })
    }
  }

  apply(event: LedgerEvent): readonly LedgerEffect[] {
    const { state, effects } = LEDGER_MACHINE.transition(this.state, event)
    const broken = LEDGER_MACHINE.violations(state)
    if (broken.length > 0) throw new Error(broken.join('; '))
    this.state = state
    return effects
  }

  /** Whether every order was taken. */
  run(effects: readonly AuctionEffect[], at: number): boolean {
    return effects.every((effect) => {
      if (effect.type !== 'post-transfers') return true
      const answers = this.apply({ type: 'transfers-submitted', at: timestampFromMs(at), orders: effect.orders })
      return answers.every(({ type }) => type !== 'event-refused')
    })
  }

  balance(name: string, kind: AccountKind = 'available'): bigint {
    return balanceOf(this.state, formatAccountId({ owner: didOf(name), kind, currency: CURRENCY }))
  }
}

function signed(seq: number): Evidence {
  return { envelope: hashOf(`issuer ${seq}`), iss: ISSUER, seq, prev: undefined, at: timestampFromMs(0) }
}

/** Plays an auction over the ledger; returns what is wrong. */
function findFault(
  machine: AuctionMachine,
  bidders: readonly Bidder[],
  end: 'close' | 'cancel' | 'no-beacon',
): string | undefined {
  const money = new Money(bidders.map(({ funds }) => funds))
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
  let lost = 0n
  for (const [at, { funds, isRevealed }] of bidders.entries()) {
    const name = NAMES[at] ?? ''
    if (money.balance(name, 'held') !== 0n) return 'a deposit is still held'
    const isLost = end === 'close' && funds >= 5 && !isRevealed
    if (isLost) lost += 5n
    if (money.balance(name) !== BigInt(funds) - (isLost ? 5n : 0n)) return `${name} has another balance`
  }
  return money.balance('purse') === lost ? undefined : 'what was lost is not where it should be'
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
      fc.property(BIDDERS, END, (bidders, end) => {
        expect(findFault(AUCTION_MACHINE, bidders, end)).toBeUndefined()
      }),
      { numRuns: 200, seed: 11 },
    )
  })

  it.each(['non-reveal-returned', 'deposits-kept'])('shows the defect %s', (plant) => {
    const { machine } = given(AUCTION_PLANTS[plant])
    expect(findFault(machine, [{ price: 40, funds: 50, isRevealed: false }], 'close')).toBeDefined()
  })

  it('are free again by their expiry when the auctioneer vanishes', () => {
    const money = new Money([50])
    const world = new AuctionWorld(FUNDS_CALL)
    world.publish()
    money.run(world.commit('alice', bidOf(40), 1000), 1000)
    money.apply({ type: 'holds-expired', at: timestampFromMs(3999) })
    expect(money.balance('alice')).toBe(45n)
    money.apply({ type: 'holds-expired', at: timestampFromMs(4000) })
    expect(money.balance('alice')).toBe(50n)
  })
})
