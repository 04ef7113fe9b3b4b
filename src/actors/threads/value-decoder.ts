import { assert } from '../../base/assert.ts'
import { ERROR_CODES } from '../../base/error-codes.ts'
import { CodedError, fromPlainError } from '../../base/errors.ts'
import type { ErrorCode, PlainError } from '../../base/errors.ts'
import { createShape } from './shape-table.ts'
import type { Shape } from './shape-table.ts'
import type { ReferenceCodec } from './value-encoder.ts'
import * as tags from './value-tags.ts'

/** Texts so short are put together here: a call into the platform costs more. */
const SHORT_MAX = 12
const HOLE = Symbol('hole')

type PlainDetails = NonNullable<PlainError['details']>

/** The reader's side of `ValueEncoder`: one decoder per channel, given every record in order. */
export class ValueDecoder {
  readonly shapes: Shape[] = []
  /** True: `shapes` has all that will be defined in what is read, and definitions add nothing. */
  knowsShapes = false
  private readonly references: ReferenceCodec | undefined
  private bytes: Buffer = Buffer.alloc(0)
  private view: DataView = new DataView(new ArrayBuffer(0))
  private position = 0
  private seen: object[] = []
  private byPort: readonly unknown[] = []

  constructor(references?: ReferenceCodec) {
    this.references = references
  }

  /** Reads from this memory until told otherwise. */
  attach(memory: Uint8Array): void {
    this.bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength)
    this.view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
  }

  /** @param byPort  What the encoder put aside. */
  decode(position: number, byPort: readonly unknown[]): unknown {
    this.position = position
    this.byPort = byPort
    if (this.seen.length > 0) this.seen = []
    return this.read()
  }

  /** The shape of a record whose fields lie there as numbers. */
  shapeAt(number: number): Shape {
    const shape = this.shapes[number]
    assert(shape !== undefined, 'a shape is defined before it is used')
    return shape
  }

  private read(): unknown {
    const tag = this.readByte()
    switch (tag) {
      case tags.UNDEFINED:
        return undefined
      case tags.NULL:
        return null
      case tags.TRUE:
        return true
      case tags.FALSE:
        return false
      case tags.INTEGER:
        this.position += 4
        return this.view.getInt32(this.position - 4, true)
      case tags.FLOAT:
        return this.readFloat64()
      case tags.SHORT_TEXT:
      case tags.LATIN_TEXT:
      case tags.WIDE_TEXT:
        return this.readTextAfter(tag)
      case tags.SHAPED: {
        this.position += 2
        return this.readFields(this.shapeAt(this.view.getUint16(this.position - 2, true)))
      }
      case tags.NEW_SHAPE:
        return this.readFields(this.readShape())
      case tags.ARRAY:
        return this.readArray()
      default:
        return this.readRare(tag)
    }
  }

  private readRare(tag: number): unknown {
    switch (tag) {
      case tags.RECORD:
        return this.readNamed()
      case tags.BIGINT:
        return BigInt(this.readText())
      case tags.DATE:
        return this.remember(new Date(this.readFloat64()))
      case tags.REGEXP:
        return this.remember(new RegExp(this.readText(), this.readText()))
      case tags.MAP: {
        const map = this.remember(new Map<unknown, unknown>())
        for (let left = this.readUint32(); left > 0; left -= 1) {
          const key = this.read()
          map.set(key, this.read())
        }
        return map
      }
      case tags.SET: {
        const set = this.remember(new Set<unknown>())
        for (let left = this.readUint32(); left > 0; left -= 1) set.add(this.read())
        return set
      }
      case tags.BYTES:
        return this.readBytes()
      case tags.ERROR:
        return this.readError()
      case tags.CODED_ERROR:
        return this.readCodedError()
      case tags.REFERENCE: {
        const reference = this.read()
        assert(typeof reference === 'string' || typeof reference === 'number', 'a reference is a text or a number')
        return this.references?.decodeReference(reference)
      }
      case tags.SAME:
        return this.seen[this.readUint32()]
      case tags.BY_PORT:
        return this.remember(this.byPort[this.readUint32()])
      case tags.HOLE:
        return HOLE
      default:
        return assert(false, `${tag} is no kind of value`)
    }
  }

  /** Objects are numbered in the order of their beginnings, as the encoder does. */
  private remember<Value>(value: Value): Value {
    this.seen.push(value as object)
    return value
  }

  private readFields(shape: Shape): unknown {
    const { names, type } = shape
    const object: Record<string, unknown> = type === undefined ? {} : { type }
    this.seen.push(object)
    for (let index = type === undefined ? 0 : 1; index < names.length; index += 1) {
      object[names[index] ?? ''] = this.read()
    }
    return object
  }

  private readShape(): Shape {
    const tag = this.readByte()
    const type = tag === tags.UNDEFINED ? undefined : this.readTextAfter(tag)
    const names: string[] = []
    for (let left = this.readByte(); left > 0; left -= 1) names.push(this.readText())
    // Set by assignment, which would not make it a field; no encoder of ours writes it.
    assert(!names.includes('__proto__'), 'no shape has a field that cannot be assigned')
    const shape = createShape(this.shapes.length, type, names)
    if (!this.knowsShapes) this.shapes.push(shape)
    return shape
  }

  private readNamed(): unknown {
    const object: Record<string, unknown> = {}
    this.seen.push(object)
    for (let left = this.readUint32(); left > 0; left -= 1) {
      const name = this.readText()
      const value = this.read()
      if (name === '__proto__') {
        Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
      } else object[name] = value
    }
    return object
  }

  private readArray(): unknown {
    const length = this.readUint32()
    const items: unknown[] = []
    this.seen.push(items)
    for (let index = 0; index < length; index += 1) {
      const item = this.read()
      if (item !== HOLE) items[index] = item
    }
    items.length = length
    return items
  }

  private readBytes(): unknown {
    const kind = tags.BYTES_KINDS[this.readByte()]
    const length = this.readUint32()
    const { position } = this
    this.position += length
    assert(kind !== undefined, 'bytes are of a known kind')
    // A copy: the room in the ring is used again.
    const memory = new Uint8Array(this.bytes.subarray(position, position + length)).buffer
    return this.remember(kind.view(memory))
  }

  private readError(): unknown {
    // Its number comes before those of its parts.
    const number = this.seen.push({}) - 1
    const [name, message, stack] = [this.readText(), this.readText(), this.readText()]
    const error = createError(name, message)
    this.seen[number] = error
    const set = (key: string, value: unknown): void => {
      Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true })
    }
    set('stack', stack)
    const cause = this.read()
    if (cause !== undefined) set('cause', cause)
    const code = this.read()
    if (code !== undefined) Object.assign(error, { code })
    return error
  }

  /** Errors with a cycle through their cause do not exist: the cause is read before the error is made. */
  private readCodedError(): unknown {
    const number = this.seen.push({}) - 1
    const [code, message] = [this.readText(), this.readText()]
    const details = this.read()
    const cause = this.read()
    const isRetryable = this.readByte() === tags.TRUE
    const plain = fromPlainError({ code: isErrorCode(code) ? code : 'INTERNAL', message })
    const error = new CodedError(plain.code, { message, isRetryable, cause, details: details as PlainDetails })
    this.seen[number] = error
    return error
  }

  private readByte(): number {
    this.position += 1
    return this.view.getUint8(this.position - 1)
  }

  private readUint32(): number {
    this.position += 4
    return this.view.getUint32(this.position - 4, true)
  }

  private readFloat64(): number {
    this.position += 8
    return this.view.getFloat64(this.position - 8, true)
  }

  private readText(): string {
    return this.readTextAfter(this.readByte())
  }

  private readTextAfter(tag: number): string {
    if (tag === tags.SHORT_TEXT) {
      const length = this.readByte()
      const start = this.position
      this.position += length
      if (length > SHORT_MAX) return this.bytes.toString('latin1', start, this.position)
      let text = ''
      for (let index = start; index < this.position; index += 1) text += String.fromCharCode(this.view.getUint8(index))
      return text
    }
    const length = this.readUint32()
    const start = this.position
    if (tag === tags.LATIN_TEXT) {
      this.position += length
      return this.bytes.toString('latin1', start, this.position)
    }
    this.position += length * 2
    return this.bytes.toString('utf16le', start, this.position)
  }
}

const ERROR_CLASSES: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
}

function createError(name: string, message: string): Error {
  const error = new (ERROR_CLASSES[name] ?? Error)(message)
  if (error.name !== name) {
    Object.defineProperty(error, 'name', { value: name, writable: true, enumerable: false, configurable: true })
  }
  return error
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}
