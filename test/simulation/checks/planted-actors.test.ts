import { expect, it } from 'vitest'
import { FailuresAnswered } from '../../../src/simulation/checks/failures-answered.ts'
import { TimersKept } from '../../../src/simulation/checks/timers-kept.ts'

const nobody = (): boolean => false

it('failures-answered finds what a supervisor does with a failure that it should not', () => {
  const told: (string | undefined)[] = []
  const failed = (): FailuresAnswered => {
    const answered = new FailuresAnswered()
    answered.started('a', 'team')
    answered.throws('a', 'team', 0)
    return answered
  }
  const well = failed()
  told.push(well.reported('a'), well.started('a', 'team'), well.restarted('a'), well.handles('a'))
  told.push(well.left(99, 10, nobody))
  expect(told).toEqual([undefined, undefined, undefined, undefined, undefined])
  expect(failed().handles('a')).toContain('with the state that it had')
  expect(failed().restarted('a')).toContain('nobody was told')
  expect(failed().left(99, 10, nobody)).toContain('99 ms ago')
  expect(failed().left(99, 10, () => true)).toBeUndefined()
  expect(well.reported('a')).toContain('did not')
  expect(well.started('a', 'team')).toContain('twice')
  const kept = failed()
  kept.reported('a')
  expect(kept.restarted('a')).toContain('with 0 new states')
})

it('timers-kept finds timers that fire early, late, twice, never, cancelled, or for who started again', () => {
  const timers = new TimersKept()
  const right = timers.set('a', 'x', 100)
  expect(timers.fired('a', right, 100)).toBeUndefined()
  expect(timers.fired('a', right, 100)).toContain('twice')
  expect(timers.fired('a', timers.set('a', 'x', 100), 10)).toContain('-90 ms')
  expect(timers.fired('a', timers.set('a', 'x', 100), 1_000)).toContain('900 ms')
  const cancelled = timers.set('a', 'x', 100)
  timers.cancelled('a', 'x', 0)
  expect(timers.fired('a', cancelled, 100)).toContain('cancelled')
  const again = timers.set('a', 'x', 100)
  timers.restarted('a', 0)
  expect(timers.fired('a', again, 100)).toContain('started again')
  const queued = timers.set('a', 'x', 100)
  timers.restarted('a', 100)
  expect(timers.fired('a', queued, 100)).toBeUndefined()
  expect(timers.left(1_000, nobody)).toBeUndefined()
  timers.set('a', 'x', 100)
  expect(timers.left(100, nobody)).toBeUndefined()
  expect(timers.left(1_000, nobody)).toContain('has not fired')
})

it('timers-kept finds a timer of an earlier life whose name was given to another one', () => {
  const timers = new TimersKept()
  const first = timers.set('a', 'x', 100)
  timers.set('a', 'x', 120)
  // As long as its owner lives it may fire as well.
  expect(timers.fired('a', timers.set('b', 'x', 100), 100)).toContain('twice')
  expect(timers.fired('a', first, 100)).toBeUndefined()
  const third = timers.set('a', 'x', 300)
  const fourth = timers.set('a', 'x', 300)
  timers.restarted('a', 200)
  for (const number of [third, fourth]) expect(timers.fired('a', number, 300)).toContain('started again')
  const refused = timers.set('a', 'x', 400)
  timers.refused(refused)
  expect(timers.left(1_000, nobody)).toContain('x of b')
  expect(timers.left(1_000, nobody)).toBeUndefined()
})
