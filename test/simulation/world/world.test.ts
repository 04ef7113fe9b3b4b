import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Machine } from '../../../src/simulation/machine/machine.ts'
import type { TracedEvent } from '../../../src/simulation/record/run-recorder.ts'
import { createWorld, type World } from '../../../src/simulation/world/world.ts'

/** Two processes that answer each other with delays of chance, for a while. */
async function play(
  seed: number,
  { ticks = 0 } = {},
): Promise<{ readonly hash: string; readonly said: readonly string[] }> {
  const world = createWorld({ seed })
  const said: string[] = []
  const processes = ['a', 'b', 'c'].map((name) => world.createProcess(name))
  const say = async (from: number, left: number): Promise<void> => {
    // As many turns of the microtask queue as somebody likes.
    for (let tick = 0; tick < ticks * (from + 1); tick += 1) await Promise.resolve()
    const process = processes[from % processes.length]
    said.push(`${process?.name ?? ''} ${process?.clock.now() ?? 0} ${left}`)
    if (left === 0 || process === undefined) return
    const delayMs = Math.floor(process.random.fraction() * 3)
    process.timers.schedule(delayMs, () => void say(from + 1, left - 1))
    process.timers.schedule(delayMs, () => void say(from + 2, left - 1))
  }
  say(0, 6).catch((error: unknown) => world.fail(error))
  expect(await world.run()).toBe('quiet')
  for (const line of said) world.note(line)
  return { hash: world.hash, said }
}

describe('a seed', () => {
  it('gives the same run each time, and another one gives another', async () => {
    const [one, same, other] = [await play(1), await play(1), await play(2)]
    expect(same).toEqual(one)
    expect(other.hash).not.toBe(one.hash)
    expect(one.said).toHaveLength(127)
  })

  it('does so however many turns the promises between take', async () => {
    const runs = await Promise.all([0, 1, 7].map(async (ticks) => await play(5, { ticks })))
    expect(new Set(runs.map(({ hash }) => hash)).size).toBe(1)
  })

  it('breaks ties: things that are due at one instant come in any order', async () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 64; seed += 1) {
      const world = createWorld({ seed })
      let order = ''
      for (const name of ['x', 'y', 'z']) world.schedule(5, { kind: name, run: () => void (order += name) })
      await world.run()
      orders.add(order)
    }
    expect(orders.size).toBe(6)
  })

  it('is a whole number of 32 bits', () => {
    for (const seed of [-1, 0.5, 2 ** 32]) expect(() => createWorld({ seed })).toThrow(RangeError)
  })

  it('has a hash that is pinned', async () => {
    expect((await play(1)).hash).toBe('645a6d390b21f39f996f2386b58f61ffbefc91b6d7670b8f46c5f946638abec0')
  })
})

describe('a run', () => {
  it('stops at a time or a number of events, and goes on from there', async () => {
    const world = createWorld({ seed: 1 })
    const process = world.createProcess('p')
    const seen: number[] = []
    const tick = (): void => {
      seen.push(world.nowMs())
      if (seen.length < 10) process.timers.schedule(10, tick)
    }
    process.timers.schedule(10, tick)
    expect(await world.run({ untilMs: 35 })).toBe('time')
    expect([seen, world.nowMs()]).toEqual([[10, 20, 30], 35])
    expect(await world.run({ eventsMax: 2 })).toBe('events')
    expect(seen).toEqual([10, 20, 30, 40, 50])
    expect(await world.run()).toBe('quiet')
    expect([seen.length, world.events]).toEqual([10, 10])
  })

  it('tells of each event before it happens, and goes on behind one that throws', async () => {
    const events: TracedEvent[] = []
    const world = createWorld({ seed: 1, onEvent: (event) => events.push(event) })
    const fault = new Error('thrown')
    world.schedule(1, {
      kind: 'bad',
      run: () => {
        throw fault
      },
    })
    world.schedule(2, { kind: 'good', run: () => undefined })
    await world.run()
    expect(world.failures).toEqual([fault])
    expect(events).toEqual([
      { index: 0, atMs: 1, address: '', type: 'bad', digest: expect.stringMatching(/^[0-9a-f]{16}$/) as string },
      { index: 1, atMs: 2, address: '', type: 'good', digest: events[0]?.digest },
    ])
  })

  it('waits for what synchronous events have begun all the same', async () => {
    const world = createWorld({ seed: 1 })
    const process = world.createProcess('p')
    let last = 0
    const begin = async (): Promise<void> => {
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
      process.timers.schedule(5, () => void (last = world.nowMs()))
    }
    world.schedule(1, { kind: 'sync', isSync: true, run: () => void begin() })
    expect(await world.run()).toBe('quiet')
    expect(last).toBe(6)
  })
})

it('time never goes back: a delay that is none is refused', () => {
  const world = createWorld({ seed: 1 })
  const machine = new Machine(world, { name: 'm', boot: async () => await Promise.reject(new Error('not started')) })
  for (const delayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, undefined as unknown as number]) {
    expect(() => world.schedule(delayMs, { kind: 'x', run: () => undefined })).toThrow(RangeError)
    expect(() => machine.restartIn(delayMs)).toThrow(RangeError)
  }
})

describe('what never ends at one instant', () => {
  const endless: readonly (readonly [string, (world: World) => void])[] = [
    [
      'a timer of no delay that is set again',
      (world) => {
        const process = world.createProcess('looping')
        const again = (): void => void process.timers.schedule(0, again)
        again()
      },
    ],
    [
      'a task that asks for another turn',
      (world) => {
        const again = (): void => world.soon(again)
        world.schedule(1, { kind: 'begin', address: 'looping', run: again })
      },
    ],
  ]
  it.each(endless)('%s is said, with its address', async (_, begin) => {
    const world = createWorld({ seed: 1, instantMax: 500 })
    begin(world)
    await expect(world.run()).rejects.toMatchObject({ code: 'SIMULATION_STUCK', details: { address: 'looping' } })
  })

  it('and much that happens at many instants goes on', async () => {
    const world = createWorld({ seed: 1, instantMax: 10 })
    for (let at = 0; at < 100; at += 1) world.schedule(at, { kind: 'x', run: () => undefined })
    expect(await world.run()).toBe('quiet')
  })
})

describe('a process', () => {
  it('that is killed does nothing any more', async () => {
    const world = createWorld({ seed: 1 })
    const process = world.createProcess('p')
    let done = 0
    process.timers.schedule(10, () => void (done += 1))
    process.timers.schedule(30, () => void (done += 1))
    process.clock.timeoutSignal(40).addEventListener('abort', () => void (done += 1))
    world.schedule(20, { kind: 'kill', run: () => process.kill() })
    await world.run()
    expect([done, process.isAlive]).toEqual([1, false])
  })

  it('has a clock that is as wrong as it is told, and timers that are not', async () => {
    const world = createWorld({ seed: 1 })
    const process = world.createProcess('p', { offsetMs: 500, driftPpm: 100_000 })
    let seen: readonly number[] = []
    process.timers.schedule(1_000, () => {
      seen = [process.clock.now() - world.startAt, process.clock.monotonicMs(), world.nowMs()]
    })
    await world.run()
    expect(seen[0]).toBe(1_600)
    expect(seen[1]).toBeCloseTo(1_100)
    expect(seen[2]).toBe(1_000)
    process.skew = { offsetMs: -10_000_000, driftPpm: -1_000 }
    expect([process.clock.now() - world.startAt, process.clock.monotonicMs()]).toEqual([0, seen[1]])
  })

  it('draws by itself: what others draw changes nothing', () => {
    const draw = (others: number): number => {
      const world = createWorld({ seed: 3 })
      const other = world.createProcess('other')
      for (let count = 0; count < others; count += 1) other.random.bytes(8)
      return world.createProcess('p').random.fraction()
    }
    expect(draw(5)).toBe(draw(0))
  })

  it('takes the delays that platforms take', () => {
    const process = createWorld({ seed: 1 }).createProcess('p')
    for (const delayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => process.timers.schedule(delayMs, () => undefined)).toThrow(RangeError)
  })
})

const { WebAssembly: wasm } = globalThis as unknown as {
  readonly WebAssembly: { compile(bytes: Uint8Array): unknown }
}

type Shape = Readonly<Record<PropertyKey, PropertyDescriptor>>

/** Members that are not the same ones, or not in the same way. */
function differences(before: readonly Shape[], after: readonly Shape[]): readonly PropertyKey[] {
  const fields = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'] as const
  return before.flatMap((one, at) => {
    const other = after[at] ?? {}
    const names = new Set([...Reflect.ownKeys(one), ...Reflect.ownKeys(other)])
    return [...names].filter((name) => fields.some((field) => !Object.is(one[name]?.[field], other[name]?.[field])))
  })
}

describe('the real world', () => {
  const asked: readonly (readonly [string, () => unknown])[] = [
    ['Date.now', () => Date.now()],
    ['new Date()', () => new Date()],
    ['Math.random', () => Math.random()],
    ['performance.now', () => performance.now()],
    ['setTimeout', () => setTimeout(() => undefined, 0)],
    ['setInterval', () => setInterval(() => undefined, 0)],
    ['setImmediate', () => setImmediate(() => undefined)],
    ['AbortSignal.timeout', () => AbortSignal.timeout(1)],
    ['crypto.randomUUID', () => crypto.randomUUID()],
    ['crypto.getRandomValues', () => crypto.getRandomValues(new Uint8Array(1))],
    ['MessageChannel', () => new MessageChannel()],
    ['WeakRef', () => new WeakRef({})],
    ['FinalizationRegistry', () => new FinalizationRegistry(() => undefined)],
    ['WebSocket', () => new WebSocket('ws://127.0.0.1')],
    ['fetch', () => void fetch('http://127.0.0.1')],
    ['performance.timeOrigin', () => performance.timeOrigin],
    ['performance.mark', () => performance.mark('x')],
    ['performance.measure', () => performance.measure('x')],
    ['Atomics.waitAsync', () => Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)],
    ['Atomics.wait', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)],
    ['Intl.DateTimeFormat', () => new Intl.DateTimeFormat('en').format()],
    ['crypto.subtle.digest', () => void crypto.subtle.digest('SHA-256', new Uint8Array(1))],
    ['process.hrtime', () => process.hrtime()],
    ['process.uptime', () => process.uptime()],
    ['process.cpuUsage', () => process.cpuUsage()],
    ['process.memoryUsage', () => process.memoryUsage()],
    ['process.resourceUsage', () => process.resourceUsage()],
    ['BroadcastChannel', () => new BroadcastChannel('x')],
    ['PerformanceObserver', () => new PerformanceObserver(() => undefined)],
    ['navigator.hardwareConcurrency', () => navigator.hardwareConcurrency],
    ['Date.prototype.getHours', () => new Date(0).getHours()],
    ['Date.prototype.getTimezoneOffset', () => new Date(0).getTimezoneOffset()],
    ['Date.prototype.toString', () => String(new Date(0))],
    ['Date.prototype.toLocaleDateString', () => new Date(0).toLocaleDateString()],
    ['Date.now', () => (new Date(0).constructor as DateConstructor).now()],
    ['new Date()', () => Reflect.construct(new Date(0).constructor, [])],
    ['new Date(year, month)', () => new Date(2026, 0, 1)],
    ['new Date(text without a zone)', () => new Date('2026-01-01T00:00')],
    ['Date.parse(text without a zone)', () => Date.parse('2026-01-01 00:00')],
    ['performance.now', () => (Object.getPrototypeOf(performance) as typeof performance).now.call(performance)],
    ['performance.toJSON', () => void performance.toJSON()],
    ['performance.nodeTiming', () => (performance as unknown as { readonly nodeTiming: unknown }).nodeTiming],
    ['crypto.randomUUID', () => (Object.getPrototypeOf(crypto) as typeof crypto).randomUUID.call(crypto)],
    ['Event.prototype.timeStamp', () => new Event('x').timeStamp],
    ['File.prototype.lastModified', () => new File([], 'x').lastModified],
    ['URL.createObjectURL', () => URL.createObjectURL(new Blob([]))],
    ['CompressionStream', () => new CompressionStream('gzip')],
    ['WebAssembly.compile', () => void wasm.compile(new Uint8Array())],
    ['Blob.prototype.text', () => void new Blob(['x']).text()],
    ['process.hrtime.bigint', () => process.hrtime.bigint()],
    ['process.memoryUsage.rss', () => process.memoryUsage.rss()],
    ['Number.prototype.toLocaleString', () => (1234.5).toLocaleString()],
    ['String.prototype.localeCompare', () => 'a'.localeCompare('b')],
    ['Intl.Collator', () => new Intl.Collator()],
    ['Intl.NumberFormat', () => new Intl.NumberFormat().format(1)],
    ['Intl.NumberFormat', () => new Intl.NumberFormat([]).format(1)],
    ['Intl.DisplayNames', () => new Intl.DisplayNames([], { type: 'region' })],
    ['String.prototype.localeCompare', () => 'a'.localeCompare('b', [])],
    ['PerformanceMark', () => Reflect.construct(PerformanceMark, ['x'])],
    ['Date.prototype.getYear', () => (new Date(0) as unknown as { getYear(): number }).getYear()],
    ['new Date(object)', () => Reflect.construct(Date, [['2020-01-01T00:00']])],
    ['Socket.prototype.connect', () => connect(1)],
    ['Server.prototype.listen', () => createServer().listen(0)],
    ['Socket.prototype.bind', () => createSocket('udp4').bind(0)],
    ['ChildProcess.prototype.spawn', () => spawn('true')],
    ['process.getBuiltinModule', () => process.getBuiltinModule('node:timers')],
    ['process.report.getReport', () => process.report.getReport()],
  ]
  let world: World | undefined
  afterEach(() => (world = undefined))

  it.each(asked)('%s throws inside, and is itself again behind the run', async (called, ask) => {
    world = createWorld({ seed: 1 })
    world.schedule(1, { kind: 'ask', run: ask })
    await world.run()
    expect(world.failures).toMatchObject([{ code: 'SIMULATION_REAL_WORLD', details: { called } }])
    expect([typeof Date.now(), new Date().getTime() > 0, typeof Math.random(), typeof performance.now()]).toEqual([
      'number',
      true,
      'number',
      'number',
    ])
  })

  it.each(['Worker', 'SharedWorker', 'EventSource', 'XMLHttpRequest', 'requestIdleCallback', 'requestAnimationFrame'])(
    '%s, which other platforms have, throws there',
    async (name) => {
      const holder = globalThis as unknown as Record<string, unknown>
      const own = Object.getOwnPropertyDescriptor(holder, name)
      const platform = (): string => 'real'
      Object.defineProperty(holder, name, { value: platform, configurable: true, writable: true })
      try {
        world = createWorld({ seed: 1 })
        world.schedule(1, { kind: 'ask', run: () => void (holder[name] as () => unknown)() })
        await world.run()
        expect(world.failures).toMatchObject([{ code: 'SIMULATION_REAL_WORLD', details: { called: name } }])
        expect(holder[name]).toBe(platform)
      } finally {
        if (own === undefined) Reflect.deleteProperty(holder, name)
        else Object.defineProperty(holder, name, own)
      }
    },
  )

  it.each(['scheduler', 'localStorage', 'sessionStorage', 'indexedDB', 'caches'])(
    'what %s has, where a platform has it, throws, and whether it is there may be asked',
    async (name) => {
      const holder = globalThis as unknown as Record<string, unknown>
      const own = Object.getOwnPropertyDescriptor(holder, name)
      Object.defineProperty(holder, name, { value: { member: 1 }, configurable: true, writable: true })
      try {
        world = createWorld({ seed: 1 })
        let type = ''
        world.schedule(1, {
          kind: 'ask',
          run: () => {
            type = typeof holder[name]
            void (holder[name] as { readonly member: unknown }).member
          },
        })
        await world.run()
        expect([type, world.failures]).toMatchObject(['object', [{ details: { called: `${name}.member` } }]])
        expect(holder[name]).toEqual({ member: 1 })
      } finally {
        if (own === undefined) Reflect.deleteProperty(holder, name)
        else Object.defineProperty(holder, name, own)
      }
    },
  )

  it('is left as it was, to the last property, also by a run that throws', async () => {
    const prototypes = [performance, crypto].map((each) => Object.getPrototypeOf(each) as object)
    const built = [Date, String, Number, BigInt, Array, Blob, Event, File].map(({ prototype }) => prototype as object)
    const namespaces = [globalThis, Math, performance, AbortSignal, Atomics, Intl, crypto, process, wasm, URL]
    const holders: readonly object[] = [...namespaces, ...prototypes, ...built]
    const shape = (): readonly Shape[] =>
      holders.map((holder) => Object.getOwnPropertyDescriptors(holder) as unknown as Shape)
    const before = shape()
    world = createWorld({
      seed: 1,
      onEvent: () => {
        throw new Error('who looks on throws')
      },
    })
    world.schedule(1, { kind: 'x', run: () => undefined })
    await expect(world.run()).rejects.toThrow('who looks on throws')
    const after = shape()
    expect(differences(before, after)).toEqual([])
    expect(Date.now()).toBeGreaterThan(0)
  })

  it('a date of given numbers, and what was meant to stay, is there', async () => {
    world = createWorld({ seed: 1 })
    let text = ''
    world.schedule(1, {
      kind: 'ask',
      run: () => queueMicrotask(() => void (text = new Date(0).toISOString() + String(Date.UTC(1970, 0, 1)))),
    })
    await world.run()
    expect([text, world.failures]).toEqual(['1970-01-01T00:00:00.000Z0', []])
  })

  it('what says its zone or its language is there', async () => {
    world = createWorld({ seed: 1 })
    const said: unknown[] = []
    world.schedule(1, {
      kind: 'ask',
      run: () => {
        said.push(
          Date.parse('1970-01-01'),
          Date.parse('1970-01-01T01:00+01:00'),
          new Date('1970-01-01T00:00Z').getTime(),
        )
        said.push('a'.localeCompare('b', 'en'), new Intl.NumberFormat('en').format(1234), (1234).toLocaleString('en'))
        said.push(new Date(0).constructor === Date, new Date(new Date(5)).getTime())
      },
    })
    await world.run()
    expect([said, world.failures]).toEqual([[0, 0, 0, -1, '1,234', '1,234', true, 5], []])
  })

  it('is itself again only when the last of several worlds has run', async () => {
    const worlds = [1, 2].map((seed) => createWorld({ seed }))
    for (const each of worlds)
      for (let at = 1; at < 50; at += 1) each.schedule(at, { kind: 'ask', run: () => void Math.random() })
    await Promise.all(worlds.map(async (each) => await each.run()))
    expect(worlds.map(({ failures }) => failures.length)).toEqual([49, 49])
    expect(Math.random()).toBeLessThan(1)
  })
})

it('a timer for less than a millisecond waits for one, so that whoever asks for the rest of a span comes behind its end', async () => {
  const world = createWorld({ seed: 1 })
  const process = world.createProcess('only')
  let rest = 0
  const wait = (): void => {
    rest = 100.3 - process.clock.monotonicMs()
    if (rest > 0) process.timers.schedule(rest, wait)
  }
  process.timers.schedule(33.4, wait)
  await world.run({ eventsMax: 100 })
  expect(rest).toBeLessThanOrEqual(0)
})
