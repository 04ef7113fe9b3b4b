import { describe, expect, it, vi } from 'vitest'
import { Deadlines } from '../../src/network/framed/deadlines.ts'
import { TestTime } from '../market/parties/party-fixtures.ts'

describe('deadlines', () => {
  it('come in their order, each at its own time, by one timer for all that wait equally long', async () => {
    const time = new TestTime()
    const timed = vi.spyOn(time.clock, 'timeoutSignal')
    const deadlines = new Deadlines(time.clock)
    const [begin, told] = [time.now, [] as string[]]
    const start = (name: string): (() => void) => deadlines.start(1_000, () => told.push(`${name} ${time.now - begin}`))
    start('first')
    await time.advance(400)
    for (let at = 0; at < 1_000; at += 1) start(`over ${at}`)()
    start('second')
    expect(timed).toHaveBeenCalledTimes(1)
    expect(deadlines.count).toBe(2)
    await time.advance(5_000)
    expect(told).toEqual(['first 1000', 'second 1400'])
    expect(timed).toHaveBeenCalledTimes(2)
    expect(deadlines.count).toBe(0)
  })

  it('that were ended are not told of, by whomever and however late', async () => {
    const time = new TestTime()
    const deadlines = new Deadlines(time.clock)
    const told: string[] = []
    let endSecond = (): void => undefined
    deadlines.start(1_000, () => {
      told.push('first')
      endSecond()
      deadlines.start(1_000, () => told.push('third'))
    })
    endSecond = deadlines.start(1_000, () => told.push('second'))
    const end = deadlines.start(500, () => told.push('never'))
    end()
    end()
    await time.advance(1_000)
    expect(told).toEqual(['first'])
    await time.advance(1_000)
    expect(told).toEqual(['first', 'third'])
  })

  it('are late for nobody where a clock tells early', () => {
    const told: number[] = []
    const clock = { nowMs: 0, early: [] as (() => void)[] }
    const deadlines = new Deadlines({
      monotonicMs: () => clock.nowMs,
      timeoutSignal: () => {
        const controller = new AbortController()
        clock.early.push(() => controller.abort())
        return controller.signal
      },
    })
    deadlines.start(100, () => told.push(clock.nowMs))
    clock.nowMs = 99.5
    clock.early.shift()?.()
    expect(told).toEqual([])
    clock.nowMs = 100.5
    clock.early.shift()?.()
    expect(told).toEqual([100.5])
    expect(clock.early).toEqual([])
  })
})
