import { Cell } from '../../actors/cell/cell.ts'
import { ActorNumbers } from './actor-numbers.ts'
import { classNameOf, isOwnClass, platformData } from './platform-data.ts'
import type { RecordWriter } from './record-writer.ts'

/** What kind of value follows. Whole numbers from 0 to 127 are their own kind, 128 above. */
const KINDS = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  whole: 4,
  negative: 5,
  double: 6,
  nan: 7,
  bigint: 8,
  text: 9,
  list: 10,
  object: 11,
  map: 12,
  set: 13,
  bytes: 14,
  date: 16,
  error: 17,
  actor: 18,
  reference: 19,
  function: 20,
  symbol: 21,
  opaque: 22,
  above: 23,
  platform: 24,
} as const

const SMALL = 128
/** Deeper values are refused. */
const DEPTH_MAX = 1_000
/** Objects within one value; more of them are refused. What hangs together with everything is no message. */
const OBJECTS_MAX = 1_000_000
/** Texts of these are most often the engine's, and engines word them differently. */
const ENGINE_ERRORS: ReadonlySet<string> = new Set([
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
  'InternalError',
])

type Reference = { readonly id?: unknown; readonly send?: unknown; readonly code?: unknown; readonly cause?: unknown }

/**
 * Writes any value that actors and machines say to each other: data by what it holds, instances of classes by the name of the class and their own enumerable members, actors by who
 * they are. Of functions and of objects of the platform that are no data it says only what they are, because what they are like inside differs between engines; so do the texts of errors
 * that engines throw. Private members, holes of lists and symbols as members of a whole event are not seen.
 */
export class ValueRecorder {
  private readonly writer: RecordWriter
  private known: ActorNumbers | undefined
  /** What the value that is written is within, outermost first. */
  private readonly above: object[] = []
  private objects = 0

  constructor(writer: RecordWriter) {
    this.writer = writer
  }

  get actors(): ActorNumbers {
    this.known ??= new ActorNumbers(this.writer)
    return this.known
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'number':
        this.number(value)
        return
      case 'string':
        this.writer.byte(KINDS.text)
        this.writer.text(value)
        return
      case 'object':
        if (value === null) this.writer.byte(KINDS.null)
        else this.object(value)
        return
      case 'boolean':
        this.writer.byte(value ? KINDS.true : KINDS.false)
        return
      case 'bigint':
        this.writer.byte(KINDS.bigint)
        this.writer.text(value.toString())
        return
      case 'undefined':
      case 'function':
        this.writer.byte(KINDS[typeof value as 'undefined' | 'function'])
        return
      case 'symbol':
        this.writer.byte(KINDS.symbol)
        this.writer.text(value.description ?? '')
    }
  }

  /** The members of a plain object, without `type`: who writes an event has written it. */
  members(event: object): void {
    this.above.length = 0
    this.objects = 0
    this.above.push(event)
    for (const name in event) {
      if (name === 'type') continue
      this.writer.name(name)
      this.value((event as Record<string, unknown>)[name])
    }
    this.above.pop()
    this.writer.noName()
  }

  private number(value: number): void {
    const { writer } = this
    if (value >= 0 && value < SMALL && Number.isInteger(value) && !Object.is(value, -0)) {
      writer.byte(SMALL + value)
    } else if (Number.isSafeInteger(value) && value !== 0) {
      writer.byte(value > 0 ? KINDS.whole : KINDS.negative)
      writer.whole(value > 0 ? value : -value)
    } else if (Number.isNaN(value)) {
      writer.byte(KINDS.nan)
    } else {
      writer.byte(KINDS.double)
      writer.double(value)
    }
  }

  private object(value: object): void {
    if (value instanceof Cell) {
      this.writer.byte(KINDS.actor)
      this.actors.write(value)
      return
    }
    if (this.isWithin(value)) return
    this.above.push(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) this.plain(value)
    else if (Array.isArray(value)) this.list(KINDS.list, value)
    else if (value instanceof Uint8Array) {
      this.writer.byte(KINDS.bytes)
      this.writer.bytes(value)
    } else this.instance(value)
    this.above.pop()
  }

  /** Whether it is within itself; then that is written. Throws `RangeError` where it is within too many others, or has too many within it. */
  private isWithin(value: object): boolean {
    const { above, writer } = this
    this.objects = above.length === 0 ? 1 : this.objects + 1
    const at = above.lastIndexOf(value)
    if (at === -1) {
      if (above.length < DEPTH_MAX && this.objects <= OBJECTS_MAX) return false
      above.length = 0
      throw new RangeError(
        `A value is too large to be recorded: more than ${DEPTH_MAX} levels or ${OBJECTS_MAX} objects`,
      )
    }
    writer.byte(KINDS.above)
    writer.whole(above.length - at)
    return true
  }

  private plain(value: object): void {
    const { writer } = this
    writer.byte(KINDS.object)
    for (const name in value) {
      writer.name(name)
      this.value((value as Record<string, unknown>)[name])
    }
    this.symbols(value)
    writer.noName()
  }

  private list(kind: number, values: readonly unknown[]): void {
    this.writer.byte(kind)
    this.writer.whole(values.length)
    for (let at = 0; at < values.length; at += 1) this.value(values[at])
  }

  private instance(value: Reference & object): void {
    const { writer } = this
    if (value instanceof Map) this.list(KINDS.map, [...(value as Map<unknown, unknown>)].flat(1))
    else if (value instanceof Set) this.list(KINDS.set, [...(value as Set<unknown>)])
    else if (value instanceof Error) this.error(value)
    else if (typeof value.send === 'function' && typeof value.id === 'string') {
      writer.byte(KINDS.reference)
      writer.text(value.id)
    } else if (Object.prototype.toString.call(value) === '[object Date]') {
      writer.byte(KINDS.date)
      this.number((value as unknown as { getTime(): number }).getTime())
    } else {
      const data = platformData(value)
      writer.byte(data === undefined ? KINDS.opaque : KINDS.platform)
      writer.name(classNameOf(value))
      if (data !== undefined) this.value(data)
      else if (isOwnClass(value)) this.named(value)
      else writer.noName()
    }
  }

  private error(value: Error & Reference): void {
    const { writer } = this
    writer.byte(KINDS.error)
    writer.text(value.name)
    const isEngines = ENGINE_ERRORS.has(value.name) && typeof value.code !== 'string'
    this.value(isEngines ? undefined : [value.code, value.message])
    this.value(value.cause)
    this.named(value)
  }

  /** Enumerable members that are the object's own, by name, then by symbol. */
  private named(value: object): void {
    const { writer } = this
    for (const name of Object.keys(value)) {
      writer.name(name)
      this.value((value as Record<string, unknown>)[name])
    }
    this.symbols(value)
    writer.noName()
  }

  private symbols(value: object): void {
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (!Object.prototype.propertyIsEnumerable.call(value, symbol)) continue
      this.writer.name(String(symbol))
      this.value((value as Record<symbol, unknown>)[symbol])
    }
  }
}
