import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventQueue, ScheduledEvent } from '../../../src/simulation/world/event-queue.ts'

function pushed(queue: EventQueue, { at, tie, order }: { at: number; tie: number; order: number }): ScheduledEvent {
  const event = new ScheduledEvent(queue, at, { kind: 'x', run: () => undefined })
  event.enter(tie, order)
  return event
}

function byTime(one: ScheduledEvent, other: ScheduledEvent): number {
  return one.dueMs - other.dueMs || one.tie - other.tie || one.order - other.order
}

it('gives what a sorted list gives, whatever is pushed, cancelled and taken in between', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), at: fc.nat(9), tie: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pop' as const), at: fc.nat(9), tie: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), at: fc.nat(), tie: fc.nat(3) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const queue = new EventQueue()
      let waiting: ScheduledEvent[] = []
      const all: ScheduledEvent[] = []
      for (const [order, { kind, at, tie }] of steps.entries()) {
        if (kind === 'push') {
          const event = pushed(queue, { at, tie, order })
          waiting.push(event)
          all.push(event)
        } else if (kind === 'cancel' && all.length > 0) {
          const event = all[at % all.length] as ScheduledEvent
          queue.cancel(event)
          waiting = waiting.filter((each) => each !== event)
        } else if (kind === 'pop') {
          const [first] = waiting.toSorted(byTime)
          expect(queue.peek()).toBe(first)
          expect(queue.pop()).toBe(first)
          waiting = waiting.filter((each) => each !== first)
        }
        expect(queue.size).toBe(waiting.length)
      }
      const rest = Array.from(waiting, () => queue.pop())
      expect(rest).toEqual(waiting.toSorted(byTime))
      expect(queue.pop()).toBeUndefined()
    }),
    { seed: 2026, numRuns: 300 },
  )
})

it('does not grow by what is cancelled', () => {
  const queue = new EventQueue()
  pushed(queue, { at: 1, tie: 0, order: 0 })
  for (let order = 1; order < 100_000; order += 1) {
    pushed(queue, { at: 1_000 + order, tie: 0, order }).cancel()
  }
  expect(queue.size).toBe(1)
  expect((queue as unknown as { readonly heap: readonly unknown[] }).heap.length).toBeLessThan(200)
})
