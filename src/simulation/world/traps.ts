import { CodedError } from '../../base/errors.ts'

type Trapped = { readonly holder: object; readonly name: string; readonly make: (path: string) => unknown }

/** What gives another answer each time, or a turn that the world does not see. `queueMicrotask` stays: the world waits until no microtask is left. */
const TRAPPED: readonly Trapped[] = [
  { holder: globalThis, name: 'Date', make: () => trappedDate(Date) },
  ...['setTimeout', 'setInterval', 'setImmediate', 'fetch'].map((name) => ({
    holder: globalThis,
    name,
    make: thrower,
  })),
  ...['MessageChannel', 'FinalizationRegistry', 'WeakRef', 'WebSocket'].map((name) => ({
    holder: globalThis,
    name,
    make: thrower,
  })),
  { holder: Math, name: 'random', make: thrower },
  { holder: performance, name: 'now', make: thrower },
  { holder: AbortSignal, name: 'timeout', make: thrower },
  { holder: crypto, name: 'randomUUID', make: thrower },
  { holder: crypto, name: 'getRandomValues', make: thrower },
]

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

/** Not every platform has each of them. All are looked at before one is replaced: a platform may load what it is asked for, with the help of others. */
function trapAll(): readonly (() => void)[] {
  const found = TRAPPED.filter(({ holder, name }) => name in holder).map((trapped) => ({
    ...trapped,
    own: Object.getOwnPropertyDescriptor(trapped.holder, trapped.name),
  }))
  return found.map(({ holder, name, make, own }) => {
    const path = holder === globalThis ? name : `${nameOf(holder)}.${name}`
    Object.defineProperty(holder, name, { value: make(path), configurable: true, writable: true })
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
  if (holder === Math) return 'Math'
  if (holder === AbortSignal) return 'AbortSignal'
  return holder === crypto ? 'crypto' : 'performance'
}
