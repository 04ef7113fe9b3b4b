import { describe, expect, it } from 'vitest'
import { AtMostOnce } from '../../../src/simulation/checks/at-most-once.ts'
import { ControlLane } from '../../../src/simulation/checks/control-lane.ts'
import { DeadlinesKept } from '../../../src/simulation/checks/deadlines-kept.ts'
import { DurableAcknowledged } from '../../../src/simulation/checks/durable-acknowledged.ts'
import { FifoPerPair } from '../../../src/simulation/checks/fifo-per-pair.ts'
import { moneyConserved } from '../../../src/simulation/checks/money-conserved.ts'
import { NeverBack } from '../../../src/simulation/checks/never-back.ts'
import { type KnownActor, livingAmong, orphansAmong } from '../../../src/simulation/checks/no-orphans.ts'
import { NothingLost } from '../../../src/simulation/checks/nothing-lost.ts'
import { replayEquals } from '../../../src/simulation/checks/replay-equals.ts'
import { SupervisionIntensity } from '../../../src/simulation/checks/supervision-intensity.ts'

describe('money-conserved', () => {
  it('finds money that was made, lost, or spent twice', () => {
    const held = [
      { where: 'a', amount: 40 },
      { where: 'on its way', amount: 60n },
    ]
    expect(moneyConserved(100, held)).toBeUndefined()
    expect(moneyConserved(101n, held)).toBe('100 is there of 101')
    expect(moneyConserved(100, [...held, { where: 'b', amount: -1 }, { where: 'c', amount: 1 }])).toBe('b has -1')
  })
})

describe('at-most-once', () => {
  it('finds a key that was used twice, by whom it may', () => {
    const once = new AtMostOnce()
    expect([once.happened('k', 'first'), once.happened('l', 'first')]).toEqual([undefined, undefined])
    expect(once.happened('k', 'second')).toBe('k happened twice: first, and second')
    expect(once.counted('a', { k: 1, l: 2 })).toBe('a handled l 2 times')
  })
})

describe('fifo-per-pair', () => {
  it('finds a message that was overtaken, or comes again, unless it was given again behind a failure', () => {
    const fifo = new FifoPerPair()
    expect([fifo.heard('a b', 1), fifo.heard('a b', 4), fifo.heard('c b', 2)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(fifo.heard('a b', 3)).toBe('a b heard 3 behind 4')
    expect(fifo.heard('a b', 4)).toBe('a b heard 4 behind 4')
    fifo.failedOver('a b', 4)
    expect(fifo.heard('a b', 4)).toBeUndefined()
  })
})

describe('nothing-lost', () => {
  it('finds what is neither handled nor a dead letter, and what ends twice', () => {
    const lost = new NothingLost()
    lost.wasSent('one', 'b')
    lost.wasSent('two', 'b')
    expect(lost.ended('one')).toBeUndefined()
    expect(lost.left()).toContain('1 messages are neither handled nor dead letters, two for b')
    expect(lost.ended('one')).toContain('never sent, or twice')
    lost.forget()
    expect(lost.left()).toBeUndefined()
  })
})

describe('control-lane', () => {
  it('finds an end that a watcher is not told of, and one that it is told of twice', () => {
    const lane = new ControlLane()
    lane.watches('a')
    lane.watches('b')
    lane.ended('a', 10)
    expect([lane.left(100, 100), lane.told('b')]).toEqual([undefined, undefined])
    expect(lane.left(111, 100)).toBe('a ended 101 ms ago, and its watcher was not told')
    expect(lane.told('b')).toContain('told twice')
  })
})

describe('deadlines-kept', () => {
  const look = (nowMs: number, life = 'p') => ({ nowMs, life, slackMs: 5 })

  it('finds what comes early by one tick, late, twice, or never', () => {
    const deadlines = new DeadlinesKept()
    for (const name of ['early', 'on time', 'late', 'open']) deadlines.set(name, { dueMs: 100, life: 'p' })
    expect(deadlines.reached('early', look(99))).toBe('early came 1 ms early')
    expect(deadlines.reached('on time', look(100))).toBeUndefined()
    expect(deadlines.reached('on time', look(100))).toBe('on time came twice')
    expect(deadlines.reached('late', look(106))).toBe('late came 6 ms late')
    expect(deadlines.reached('unknown', look(1))).toBe('unknown came and was not set')
    expect(deadlines.left(look(105))).toBeUndefined()
    expect(deadlines.left(look(106))).toBe('open was due 6 ms ago, and is open')
    deadlines.forgive('open')
    expect(deadlines.left(look(106))).toBeUndefined()
  })

  it('holds nothing against the time of another clock', () => {
    const deadlines = new DeadlinesKept()
    deadlines.set('a', { dueMs: 100, life: 'p' })
    expect([deadlines.left(look(500, 'q')), deadlines.reached('a', look(1, 'q'))]).toEqual([undefined, undefined])
  })

  it('finds what comes before its instant by a clock that was set, and takes what was due by what it showed before', () => {
    const deadlines = new DeadlinesKept()
    for (const name of ['early', 'due']) deadlines.set(name, { dueMs: 100, life: 'p', clock: 'wall' })
    deadlines.clockSet('wall', 99)
    expect(deadlines.reached('early', look(40, 'q'))).toBe('early came 60 ms early by the clock of wall')
    deadlines.clockSet('another', 500)
    deadlines.clockSet('wall', 100)
    expect(deadlines.reached('due', look(40, 'q'))).toBeUndefined()
  })
})

describe('durable-acknowledged and never-back', () => {
  it('find what was acknowledged or shown and is gone', () => {
    const durable = new DurableAcknowledged()
    durable.said('disk', 'k')
    durable.said('disk', 'l')
    expect(durable.missing('disk', () => true)).toBeUndefined()
    expect(durable.missing('disk', (key) => key === 'k')).toBe('l was acknowledged by disk and is gone')
    const shown = new NeverBack()
    shown.least('a', 3)
    shown.least('a', 2)
    expect([shown.saw('a', 3), shown.saw('b', 0)]).toEqual([undefined, undefined])
    expect(shown.saw('a', 2)).toBe('a was shown as 3 and is 2')
  })
})

describe('replay-equals', () => {
  it('finds what a journal says otherwise, does not know, or has beyond', () => {
    const live = new Map([['a', 'one']])
    expect(replayEquals('n', live, new Map([['a', 'one']]))).toBeUndefined()
    expect(replayEquals('n', live, new Map([['a', 'two']]))).toBe('n: a is one, and its journal says two')
    expect(replayEquals('n', live, new Map())).toContain('says nothing')
    expect(replayEquals('n', new Map(), live)).toBe('n: the journal has a, which is not there')
  })
})

describe('no-orphans', () => {
  it('finds who lives on below an end, and who lives in a stopped system', () => {
    const top: KnownActor = { id: 'top', isAlive: false, parent: undefined }
    const child: KnownActor = { id: 'child', isAlive: true, parent: top }
    expect(orphansAmong([top, { ...child, isAlive: false }])).toBeUndefined()
    expect(orphansAmong([child])).toBe('child lives on, and top above it has ended')
    expect(livingAmong([top])).toBeUndefined()
    expect(livingAmong([child])).toBe('child lives on in a system that has stopped')
  })
})

describe('supervision-intensity', () => {
  const open = () => {
    let nowMs = 0
    const intensity = new SupervisionIntensity(
      { supervisorOf: (id) => (id === 's' ? undefined : 's'), intensityOf: () => ({ restarts: 1, withinMs: 100 }) },
      () => nowMs,
    )
    const saw = (type: 'actor-failed' | 'actor-restarted' | 'restart-intensity-exceeded', id: string, atMs: number) => {
      nowMs = atMs
      return intensity.saw({ type, id, address: '', error: undefined })
    }
    return { intensity, saw }
  }

  it('finds a restart too many, and a supervisor that gives up too soon', () => {
    const { saw } = open()
    expect([saw('actor-failed', 'a', 0), saw('actor-restarted', 'a', 1)]).toEqual([undefined, undefined])
    expect(saw('actor-failed', 'b', 100)).toBeUndefined()
    expect(saw('actor-restarted', 'b', 100)).toContain('once more than its supervisor may')
    expect(saw('actor-failed', 'a', 500)).toBeUndefined()
    expect(saw('restart-intensity-exceeded', 'a', 500)).toContain('gave up before')
  })

  it('takes a failure too many behind the period, and one that ends the supervisor, as right', () => {
    const { saw } = open()
    for (const atMs of [0, 101]) {
      saw('actor-failed', 'a', atMs)
      expect(saw('actor-restarted', 'a', atMs)).toBeUndefined()
    }
    saw('actor-failed', 'a', 102)
    expect(saw('restart-intensity-exceeded', 'a', 102)).toBeUndefined()
    // Its supervisor begins again, and has restarted nobody.
    saw('actor-failed', 's', 102)
    saw('actor-restarted', 's', 102)
    saw('actor-failed', 'a', 103)
    expect(saw('actor-restarted', 'a', 103)).toBeUndefined()
  })

  it('counts what an actor does and not what is said of it', () => {
    const { intensity, saw } = open()
    expect([intensity.throws('a'), saw('actor-failed', 'a', 0), saw('actor-restarted', 'a', 0)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(saw('actor-failed', 'a', 1)).toBe('a is said to have failed, and did not')
    // A failure that is hidden counts all the same.
    intensity.throws('a')
    expect(saw('actor-restarted', 'a', 2)).toContain('once more than its supervisor may')
    expect(intensity.throws('a')).toContain('no supervisor said so')
  })

  it('finds a failure that nobody answers', () => {
    const { intensity, saw } = open()
    saw('actor-failed', 'a', 0)
    saw('actor-restarted', 'z', 51)
    expect(intensity.left(50)).toContain('its supervisor did nothing')
    intensity.ended('a')
    expect(intensity.left(50)).toBeUndefined()
    saw('actor-failed', 'b', 60)
    expect(saw('actor-failed', 'b', 61)).toContain('failed again before it was restarted')
  })

  it('waits for nobody below a supervisor that begins again, however far below', () => {
    let nowMs = 0
    const above = new Map([
      ['leaf', 'lower'],
      ['lower', 'upper'],
    ])
    const intensity = new SupervisionIntensity(
      { supervisorOf: (id) => above.get(id), intensityOf: () => ({ restarts: 3, withinMs: 1_000 }) },
      () => nowMs,
    )
    const saw = (type: 'actor-failed' | 'actor-restarted', id: string) =>
      intensity.saw({ type, id, address: '', error: undefined })
    expect([saw('actor-failed', 'leaf'), saw('actor-failed', 'upper'), saw('actor-restarted', 'upper')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    nowMs = 500
    expect(intensity.left(50)).toBeUndefined()
    saw('actor-failed', 'leaf')
    saw('actor-restarted', 'other')
    nowMs = 600
    expect(intensity.left(50)).toContain('leaf failed')
  })
})
