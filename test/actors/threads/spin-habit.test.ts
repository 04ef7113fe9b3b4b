import { expect, test } from 'vitest'
import { SpinHabit } from '../../../src/actors/threads/spin-habit.ts'

test('looks until the time is up, and after two times in vain not at all for a while', () => {
  const habit = new SpinHabit(0.01)
  let looks = 0
  const look = (): boolean => {
    looks += 1
    return false
  }
  const spun = (): boolean => {
    looks = 0
    expect(habit.spin(look)).toBe(false)
    return looks > 0
  }
  expect([spun(), spun()]).toEqual([true, true])
  expect(Array.from({ length: 64 }, spun)).toEqual(Array.from({ length: 64 }, () => false))
  expect(spun()).toBe(true)
})

test('what is found at once costs one look, and keeps the habit', () => {
  const habit = new SpinHabit(0.01)
  for (let time = 0; time < 10; time += 1) {
    habit.spin(() => false)
    let looks = 0
    expect(habit.spin(() => (looks += 1) === 1)).toBe(true)
    expect(looks).toBe(1)
  }
})

test('without time it never looks', () => {
  expect(new SpinHabit(0).spin(() => true)).toBe(false)
})
