import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimerEntry } from '../../../src/actors/timers/timer-entry.ts'
import { TimerWheel } from '../../../src/actors/timers/timer-wheel.ts'

class NamedTimer extends TimerEntry<NamedTimer> {
  readonly name: number
  constructor(name: number) {
    super()
    this.name = name
  }
}

/** What a timer does when it fires, and what a script does between advances. */
type Action =
  | { readonly kind: 'schedule'; readonly deltaMs: number; readonly onFire: readonly Action[] }
  | { readonly kind: 'cancel'; readonly pick: number }
type Instruction = Action | { readonly kind: 'advance'; readonly deltaMs: number }

/** The same promises, kept by sorting a list. */
class SortedTimers {
  waiting: { readonly name: number; readonly tick: number; readonly isReady: boolean; readonly round: number }[] = []
  nowTick = 0
  round = 0

  schedule(name: number, dueMs: number): void {
    const isReady = !(dueMs > this.nowTick)
    const tick = isReady ? this.nowTick : Math.min(Math.ceil(dueMs), Number.MAX_SAFE_INTEGER)
    this.waiting.push({ name, tick, isReady, round: this.round })
  }

  cancel(name: number): boolean {
    const before = this.waiting.length
    this.waiting = this.waiting.filter((timer) => timer.name !== name)
    return this.waiting.length < before
  }

  advance(nowMs: number, fire: (name: number) => void): void {
    this.round += 1
    const targetTick = Math.floor(nowMs)
    for (;;) {
      const ready = this.waiting.find(({ isReady, round }) => isReady && round < this.round)
      const later = this.waiting.filter(({ isReady, tick }) => !isReady && tick <= targetTick)
      const earliest = Math.min(...later.map(({ tick }) => tick))
      const next = ready ?? later.find(({ tick }) => tick === earliest)
      if (next === undefined) break
      this.cancel(next.name)
      this.nowTick = Math.max(this.nowTick, next.tick)
      fire(next.name)
    }
    this.nowTick = Math.max(this.nowTick, targetTick)
  }

  nextTick(): number {
    return Math.min(Infinity, ...this.waiting.map(({ tick }) => Math.max(tick, this.nowTick)))
  }
}

/** Delays of every magnitude, with fractions, and those that make no sense. */
const deltas = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -2, max: 40 }) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 70, noNaN: true }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 2 ** 31 }) },
  { weight: 1, arbitrary: fc.nat({ max: 52 }).map((power) => 2 ** power) },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, Number.NaN, -1, 2 ** 53) },
)
const steps = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 3, noNaN: true }) },
  { weight: 2, arbitrary: fc.integer({ min: -5, max: 5_000 }) },
  { weight: 1, arbitrary: fc.nat({ max: 46 }).map((power) => 2 ** power) },
)
const cancels = fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat() })
const { action } = fc.letrec<{ action: Action }>((tie) => ({
  action: fc.oneof(
    { maxDepth: 2 },
    cancels,
    fc.record({
      kind: fc.constant('schedule' as const),
      deltaMs: deltas,
      onFire: fc.array(tie('action'), { maxLength: 3 }),
    }),
  ),
}))
const instructions = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: action },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance' as const), deltaMs: steps }) },
  ),
  { maxLength: 60 },
)

type Timers = {
  schedule(name: number, dueMs: number): void
  cancel(name: number): boolean
  advance(nowMs: number, fire: (name: number) => void): void
  nowTick(): number
  /** How many wait, and when the next one is due at the earliest. */
  look(): { readonly size: number; readonly nextMs: number }
}

type Played = { readonly log: readonly string[]; readonly looks: readonly ReturnType<Timers['look']>[] }

/** Runs a script on one kind of timers and writes down what fires when. */
function play(script: readonly Instruction[], timers: Timers): Played {
  const log: string[] = []
  const looks: ReturnType<Timers['look']>[] = []
  const scripts: (readonly Action[])[] = []
  let nowMs = 0
  const act = (one: Action): void => {
    if (one.kind === 'cancel') {
      if (scripts.length > 0) log.push(`cancelled ${timers.cancel(one.pick % scripts.length)}`)
      return
    }
    scripts.push(one.onFire)
    timers.schedule(scripts.length - 1, timers.nowTick() + one.deltaMs)
  }
  for (const instruction of script) {
    if (instruction.kind === 'advance') {
      nowMs = Math.min(Math.max(0, nowMs + instruction.deltaMs), Number.MAX_SAFE_INTEGER)
      timers.advance(nowMs, (name) => {
        log.push(`${name} at ${timers.nowTick()}`)
        scripts[name]?.forEach(act)
      })
    } else {
      act(instruction)
    }
    looks.push(timers.look())
  }
  return { log, looks }
}

function sortedTimers(): Timers {
  const sorted = new SortedTimers()
  return {
    schedule: (name, dueMs) => sorted.schedule(name, dueMs),
    cancel: (name) => sorted.cancel(name),
    advance: (nowMs, fire) => sorted.advance(nowMs, fire),
    nowTick: () => sorted.nowTick,
    look: () => ({ size: sorted.waiting.length, nextMs: sorted.nextTick() }),
  }
}

function wheelTimers(): Timers {
  const wheel = new TimerWheel<NamedTimer>(0)
  const entries: NamedTimer[] = []
  return {
    schedule: (name, dueMs) => {
      const entry = new NamedTimer(name)
      entries[name] = entry
      wheel.schedule(entry, dueMs)
    },
    cancel: (name) => {
      const entry = entries[name]
      return entry !== undefined && wheel.cancel(entry)
    },
    advance: (nowMs, fire) => wheel.advance(nowMs, ({ name }) => fire(name)),
    nowTick: () => wheel.nowTick,
    look: () => ({ size: wheel.size, nextMs: wheel.nextDueMs() }),
  }
}

function fireAll(wheel: TimerWheel<NamedTimer>, nowMs: number): readonly number[] {
  const names: number[] = []
  wheel.advance(nowMs, ({ name }) => names.push(name))
  return names
}

describe('timer wheel', () => {
  it('does what a sorted list would do, for any order of scheduling, cancelling and advancing', () => {
    fc.assert(
      fc.property(instructions, (script) => {
        const expected = play(script, sortedTimers())
        const actual = play(script, wheelTimers())
        expect(actual.log).toEqual(expected.log)
        actual.looks.forEach(({ size, nextMs }, index) => {
          expect(size).toBe(expected.looks[index]?.size)
          expect(nextMs).toBeLessThanOrEqual(Number(expected.looks[index]?.nextMs))
          expect(nextMs === Infinity).toBe(size === 0)
        })
      }),
      { numRuns: 2_000 },
    )
  })

  it('starts at any time', () => {
    const starts = fc.oneof(fc.maxSafeInteger(), fc.double({ min: 0, max: 2 ** 40, noNaN: true }))
    fc.assert(
      fc.property(starts, fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 20 }), (startMs, delays) => {
        const wheel = new TimerWheel<NamedTimer>(startMs)
        const startTick = wheel.nowTick
        delays.forEach((delayMs, name) => wheel.schedule(new NamedTimer(name), startTick + delayMs))
        const order = delays.map((delayMs, name) => ({ dueMs: Math.min(startTick + delayMs, 2 ** 53 - 1), name }))
        order.sort((one, other) => one.dueMs - other.dueMs || one.name - other.name)
        expect(fireAll(wheel, 2 ** 53)).toEqual(order.map(({ name }) => name))
      }),
    )
  })

  it('reaches the next timer in a few steps of its lower bound', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (startMs, dueMs) => {
        fc.pre(startMs >= 0 && dueMs > startMs)
        const wheel = new TimerWheel<NamedTimer>(startMs)
        wheel.schedule(new NamedTimer(1), dueMs)
        let steps = 0
        while (wheel.size > 0) {
          const boundMs = wheel.nextDueMs()
          expect(boundMs).toBeGreaterThan(wheel.nowTick)
          steps += fireAll(wheel, boundMs).length === 0 ? 1 : 0
        }
        expect(wheel.nowTick).toBe(dueMs)
        expect(steps).toBeLessThan(11)
      }),
    )
  })

  it('fires equal times in the order of scheduling, wherever time stood then', () => {
    const wheel = new TimerWheel<NamedTimer>(0)
    wheel.schedule(new NamedTimer(1), 5_000)
    fireAll(wheel, 4_000)
    wheel.schedule(new NamedTimer(2), 5_000)
    fireAll(wheel, 4_990)
    wheel.schedule(new NamedTimer(3), 4_999.5)
    expect(fireAll(wheel, 5_000)).toEqual([1, 2, 3])
  })

  it('never fires early, and fires in the tick after a fraction', () => {
    const wheel = new TimerWheel<NamedTimer>(0)
    wheel.schedule(new NamedTimer(1), 10.2)
    expect(fireAll(wheel, 10.9)).toEqual([])
    expect(fireAll(wheel, 11)).toEqual([1])
  })

  it('fires what is due already without time moving on, but not within the advance that scheduled it', () => {
    const wheel = new TimerWheel<NamedTimer>(100)
    const again = new NamedTimer(1)
    wheel.schedule(again, 50)
    expect(wheel.nextDueMs()).toBe(100)
    let count = 0
    const rearm = (entry: NamedTimer): void => {
      count += 1
      wheel.schedule(entry, 0)
    }
    wheel.advance(100, rearm)
    wheel.advance(100, rearm)
    expect(count).toBe(2)
  })

  it('keeps the timers that were still to fire when one throws', () => {
    const wheel = new TimerWheel<NamedTimer>(0)
    for (const name of [1, 2, 3]) wheel.schedule(new NamedTimer(name), 0)
    for (const name of [4, 5, 6]) wheel.schedule(new NamedTimer(name), 40)
    const failAt =
      (failing: number) =>
      ({ name }: NamedTimer): void => {
        if (name === failing) throw new Error(`fails at ${failing}`)
      }
    expect(() => wheel.advance(50, failAt(1))).toThrow('fails at 1')
    wheel.schedule(new NamedTimer(7), 0)
    expect(() => wheel.advance(50, failAt(4))).toThrow('fails at 4')
    expect(fireAll(wheel, 50)).toEqual([5, 6])
  })

  it('fires those left over from a throw before those that became due since', () => {
    const wheel = new TimerWheel<NamedTimer>(0)
    for (const name of [1, 2]) wheel.schedule(new NamedTimer(name), 0)
    expect(() =>
      wheel.advance(0, () => {
        throw new Error('fails')
      }),
    ).toThrow('fails')
    wheel.schedule(new NamedTimer(3), 0)
    expect(fireAll(wheel, 0)).toEqual([2, 3])
  })

  it('refuses to schedule a timer twice and to advance while it fires', () => {
    const wheel = new TimerWheel<NamedTimer>(0)
    const entry = new NamedTimer(1)
    wheel.schedule(entry, 1)
    expect(() => wheel.schedule(entry, 2)).toThrow('scheduled once')
    expect(() => wheel.advance(1, () => wheel.advance(2, () => undefined))).toThrow('does not advance')
    expect(fireAll(wheel, 5)).toEqual([])
  })
})
