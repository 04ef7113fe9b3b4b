import { types } from 'node:util'
import { CodedError, toPlainError } from '../../base/errors.ts'
import { EncodeBuffer, isLatin } from './encode-buffer.ts'
import { ShapeTable } from './shape-table.ts'
import type { Shape } from './shape-table.ts'
import * as tags from './value-tags.ts'

/**
 * What crosses in place of an actor reference or a reply target: its address, or a number that the thread it came from
 * can resolve.
 */
export type WireReference = string | number

/** How the kernel takes references out of events and puts them back. */
export interface ReferenceCodec {
  /** `undefined` when `value` is no reference. Asked only for objects of classes. */
  encodeReference(value: object): WireReference | undefined
  decodeReference(reference: WireReference): unknown
}

/** Objects to remember one after the other; more of them are looked up by hash. */
const SEEN_SCANNED = 8

/**
 * Writes events as bytes, in one walk. Objects keep their identity within one event, references become addresses, coded
 * errors keep their code. What only structured clone can carry (instances of classes, shared memory, WebAssembly modules)
 * is put aside in `aside`, to go by a port.
 *
 * One encoder serves one channel, for the table of shapes is what its reader knows. Plain fields: see `RingWriter`.
 */
export class ValueEncoder {
  readonly buffer = new EncodeBuffer()
  readonly shapes = new ShapeTable()
  aside: unknown[] = []
  private readonly references: ReferenceCodec | undefined
  private seen: object[] = []
  private seenNumbers: Map<object, number> | undefined
  private depth = 0
  /** Shapes before the present event. */
  private known = 0
  /** Way to what cannot be cloned, innermost first, while a walk gives up. */
  private failedPath: string[] = []
  private failedReason = ''

  constructor(references?: ReferenceCodec) {
    this.references = references
  }

  /**
   * Leaves the bytes in `buffer` and the rest in `aside`, both until the next call.
   *
   * @throws `ACTOR_EVENT_NOT_CLONEABLE` naming the field. Nothing is left behind then.
   */
  encode(value: unknown): void {
    this.known = this.shapes.size
    this.buffer.position = 0
    this.depth = 0
    if (this.aside.length > 0) this.aside = []
    let isWritten = false
    try {
      isWritten = this.write(value, undefined) !== undefined
    } finally {
      // A getter may throw; it is the event's own fault and reaches the sender as it is.
      if (this.seen.length > 0) this.seen = []
      this.seenNumbers = undefined
      if (!isWritten) this.takeBack()
    }
    if (!isWritten) throw this.takeFailure()
  }

  /** What was encoded last is not sent: the reader does not learn its shapes. */
  takeBack(): void {
    this.shapes.truncate(this.known)
  }

  /**
   * @param guess  The shape that the value probably has.
   * @returns The shape it has, null when it has none, `undefined` when it cannot be cloned.
   */
  private write(value: unknown, guess: Shape | undefined): Shape | null | undefined {
    switch (typeof value) {
      case 'number':
        this.writeNumber(value)
        return null
      case 'string':
        this.writeText(value)
        return null
      case 'boolean':
        this.buffer.writeByte(value ? tags.TRUE : tags.FALSE)
        return null
      case 'undefined':
        this.buffer.writeByte(tags.UNDEFINED)
        return null
      case 'bigint':
        this.buffer.writeByte(tags.BIGINT)
        this.writeText(String(value))
        return null
      case 'object':
        if (value !== null) return this.writeObject(value, guess)
        this.buffer.writeByte(tags.NULL)
        return null
      case 'function':
      case 'symbol':
        return this.fail(`a ${typeof value} cannot be cloned`)
    }
  }

  private writeNumber(value: number): void {
    const { buffer } = this
    if ((value | 0) === value && !Object.is(value, -0)) {
      buffer.writeByte(tags.INTEGER)
      buffer.writeUint32(value)
      return
    }
    buffer.writeByte(tags.FLOAT)
    buffer.writeFloat64(value)
  }

  private writeText(text: string): void {
    const { buffer } = this
    if (buffer.writeShortText(tags.SHORT_TEXT, text)) return
    const isNarrow = isLatin(text)
    buffer.writeByte(isNarrow ? tags.LATIN_TEXT : tags.WIDE_TEXT)
    buffer.writeUint32(text.length)
    buffer.writeUnits(text, isNarrow ? 'latin1' : 'utf16le')
  }

  private writeObject(value: object, guess: Shape | undefined): Shape | null | undefined {
    const prototype: unknown = Object.getPrototypeOf(value)
    const isPlain = prototype === Object.prototype || prototype === null
    if (!isPlain && !Array.isArray(value) && this.writeReference(value)) return null
    if (this.writeSame(value)) return null
    if (this.depth >= tags.DEPTH_MAX) return this.fail(`it is deeper than ${tags.DEPTH_MAX} levels`)
    this.depth += 1
    const shape = isPlain ? this.writeFields(value, guess) : this.writeInstance(value, guess)
    this.depth -= 1
    return shape
  }

  private writeReference(value: object): boolean {
    const reference = this.references?.encodeReference(value)
    if (reference === undefined) return false
    this.buffer.writeByte(tags.REFERENCE)
    if (typeof reference === 'string') this.writeText(reference)
    else this.writeNumber(reference)
    return true
  }

  /** Whether the object was written before; else it has the next number from now on. */
  private writeSame(value: object): boolean {
    const { seen } = this
    const number = this.seenNumbers === undefined ? seen.indexOf(value) : (this.seenNumbers.get(value) ?? -1)
    if (number >= 0) {
      this.buffer.writeByte(tags.SAME)
      this.buffer.writeUint32(number)
      return true
    }
    this.seenNumbers?.set(value, seen.length)
    seen.push(value)
    if (seen.length === SEEN_SCANNED) this.seenNumbers = new Map(seen.map((object, index) => [object, index]))
    return false
  }

  /** A plain object: by its shape, when it has one. */
  private writeFields(value: object, guess: Shape | undefined): Shape | null | undefined {
    const fields = value as Readonly<Record<string, unknown>>
    const names = Object.keys(fields)
    const first = names[0] === 'type' ? fields.type : undefined
    const type = typeof first === 'string' ? first : undefined
    const likely = guess ?? (type === undefined ? undefined : this.shapes.guess(type))
    let shape = likely !== undefined && isShapeOf(likely, type, names) ? likely : this.shapes.find(type, names)
    if (shape !== undefined) {
      this.buffer.writeByte(tags.SHAPED)
      this.buffer.writeUint16(shape.number)
    } else {
      shape = this.shapes.add(type, names)
      if (shape === undefined) return this.writeNamed(fields, names)
      this.buffer.writeByte(tags.NEW_SHAPE)
      if (type === undefined) this.buffer.writeByte(tags.UNDEFINED)
      else this.writeText(type)
      this.buffer.writeByte(names.length)
      for (const name of names) this.writeText(name)
    }
    for (let index = type === undefined ? 0 : 1; index < names.length; index += 1) {
      const name = names[index] ?? ''
      const inner = this.write(fields[name], shape.inner[index])
      if (inner === undefined) return this.failIn(name)
      if (inner !== null) shape.inner[index] = inner
    }
    return shape
  }

  private writeNamed(fields: Readonly<Record<string, unknown>>, names: readonly string[]): null | undefined {
    this.buffer.writeByte(tags.RECORD)
    this.buffer.writeUint32(names.length)
    for (const name of names) {
      this.writeText(name)
      if (this.write(fields[name], undefined) === undefined) return this.failIn(name)
    }
    return null
  }

  private writeInstance(value: object, guess: Shape | undefined): Shape | null | undefined {
    if (Array.isArray(value)) return this.writeArray(value, guess)
    if (types.isNativeError(value) || value instanceof Error) return this.writeError(value)
    if (types.isMap(value)) return this.writeMap(value)
    if (types.isSet(value)) return this.writeSet(value)
    if (types.isDate(value)) {
      this.buffer.writeByte(tags.DATE)
      this.buffer.writeFloat64(value.getTime())
      return null
    }
    if (types.isRegExp(value)) {
      this.buffer.writeByte(tags.REGEXP)
      this.writeText(value.source)
      this.writeText(value.flags)
      return null
    }
    if (this.writeMemory(value)) return null
    this.buffer.writeByte(tags.BY_PORT)
    this.buffer.writeUint32(this.aside.length)
    this.aside.push(value)
    return null
  }

  private writeArray(items: readonly unknown[], guess: Shape | undefined): Shape | null | undefined {
    this.buffer.writeByte(tags.ARRAY)
    this.buffer.writeUint32(items.length)
    let shape = guess
    for (let index = 0; index < items.length; index += 1) {
      if (items[index] === undefined && !Object.hasOwn(items, index)) {
        this.buffer.writeByte(tags.HOLE)
        continue
      }
      const inner = this.write(items[index], shape)
      if (inner === undefined) return this.failIn(index)
      if (inner !== null) shape = inner
    }
    // The next array in this place will probably hold the same kind of items.
    return shape ?? null
  }

  private writeMap(map: ReadonlyMap<unknown, unknown>): null | undefined {
    this.buffer.writeByte(tags.MAP)
    this.buffer.writeUint32(map.size)
    let shape: Shape | undefined
    for (const [key, item] of map) {
      if (this.write(key, undefined) === undefined) return this.failIn('key')
      const inner = this.write(item, shape)
      if (inner === undefined) return this.failIn(typeof key === 'string' ? key : 'value')
      shape = inner ?? undefined
    }
    return null
  }

  private writeSet(set: ReadonlySet<unknown>): null | undefined {
    this.buffer.writeByte(tags.SET)
    this.buffer.writeUint32(set.size)
    for (const item of set) if (this.write(item, undefined) === undefined) return this.failIn('item')
    return null
  }

  private writeMemory(value: object): boolean {
    const isView = ArrayBuffer.isView(value)
    const buffer = isView ? value.buffer : value
    // Shared memory stays shared: it goes by the port. So do views of classes that nobody but their maker knows.
    if (!(buffer instanceof ArrayBuffer)) return false
    const kind = tags.BYTES_KINDS.findIndex(({ of }) => value instanceof of)
    if (kind === -1) return false
    const bytes = isView ? new Uint8Array(buffer, value.byteOffset, value.byteLength) : new Uint8Array(buffer)
    this.buffer.writeByte(tags.BYTES)
    this.buffer.writeByte(kind)
    this.buffer.writeUint32(bytes.byteLength)
    this.buffer.writeBytes(bytes)
    return true
  }

  private writeError(error: Error): null | undefined {
    if (CodedError.is(error)) {
      const { code, message, details } = toPlainError(error)
      this.buffer.writeByte(tags.CODED_ERROR)
      this.writeText(code)
      this.writeText(message)
      if (this.write(details, undefined) === undefined) return this.failIn('details')
      if (this.write(error.cause, undefined) === undefined) return this.failIn('cause')
      this.buffer.writeByte(error.isRetryable ? tags.TRUE : tags.FALSE)
      return null
    }
    this.buffer.writeByte(tags.ERROR)
    this.writeText(String(error.name))
    this.writeText(String(error.message))
    this.writeText(String(error.stack))
    if (this.write(error.cause, undefined) === undefined) return this.failIn('cause')
    const code: unknown = 'code' in error ? error.code : undefined
    this.write(typeof code === 'string' || typeof code === 'number' ? code : undefined, undefined)
    return null
  }

  private fail(reason: string): undefined {
    this.failedReason = reason
    this.failedPath = []
    return undefined
  }

  private failIn(name: string | number): undefined {
    this.failedPath.push(formatStep(name))
    return undefined
  }

  private takeFailure(): CodedError {
    const path = this.failedPath.toReversed().join('').replace(/^\./, '')
    return notCloneableError({ path, reason: this.failedReason })
  }
}

export function notCloneableError(init: { path: string; reason: string; cause?: unknown }): CodedError {
  const what = init.path === '' ? 'The event' : `Field ${init.path} of the event`
  return new CodedError('ACTOR_EVENT_NOT_CLONEABLE', {
    message: `${what} cannot be sent to another thread: ${init.reason}`,
    details: { path: init.path },
    cause: init.cause,
  })
}

export function formatStep(name: string | number): string {
  if (typeof name === 'number') return `[${name}]`
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

function isShapeOf(shape: Shape, type: string | undefined, names: readonly string[]): boolean {
  if (shape.number < 0 || shape.type !== type || shape.names.length !== names.length) return false
  for (let index = 0; index < names.length; index += 1) if (shape.names[index] !== names[index]) return false
  return true
}
