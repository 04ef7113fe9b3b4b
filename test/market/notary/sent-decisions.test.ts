import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SentDecisions, type SlotRange } from '../../../src/market/notary/set/sent-decisions.ts'

type Sending = { now: number; readonly sent: SentDecisions }

function createClock(): Sending {
  const clock: Sending = { now: 0, sent: new SentDecisions(250, () => clock.now) }
  return clock
}

const rangeOf = (fromSlot: number, toSlot: number): SlotRange => ({ fromSlot, toSlot })

describe('decisions for a member that is behind', () => {
  test('are sent once, however often it asks, until they may have been lost', () => {
    const clock = createClock()
    expect(clock.sent.take(1, rangeOf(3, 9))).toEqual(rangeOf(3, 9))
    for (clock.now = 0; clock.now < 250; clock.now += 10) expect(clock.sent.take(1, rangeOf(3, 9))).toBeUndefined()
    expect(clock.sent.take(1, rangeOf(3, 9))).toEqual(rangeOf(3, 9))
  })

  test('are sent as far as they are new', () => {
    const { sent } = createClock()
    sent.take(1, rangeOf(3, 9))
    expect(sent.take(1, rangeOf(4, 11))).toEqual(rangeOf(10, 11))
    expect(sent.take(1, rangeOf(1, 5))).toEqual(rangeOf(1, 2))
    expect(sent.take(1, rangeOf(1, 11))).toBeUndefined()
  })

  test('are due again behind the window of those that were sent first', () => {
    const clock = createClock()
    clock.sent.take(1, rangeOf(1, 1))
    clock.now = 240
    clock.sent.take(1, rangeOf(1, 2))
    clock.now = 250
    expect(clock.sent.take(1, rangeOf(1, 2))).toEqual(rangeOf(1, 2))
  })

  test('of one member are nothing to another', () => {
    const { sent } = createClock()
    sent.take(1, rangeOf(3, 9))
    expect(sent.take(2, rangeOf(3, 9))).toEqual(rangeOf(3, 9))
  })

  test('go out once in a window each, whatever is asked for, and whatever is asked for in a new window goes out', () => {
    const asked = fc
      .tuple(fc.integer({ min: 1, max: 40 }), fc.nat(15))
      .map(([from, more]) => rangeOf(from, from + more))
    fc.assert(
      fc.property(fc.array(asked, { minLength: 1, maxLength: 30 }), asked, (asks, last) => {
        const clock = createClock()
        const counts = new Map<number, number>()
        for (const range of asks) {
          const { fromSlot, toSlot } = clock.sent.take(0, range) ?? rangeOf(1, 0)
          for (let slot = fromSlot; slot <= toSlot; slot += 1) counts.set(slot, (counts.get(slot) ?? 0) + 1)
        }
        expect(Math.max(...counts.values())).toBe(1)
        clock.now += 250
        expect(clock.sent.take(0, last)).toEqual(last)
      }),
    )
  })
})
