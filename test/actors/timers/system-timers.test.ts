import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SystemTimers } from '../../../src/actors/timers/system-timers.ts'
import { TimerEntry } from '../../../src/actors/timers/timer-entry.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Timers } from '../../../src/ports/timers.ts'

class NamedTimer extends TimerEntry<NamedTimer> {
  readonly name: string
  constructor(name: string) {
    super()
    this.name = name
  }
}

/** A host whose time moves when it is told to; it fires its timers in order, each at its time or `lateMs` later. */
class SteppedHost {
  nowMs: number
  lateMs = 0
  armed: { readonly dueMs: number; readonly callback: () => void }[] = []
  armings = 0
  tasks: (() => void)[] = []
  readonly later = (task: () => void): void => void this.tasks.push(task)
  readonly clock: Clock
  readonly timers: Timers

  constructor(startMs: number) {
    this.nowMs = startMs
    this.clock = {
      now: () => timestampFromMs(0),
      monotonicMs: () => this.nowMs,
      timeoutSignal: () => new AbortController().signal,
    }
    this.timers = {
      schedule: (delayMs, callback) => {
        if (!(delayMs >= 0 && delayMs < 2 ** 31)) throw new RangeError(`delay ${delayMs}`)
        const timer = { dueMs: this.nowMs + delayMs, callback }
        this.armed.push(timer)
        this.armings += 1
        return { cancel: () => void (this.armed = this.armed.filter((other) => other !== timer)) }
      },
    }
  }

  /** The end of the host's turn. */
  endTurn(): void {
    for (const task of this.tasks.splice(0)) task()
  }

  /** Lets `spanMs` pass. */
  pass(spanMs: number): void {
    const untilMs = this.nowMs + spanMs
    for (;;) {
      const [next] = this.armed.toSorted((one, other) => one.dueMs - other.dueMs)
      if (next === undefined || next.dueMs + this.lateMs > untilMs) break
      this.armed = this.armed.filter((other) => other !== next)
      this.nowMs = Math.max(this.nowMs, next.dueMs + this.lateMs)
      next.callback()
    }
    this.nowMs = untilMs
  }
}

type Setup = {
  readonly host: SteppedHost
  readonly timers: SystemTimers<NamedTimer>
  readonly fired: string[]
  /** Called as timers fire. */
  onFire: (name: string) => void
}

function begin(startMs = 1_000.25): Setup {
  const host = new SteppedHost(startMs)
  const fired: string[] = []
  const setup: Setup = {
    host,
    fired,
    onFire: () => undefined,
    timers: new SystemTimers<NamedTimer>(host, ({ name }) => {
      fired.push(`${name} ${Math.round((host.nowMs - startMs) * 100) / 100}`)
      setup.onFire(name)
    }),
  }
  return setup
}

describe('system timers', () => {
  it('fires each timer at its time with a single timer of the host', () => {
    const { host, timers, fired } = begin()
    timers.schedule(new NamedTimer('late'), 50_000)
    timers.schedule(new NamedTimer('early'), 20)
    timers.schedule(new NamedTimer('middle'), 700)
    expect(host.armed.length).toBe(1)
    host.pass(100_000)
    expect(fired).toEqual(['early 20', 'middle 700', 'late 50000'])
    expect(host.armed.length).toBe(0)
  })

  it('never fires within schedule, and fires soon what has no delay or a senseless one', () => {
    const { host, timers, fired } = begin()
    timers.schedule(new NamedTimer('none'), 0)
    timers.schedule(new NamedTimer('negative'), -5)
    timers.schedule(new NamedTimer('no number'), Number.NaN)
    expect(fired).toEqual([])
    host.pass(1)
    expect(fired.map((line) => line.split(' ').slice(0, -1).join(' '))).toEqual(['none', 'negative', 'no number'])
  })

  it('does not touch the host for a time limit that is set and cancelled behind an earlier one', () => {
    const { host, timers, fired } = begin()
    timers.schedule(new NamedTimer('first'), 1_000)
    for (let count = 0; count < 100; count += 1) {
      const limit = new NamedTimer('limit')
      timers.schedule(limit, 5_000)
      expect(timers.cancel(limit)).toBe(true)
      expect(timers.cancel(limit)).toBe(false)
    }
    expect(host.armings).toBe(1)
    host.pass(10_000)
    expect(fired).toEqual(['first 1000'])
  })

  it('takes the host timer back when no timer is left at the end of the turn, and sets it again for the next', () => {
    const { host, timers, fired } = begin()
    const limit = new NamedTimer('limit')
    for (let count = 0; count < 100; count += 1) {
      timers.schedule(limit, 5_000)
      timers.cancel(limit)
    }
    expect([host.armings, host.tasks.length, host.armed.length]).toEqual([1, 1, 1])
    timers.schedule(limit, 6_000)
    host.endTurn()
    expect(host.armed.length).toBe(1)
    timers.cancel(limit)
    host.endTurn()
    expect(host.armed.length).toBe(0)
    timers.schedule(limit, 7_000)
    host.pass(8_000)
    expect(fired).toEqual(['limit 7000'])
  })

  it('goes on when timers are scheduled and cancelled as timers fire', () => {
    const setup = begin()
    const doomed = new NamedTimer('doomed')
    setup.onFire = (name) => {
      if (name !== 'first') return
      setup.timers.cancel(doomed)
      setup.timers.schedule(new NamedTimer('second'), 5)
      expect(setup.host.armed.length).toBe(0)
    }
    setup.timers.schedule(new NamedTimer('first'), 10)
    setup.timers.schedule(doomed, 12)
    setup.host.pass(100)
    expect(setup.fired).toEqual(['first 10', 'second 15'])
  })

  it('sets the host again when a timer throws', () => {
    const setup = begin()
    setup.onFire = (name) => {
      if (name === 'bad') throw new Error('bad')
    }
    setup.timers.schedule(new NamedTimer('bad'), 10)
    setup.timers.schedule(new NamedTimer('same time'), 10)
    setup.timers.schedule(new NamedTimer('good'), 20)
    expect(() => setup.host.pass(15)).toThrow('bad')
    setup.host.pass(20)
    expect(setup.fired.map((line) => line.replace(/ [\d.]+$/, ''))).toEqual(['bad', 'same time', 'good'])
  })

  it('is silent after stop, also when stopped by a timer', () => {
    const setup = begin()
    setup.onFire = () => setup.timers.stop()
    setup.timers.schedule(new NamedTimer('first'), 10)
    setup.timers.schedule(new NamedTimer('second'), 11)
    setup.host.pass(10.5)
    expect(setup.host.armed.length).toBe(0)
    setup.timers.schedule(new NamedTimer('third'), 1)
    setup.timers.stop()
    setup.host.pass(1_000)
    expect(setup.fired).toEqual(['first 10'])
    expect(setup.host.armed.length).toBe(0)
  })

  it('sets nothing after stop', () => {
    const { host, timers } = begin()
    timers.stop()
    timers.schedule(new NamedTimer('late'), 1)
    expect([host.armings, timers.wheel.size]).toEqual([0, 0])
  })

  it('starts again when all timers had fired', () => {
    const { host, timers, fired } = begin()
    timers.schedule(new NamedTimer('first'), 100)
    host.pass(150)
    timers.schedule(new NamedTimer('second'), 100)
    host.pass(150)
    expect(fired).toEqual(['first 100', 'second 250'])
  })

  it('tells how long a timer has to go', () => {
    const { host, timers } = begin()
    const timer = new NamedTimer('a')
    expect(timers.remainingMs(timer)).toBeUndefined()
    timers.schedule(timer, 100)
    host.pass(40)
    expect(timers.remainingMs(timer)).toBe(60)
    host.pass(100)
    expect(timers.remainingMs(timer)).toBeUndefined()
  })

  it('asks the host for waits that it can keep, however long the delay', () => {
    const { host, timers, fired } = begin()
    timers.schedule(new NamedTimer('never'), Infinity)
    timers.schedule(new NamedTimer('in a year'), 31_536_000_000)
    host.pass(31_536_000_000 - 1)
    expect(fired).toEqual([])
    host.pass(2)
    expect(fired).toEqual(['in a year 31536000000'])
  })

  it('never fires early nor two milliseconds later than the host, and in order, whatever the delays and the host', () => {
    const one = fc.record({ waitMs: fc.double({ min: 0, max: 300, noNaN: true }), delayMs: fc.nat({ max: 3_000 }) })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), fc.nat({ max: 30 }), (all, lateMs) => {
        const { host, timers, fired } = begin(0.5)
        host.lateMs = lateMs
        const dueMs = all.map(({ waitMs, delayMs }, index) => {
          host.pass(waitMs)
          timers.schedule(new NamedTimer(String(index)), delayMs)
          return host.nowMs - 0.5 + delayMs
        })
        host.pass(10_000)
        expect(fired.length).toBe(all.length)
        for (const line of fired) {
          const [index = '', atMs = ''] = line.split(' ')
          const due = Number(dueMs[Number(index)])
          expect(Number(atMs)).toBeGreaterThanOrEqual(due - 0.01)
          expect(Number(atMs)).toBeLessThan(due + 2.02 + lateMs)
        }
      }),
    )
  })
})
