import { expect, it } from 'vitest'
import { observeQuiet } from '../../../src/actors/threads/quiet-environment.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

it('an environment that is watched is quiet when nothing waits, and is the given one in all else', () => {
  const given = new SimulatedEnvironment()
  const { environment, isQuiet } = observeQuiet(given)
  const done: string[] = []
  environment.soon(() => done.push('soon'))
  environment.later(() => done.push('later'))
  expect(isQuiet()).toBe(false)
  given.settle()
  expect([isQuiet(), done]).toEqual([true, ['soon', 'later']])
  environment.log('a line')
  environment.reportError('a fault')
  expect([given.lines, given.errors]).toEqual([[['a line']], ['a fault']])
  expect([environment.clock, environment.timers, environment.random]).toEqual([given.clock, given.timers, given.random])
})
