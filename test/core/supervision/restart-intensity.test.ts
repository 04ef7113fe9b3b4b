import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createRestartIntensity,
  recordRestart,
  RESTARTS_MAX,
  type RestartIntensity,
} from '../../../src/core/supervision/restart-intensity.ts'

function recordAll(limit: { restarts: number; withinMs: number }, times: readonly number[]): readonly boolean[] {
  let state: RestartIntensity = createRestartIntensity(limit)
  return times.map((atMs) => {
    const recorded = recordRestart(state, atMs)
    state = recorded.state
    return recorded.isExceeded
  })
}

const limits = fc.record({ restarts: fc.integer({ min: 0, max: 5 }), withinMs: fc.integer({ min: 1, max: 40 }) })

describe('restart intensity', () => {
  it('allows the restarts of the limit and refuses the next one', () => {
    expect(recordAll({ restarts: 2, withinMs: 1_000 }, [0, 10, 20])).toEqual([false, false, true])
  })

  it('forgets restarts that left the window, to the millisecond', () => {
    expect(recordAll({ restarts: 1, withinMs: 100 }, [0, 100, 201])).toEqual([false, true, false])
  })

  it('refuses the very first restart when none are allowed', () => {
    expect(recordAll({ restarts: 0, withinMs: 100 }, [0, 1_000])).toEqual([true, true])
  })

  it('refuses limits out of range', () => {
    expect(() => createRestartIntensity({ restarts: -1, withinMs: 1 })).toThrow(RangeError)
    expect(() => createRestartIntensity({ restarts: 1.5, withinMs: 1 })).toThrow(RangeError)
    expect(() => createRestartIntensity({ restarts: RESTARTS_MAX + 1, withinMs: 1 })).toThrow(RangeError)
    expect(() => createRestartIntensity({ restarts: 1, withinMs: 0 })).toThrow(RangeError)
    expect(() => createRestartIntensity({ restarts: 1, withinMs: Number.NaN })).toThrow(RangeError)
  })

  it('equals a count over the whole history while the clock never goes back', () => {
    fc.assert(
      fc.property(limits, fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 }), (limit, gaps) => {
        let nowMs = 0
        const times = gaps.map((gap) => (nowMs += gap))
        const expected = times.map(
          (atMs, index) =>
            times.slice(0, index).filter((earlierMs) => atMs - earlierMs <= limit.withinMs).length >= limit.restarts,
        )
        expect(recordAll(limit, times)).toEqual(expected)
      }),
    )
  })

  it('never counts restarts that the clock puts further apart than the window, whichever way it went', () => {
    fc.assert(
      fc.property(limits, fc.array(fc.integer({ min: -200, max: 200 }), { maxLength: 60 }), (limit, times) => {
        recordAll(limit, times).forEach((isExceeded, index) => {
          const near = times.slice(0, index).filter((other) => Math.abs(Number(times[index]) - other) <= limit.withinMs)
          if (near.length < limit.restarts) expect(isExceeded).toBe(false)
        })
      }),
    )
  })

  it('starts afresh after a jump back by more than the window', () => {
    expect(recordAll({ restarts: 2, withinMs: 50 }, [9_000, 9_001, 0, 1, 2])).toEqual([
      false,
      false,
      false,
      false,
      true,
    ])
  })

  it('still ends a restart loop under a clock that trembles backwards', () => {
    expect(recordAll({ restarts: 3, withinMs: 50 }, [100, 99, 98, 97])).toEqual([false, false, false, true])
  })

  it('remembers no more instants than can count', () => {
    fc.assert(
      fc.property(limits, fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 60 }), (limit, times) => {
        let state: RestartIntensity = createRestartIntensity(limit)
        for (const atMs of times) {
          state = recordRestart(state, atMs).state
          expect(state.recentMs.length).toBeLessThanOrEqual(limit.restarts)
        }
      }),
    )
  })

  it('leaves the given state as it was', () => {
    const before = recordRestart(createRestartIntensity({ restarts: 3, withinMs: 10 }), 1).state
    recordRestart(before, 2)
    expect(before.recentMs).toEqual([1])
  })
})
