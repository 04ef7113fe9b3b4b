import { CodedError } from '../../base/errors.ts'

type Trapped = {
  readonly holder: object
  readonly name: string
  /** What stands there instead; absent: whoever reads it hears of the trap. */
  readonly make?: (path: string) => unknown
}

/** Calls of the platform that take real time, chance, turns or connections. `queueMicrotask` stays: the world waits until no microtask is left. */
const CALLED: readonly string[] = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'requestIdleCallback',
  'requestAnimationFrame',
  'fetch',
  'MessageChannel',
  'BroadcastChannel',
  'Worker',
  'SharedWorker',
  'WebSocket',
  'EventSource',
  'XMLHttpRequest',
  'FinalizationRegistry',
  'WeakRef',
  'PerformanceObserver',
]
/** Objects of the platform whose members are all of the real world; code may ask whether they are there. */
const TOUCHED: readonly string[] = ['navigator', 'scheduler', 'localStorage', 'sessionStorage', 'indexedDB', 'caches']
/** What a date says in the time zone of the machine. */
const ZONED: readonly string[] = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDay',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getTimezoneOffset',
  'setFullYear',
  'setMonth',
  'setDate',
  'setHours',
  'setMinutes',
  'setSeconds',
  'toString',
  'toDateString',
  'toTimeString',
  'toLocaleString',
  'toLocaleDateString',
  'toLocaleTimeString',
]
/** What the process tells of the machine. */
const MEASURED: readonly string[] = ['hrtime', 'uptime', 'cpuUsage', 'memoryUsage', 'resourceUsage']

/** What gives another answer each time or on each machine, or a turn that the world does not see. */
function trapped(): readonly Trapped[] {
  const { process: host } = globalThis as { readonly process?: object }
  const called = (holder: object, names: readonly string[]): readonly Trapped[] =>
    names.map((name) => ({ holder, name, make: thrower }))
  return [
    { holder: globalThis, name: 'Date', make: () => trappedDate(Date) },
    ...called(Date.prototype, ZONED),
    ...called(globalThis, CALLED),
    ...TOUCHED.map((name) => ({ holder: globalThis, name, make: untouchable })),
    ...called(Math, ['random']),
    ...called(performance, ['now', 'mark', 'measure']),
    { holder: performance, name: 'timeOrigin' },
    ...called(AbortSignal, ['timeout']),
    ...called(Atomics, ['wait', 'waitAsync']),
    ...called(Intl, ['DateTimeFormat']),
    ...called(crypto, ['randomUUID', 'getRandomValues']),
    // Its answers come when threads of the platform are done.
    { holder: crypto, name: 'subtle', make: untouchable },
    ...(host === undefined ? [] : called(host, MEASURED)),
  ]
}

/** Worlds that run now; the traps are those of the whole thread. */
let users = 0
let restore: (() => void)[] = []

/**
 * From now on whoever asks this thread for real time, chance, timers or a connection gets `SIMULATION_REAL_WORLD`.
 *
 * @returns Takes the traps away again, with the last user. Idempotent.
 */
export function setTraps(): () => void {
  if (users === 0) restore = [...trapAll()]
  users += 1
  let isSet = true
  return () => {
    if (!isSet) return
    isSet = false
    users -= 1
    if (users === 0) for (const undo of restore.splice(0)) undo()
  }
}

/** Calls somebody who belongs to the real world, with everything as it is there. */
export function withoutTraps(task: () => void): void {
  if (users === 0) {
    task()
    return
  }
  for (const undo of restore.splice(0)) undo()
  try {
    task()
  } finally {
    restore = [...trapAll()]
  }
}

/** Not every platform has each of them. All are looked at before one is replaced: a platform may load what it is asked for, with the help of others. */
function trapAll(): readonly (() => void)[] {
  const found = trapped()
    .filter(({ holder, name }) => name in holder)
    .map((each) => ({ ...each, own: Object.getOwnPropertyDescriptor(each.holder, each.name) }))
  return found.map(({ holder, name, make, own }) => {
    const path = holder === globalThis ? name : `${nameOf(holder)}.${name}`
    const value = make?.(path)
    const get = (): never => {
      throw realWorld(path)
    }
    const instead = make === undefined ? { get } : { value, writable: true }
    Object.defineProperty(holder, name, { ...instead, configurable: true, enumerable: own?.enumerable ?? false })
    return () => {
      // Methods of a prototype, such as `performance.now`, were not the holder's own.
      if (own === undefined) Reflect.deleteProperty(holder, name)
      else Object.defineProperty(holder, name, own)
    }
  })
}

/** Called with `new` or without. */
function thrower(path: string): unknown {
  return function trapped(): never {
    throw realWorld(path)
  }
}

/** Whether it is there may be asked; whatever it has may not. */
function untouchable(path: string): unknown {
  return new Proxy(
    {},
    {
      get: (_, member) => {
        throw realWorld(`${path}.${String(member)}`)
      },
    },
  )
}

/** A date of given numbers is a value; the present is not. */
function trappedDate(real: DateConstructor): DateConstructor {
  return new Proxy(real, {
    construct: (target, args: unknown[], newTarget) => {
      if (args.length === 0) throw realWorld('new Date()')
      return Reflect.construct(target, args, newTarget) as object
    },
    apply: () => {
      throw realWorld('Date()')
    },
    get: (target, name) => {
      if (name === 'now')
        return () => {
          throw realWorld('Date.now')
        }
      return Reflect.get(target, name) as unknown
    },
  })
}

function realWorld(what: string): CodedError {
  return new CodedError('SIMULATION_REAL_WORLD', {
    message: `${what} was called inside a simulated world`,
    details: { called: what },
  })
}

function nameOf(holder: object): string {
  const names: readonly (readonly [object, string])[] = [
    [Math, 'Math'],
    [AbortSignal, 'AbortSignal'],
    [crypto, 'crypto'],
    [performance, 'performance'],
    [Atomics, 'Atomics'],
    [Intl, 'Intl'],
    [Date.prototype, 'Date.prototype'],
  ]
  return names.find(([known]) => known === holder)?.[1] ?? 'process'
}
