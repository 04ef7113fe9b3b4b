import { CodedError } from '../../base/errors.ts'
import { pathOf, trappedIn, type TrapMakers } from './trapped-calls.ts'

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
  const found = trappedIn(MAKERS)
    .filter(({ holder, name }) => name in holder)
    .map((each) => ({ ...each, own: Object.getOwnPropertyDescriptor(each.holder, each.name) }))
  return found.map(({ holder, name, make, own }) => {
    const path = pathOf(holder, name)
    const value = make?.(path, own?.value)
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
      if (args.length > 1) throw realWorld('new Date(year, month)')
      const [value] = args
      if (typeof value === 'string' && !hasZone(value)) throw realWorld('new Date(text without a zone)')
      // What it becomes is a text, or is looked at twice.
      if (typeof value === 'object' && value !== null && !(value instanceof target)) throw realWorld('new Date(object)')
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
      if (name === 'parse')
        return (text: unknown) => {
          if (!hasZone(String(text))) throw realWorld('Date.parse(text without a zone)')
          return target.parse(String(text))
        }
      return Reflect.get(target, name) as unknown
    },
  })
}

/** Whether a text says the same instant everywhere: a date of ISO 8601 alone is in UTC, and what is no date is none in any zone. */
function hasZone(text: string): boolean {
  return /^[+-]?\d{4,6}(?:-\d\d){0,2}$|(?:Z|GMT|UTC|[+-]\d\d:?\d\d)(?: \(.*\))?$/i.test(text.trim()) || !/\d/.test(text)
}

function calledOrTouched(path: string): unknown {
  return new Proxy(thrower(path) as object, {
    get: (_, member) => {
      throw realWorld(`${path}.${String(member)}`)
    },
  })
}

/** No language, or a list of none: that of the machine is taken. */
function isUnspoken(language: unknown): boolean {
  return language === undefined || (Array.isArray(language) && language.length === 0)
}

/** Works where the language is given. */
function spoken(path: string, real: unknown, place: number): unknown {
  return new Proxy(real as () => unknown, {
    construct: (target, args: unknown[], newTarget) => {
      if (isUnspoken(args[place])) throw realWorld(path)
      return Reflect.construct(target, args, newTarget) as object
    },
    apply: (target, self: unknown, args: unknown[]) => {
      if (isUnspoken(args[place])) throw realWorld(path)
      return Reflect.apply(target, self, args) as unknown
    },
  })
}

const MAKERS: TrapMakers = { date: trappedDate, called: thrower, untouchable, calledOrTouched, spoken }

function realWorld(what: string): CodedError {
  return new CodedError('SIMULATION_REAL_WORLD', {
    message: `${what} was called inside a simulated world`,
    details: { called: what },
  })
}
