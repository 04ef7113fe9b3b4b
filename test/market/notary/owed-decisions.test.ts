import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OwedDecisions, type SlotRange } from '../../../src/market/notary/set/owed-decisions.ts'

const PAUSE_MS = 250

/** Time that passes when it is told to, and what was sent. */
class Desk {
  readonly sent: { readonly at: number; readonly to: number; readonly range: SlotRange }[] = []
  readonly owed: OwedDecisions
  private now = 0
  private due: { readonly at: number; readonly run: () => void }[] = []

  constructor() {
    this.owed = new OwedDecisions({
      timers: {
        schedule: (delayMs, run) => {
          const entry = { at: this.now + delayMs, run }
          this.due.push(entry)
          return { cancel: () => void (this.due = this.due.filter((one) => one !== entry)) }
        },
      },
      pauseMs: PAUSE_MS,
      send: (to, range) => void this.sent.push({ at: this.now, to, range }),
    })
  }

  pass(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const [next] = this.due.toSorted((left, right) => left.at - right.at)
      if (next === undefined || next.at > end) break
      this.due = this.due.filter((one) => one !== next)
      this.now = next.at
      next.run()
    }
    this.now = end
  }
}

const rangeOf = (fromSlot: number, toSlot: number): SlotRange => ({ fromSlot, toSlot })

describe('decisions for a member that is behind', () => {
  test('go out at once, and what is asked for in the pause goes out together at its end', () => {
    const desk = new Desk()
    desk.owed.ask(1, rangeOf(3, 9))
    desk.owed.ask(1, rangeOf(5, 11))
    desk.owed.ask(1, rangeOf(2, 4))
    expect(desk.sent).toEqual([{ at: 0, to: 1, range: rangeOf(3, 9) }])
    desk.pass(1_000)
    expect(desk.sent).toEqual([
      { at: 0, to: 1, range: rangeOf(3, 9) },
      { at: 250, to: 1, range: rangeOf(2, 11) },
    ])
  })

  test('of one member wait for no other', () => {
    const desk = new Desk()
    desk.owed.ask(1, rangeOf(3, 9))
    desk.owed.ask(2, rangeOf(3, 9))
    expect(desk.sent.map(({ to }) => to)).toEqual([1, 2])
  })

  test('that are owed are forgotten with the replica', () => {
    const desk = new Desk()
    desk.owed.ask(1, rangeOf(3, 9))
    desk.owed.ask(1, rangeOf(3, 9))
    desk.owed.cancelTimers()
    desk.pass(1_000)
    expect(desk.sent).toHaveLength(1)
  })

  test('go out once in a pause, whatever is asked for, and nothing that is asked for is left out', () => {
    const asked = fc.record({ from: fc.integer({ min: 1, max: 40 }), more: fc.nat(15), waitMs: fc.nat(300) })
    fc.assert(
      fc.property(fc.array(asked, { minLength: 1, maxLength: 30 }), (asks) => {
        const desk = new Desk()
        let now = 0
        const askedAt = asks.map(({ from, more, waitMs }) => {
          desk.pass(waitMs)
          now += waitMs
          desk.owed.ask(0, rangeOf(from, from + more))
          return { now, range: rangeOf(from, from + more) }
        })
        desk.pass(2 * PAUSE_MS)
        for (const [index, { at }] of desk.sent.entries())
          if (index > 0) expect(at - (desk.sent[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(PAUSE_MS)
        for (const { now: atMs, range } of askedAt)
          expect(
            desk.sent.some(
              (one) =>
                one.at >= atMs &&
                one.at <= atMs + PAUSE_MS &&
                one.range.fromSlot <= range.fromSlot &&
                one.range.toSlot >= range.toSlot,
            ),
          ).toBe(true)
      }),
    )
  })
})
