import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkBackOff, nextBackOff, type BackOff, type BackOffInit } from '../../../src/core/supervision/back-off.ts'

function delaysOf(init: BackOffInit, ends: readonly number[]): readonly number[] {
  let state: BackOff | undefined
  return ends.map((atMs) => {
    const step = nextBackOff(init, state, { atMs })
    state = step.state
    return step.delayMs
  })
}

const inits = fc
  .record({
    firstMs: fc.integer({ min: 0, max: 100 }),
    moreMs: fc.integer({ min: 0, max: 10_000 }),
    quietMs: fc.integer({ min: 0, max: 1_000 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ firstMs, moreMs, quietMs, jitter }) => ({ firstMs, maxMs: firstMs + moreMs, quietMs, jitter }))

describe('back-off', () => {
  it('doubles from the first wait to the longest', () => {
    const init = { firstMs: 100, maxMs: 1_000, quietMs: 5_000 }
    expect(delaysOf(init, [0, 100, 300, 700, 1_500, 2_500])).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  it('begins anew when the child ran for the quiet period', () => {
    expect(delaysOf({ firstMs: 10, maxMs: 80, quietMs: 50 }, [0, 10, 30 + 50, 90 + 49])).toEqual([10, 20, 10, 20])
  })

  it('does not take the wait itself for quiet', () => {
    expect(delaysOf({ firstMs: 1_000, maxMs: 8_000, quietMs: 500 }, [0, 1_001, 3_002])).toEqual([1_000, 2_000, 4_000])
  })

  it('goes on from where the clock is after it jumped back', () => {
    expect(delaysOf({ firstMs: 10, maxMs: 1_000, quietMs: 50 }, [1_000_000, 5, 25 + 50])).toEqual([10, 20, 10])
  })

  it('takes the share that was drawn, and no more than the jitter', () => {
    const init = { firstMs: 100, maxMs: 100, quietMs: 0, jitter: 0.5 }
    expect(nextBackOff(init, undefined, { atMs: 0, draw: 0 }).delayMs).toBe(100)
    expect(nextBackOff(init, undefined, { atMs: 0, draw: 0.5 }).delayMs).toBe(75)
    expect(nextBackOff(init, undefined, { atMs: 0, draw: 0.999_999 }).delayMs).toBe(51)
  })

  it('keeps every wait whole and within its bounds, under any clock', () => {
    const ends = fc.array(
      fc.record({
        atMs: fc.integer({ min: -100_000, max: 100_000 }),
        draw: fc.double({ min: 0, max: 0.999, noNaN: true }),
      }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(inits, ends, (init, all) => {
        let state: BackOff | undefined
        for (const end of all) {
          const step = nextBackOff(init, state, end)
          state = step.state
          expect(Number.isInteger(step.delayMs)).toBe(true)
          expect(step.delayMs).toBeLessThanOrEqual(init.maxMs)
          expect(step.delayMs).toBeGreaterThanOrEqual(Math.floor(init.firstMs * (1 - init.jitter)))
          expect(state.baseMs).toBeGreaterThanOrEqual(init.firstMs)
        }
      }),
    )
  })

  it('reaches the longest wait after the logarithm of it, and stays finite for ever', () => {
    const init = { firstMs: 1, maxMs: Number.MAX_SAFE_INTEGER, quietMs: 1 }
    let state: BackOff | undefined
    let delayMs = 0
    for (let count = 0; count < 2_000; count += 1) ({ state, delayMs } = nextBackOff(init, state, { atMs: 0 }))
    expect(delayMs).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('refuses values out of range', () => {
    const good = { firstMs: 1, maxMs: 2, quietMs: 0 }
    expect(checkBackOff(good)).toBe(good)
    for (const bad of [
      { firstMs: -1 },
      { maxMs: 0 },
      { maxMs: Infinity },
      { quietMs: -1 },
      { jitter: 1.1 },
      { jitter: Number.NaN },
    ])
      expect(() => checkBackOff({ ...good, ...bad })).toThrow(RangeError)
  })
})
