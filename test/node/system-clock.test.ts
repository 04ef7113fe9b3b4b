import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createSystemClock } from '../../src/node/system-clock.ts'

const NOON = Date.UTC(2026, 0, 31, 12)

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOON }))
afterEach(() => void vi.useRealTimers())

it('stands still while the wall clock is a little behind, and goes on with it', () => {
  const clock = createSystemClock()
  const seen = [0, -1, -300_000, -1000, 1].map((ms) => {
    vi.setSystemTime(NOON + ms)
    return clock.now() - NOON
  })
  expect(seen).toEqual([0, 0, 0, 0, 1])
})

it('believes a wall clock that is set back by more: it was ahead before', () => {
  const clock = createSystemClock()
  const seen = [365 * 86_400_000, 0, 60_000, -300_000, -300_001].map((ms) => {
    vi.setSystemTime(NOON + ms)
    return clock.now() - NOON
  })
  expect(seen).toEqual([365 * 86_400_000, 0, 60_000, -300_000, -300_000])
})
