import { CodedError, fromPlainError, toPlainError } from '../../../base/errors.ts'
import type { PlainError } from '../../../base/errors.ts'
import { decodeBase64, encodeBase64 } from '../../../core/text/base64.ts'
import { isStoredBytes, storedKindOf, TYPED_ARRAYS } from './stored-value.ts'
import type { ReferenceCodec, StoredBytes } from './stored-value.ts'

/**
 * Stored values as JSON. What JSON does not carry becomes an object with the one key `$k` and a tuple that begins with a
 * letter:
 *
 * ```text
 * u                undefined            m [[key, value] ...]   Map
 * n TEXT           NaN, Infinity, -0    s [value ...]          Set
 * b TEXT           bigint               y NAME BASE64          typed array, little-endian
 * d MS|null        Date                 e NAME MESSAGE         Error
 * a ID             actor reference      c {code ...}           coded error
 * o [[key, value] ...]                  an object that has the key `$k` itself
 * ```
 *
 * A text that uses none of these has the mark `J` in front and is read by `JSON.parse` alone; one that does has `T`.
 */
const PLAIN_MARK = 'J'
const TAGGED_MARK = 'T'
const PLAIN_BYTE = PLAIN_MARK.charCodeAt(0)
const TAGGED_BYTE = TAGGED_MARK.charCodeAt(0)
const [OPEN_BYTE, COMMA_BYTE, CLOSE_BYTE] = [0x5b, 0x2c, 0x5d] as const
const TAG = '$k'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** @param isTagged  What `sealValue` found out; a false `false` loses values. */
export function encodeValue(value: unknown, isTagged: boolean, references?: ReferenceCodec): Uint8Array {
  return encoder.encode(formatValue(value, isTagged, references))
}

export function formatValue(value: unknown, isTagged: boolean, references?: ReferenceCodec): string {
  return isTagged ? TAGGED_MARK + JSON.stringify(toTagged(value, references)) : PLAIN_MARK + JSON.stringify(value)
}

/** @throws `STORE_CORRUPTED` when the bytes are not a stored value. Nobody else holds a part of what is returned. */
export function decodeValue(bytes: Uint8Array, references?: ReferenceCodec): unknown {
  const mark = bytes[0]
  if (mark !== PLAIN_BYTE && mark !== TAGGED_BYTE) throw malformedError('no mark')
  try {
    return finishParse(decoder.decode(bytes.subarray(1)), mark === TAGGED_BYTE, references)
  } catch (error: unknown) {
    if (CodedError.is(error)) throw error
    throw malformedError('no JSON', error)
  }
}

/** As `decodeValue`, of many: they are one text for the parser. */
export function decodeValues(payloads: readonly Uint8Array[], references?: ReferenceCodec): readonly unknown[] {
  const size = payloads.reduce((total, payload) => total + payload.length, 0)
  // The mark of each is overwritten by what separates it from the one before.
  const bytes = new Uint8Array(size + 1)
  let offset = 0
  for (const payload of payloads) {
    if (payload[0] !== PLAIN_BYTE && payload[0] !== TAGGED_BYTE) throw malformedError('no mark')
    bytes.set(payload, offset)
    bytes[offset] = offset === 0 ? OPEN_BYTE : COMMA_BYTE
    offset += payload.length
  }
  bytes[offset] = CLOSE_BYTE
  if (payloads.length === 0) return []
  let parsed: unknown
  try {
    parsed = JSON.parse(decoder.decode(bytes))
  } catch (cause: unknown) {
    throw malformedError('no JSON', cause)
  }
  // One text holds as many values as there were only if each of them was one.
  if (!Array.isArray(parsed) || parsed.length !== payloads.length) throw malformedError('more or less than one value')
  return parsed.map((value: unknown, index) =>
    payloads[index]?.[0] === TAGGED_BYTE ? fromTagged(value, references) : value,
  )
}

/** As `decodeValue`, of a text. */
export function parseValue(text: string, references?: ReferenceCodec): unknown {
  if (text[0] !== PLAIN_MARK && text[0] !== TAGGED_MARK) throw malformedError('no mark')
  try {
    return finishParse(text.slice(1), text[0] === TAGGED_MARK, references)
  } catch (error: unknown) {
    if (CodedError.is(error)) throw error
    throw malformedError('no JSON', error)
  }
}

function finishParse(json: string, isTagged: boolean, references: ReferenceCodec | undefined): unknown {
  const parsed: unknown = JSON.parse(json)
  return isTagged ? fromTagged(parsed, references) : parsed
}

function toTagged(value: unknown, references: ReferenceCodec | undefined): unknown {
  if (typeof value === 'object' && value !== null) return tagObject(value, references)
  if (value === undefined) return tag('u')
  if (typeof value === 'bigint') return tag('b', String(value))
  if (typeof value === 'number' && Object.is(value, -0)) return tag('n', '-0')
  if (typeof value === 'number' && !Number.isFinite(value)) return tag('n', String(value))
  return value
}

function tag(...tuple: readonly unknown[]): Record<string, unknown> {
  return { [TAG]: tuple }
}

function tagObject(value: object, references: ReferenceCodec | undefined): unknown {
  const inner = (item: unknown): unknown => toTagged(item, references)
  const kind = storedKindOf(value, references)
  switch (kind) {
    case 'array':
      return Array.from(value as readonly unknown[], inner)
    case 'object': {
      const entries = Object.entries(value).map(([key, item]) => [key, inner(item)] as const)
      return Object.hasOwn(value, TAG) ? tag('o', entries) : Object.fromEntries(entries)
    }
    case 'map':
      return tag(
        'm',
        [...(value as Map<unknown, unknown>)].map(([key, item]) => [inner(key), inner(item)]),
      )
    case 'set':
      return tag('s', [...(value as Set<unknown>)].map(inner))
    case 'date': {
      const ms = (value as Date).getTime()
      return tag('d', Number.isNaN(ms) ? null : ms)
    }
    case 'bytes':
      return tagBytes(value)
    case 'error':
      if (CodedError.is(value)) return tag('c', { ...toPlainError(value), details: inner(value.details) })
      return tag('e', (value as Error).name, (value as Error).message)
    case 'reference':
      return tag('a', references?.idOf(value))
    case 'unstorable':
      throw new TypeError('A value is checked before it is stored')
  }
}

function tagBytes(value: object): unknown {
  if (!isStoredBytes(value)) throw new TypeError('Not a typed array')
  const name = Object.entries(TYPED_ARRAYS).find(([, constructor]) => value instanceof constructor)?.[0]
  return tag('y', name, encodeBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)))
}

/** Works in place: the parsed value is nobody else's. */
function fromTagged(value: unknown, references: ReferenceCodec | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items: unknown[] = value
    for (const [index, item] of items.entries()) items[index] = fromTagged(item, references)
    return items
  }
  const members = value as Record<string, unknown>
  if (Object.hasOwn(members, TAG)) return untag(members[TAG], references)
  for (const key of Object.keys(members)) {
    const item = members[key]
    if (typeof item === 'object' && item !== null) setMember(members, key, fromTagged(item, references))
  }
  return members
}

/** Assignment, but `__proto__` is a key like any other. */
export function setMember(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') {
    target[key] = value
    return
  }
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

function untag(tuple: unknown, references: ReferenceCodec | undefined): unknown {
  if (!Array.isArray(tuple)) throw malformedError('a tag without its tuple')
  const [letter, first, second] = tuple as readonly unknown[]
  if (letter === 'u') return undefined
  if (letter === 'n' && typeof first === 'string') return Number(first)
  if (letter === 'd') return new Date(typeof first === 'number' ? first : Number.NaN)
  if (letter === 'm') return new Map(pairsOf(first, references))
  if (letter === 's' && Array.isArray(first)) return new Set(first.map((item) => fromTagged(item, references)))
  if (letter === 'o') return Object.fromEntries(pairsOf(first, references))
  if (letter === 'c' && typeof first === 'object' && first !== null) {
    return fromPlainError(fromTagged(first, references) as PlainError)
  }
  if (typeof first !== 'string') throw malformedError('a tag without its text')
  if (letter === 'b' && /^-?\d+$/.test(first)) return BigInt(first)
  if (letter === 'y' && typeof second === 'string') return bytesOf(first, second)
  if (letter === 'e') return errorOf(first, String(second))
  if (letter === 'a' && references !== undefined) return references.refOf(first)
  throw malformedError(`unknown tag ${JSON.stringify(letter)}`)
}

function pairsOf(pairs: unknown, references: ReferenceCodec | undefined): [string, unknown][] {
  if (!Array.isArray(pairs)) throw malformedError('no pairs')
  return pairs.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw malformedError('no pair')
    // Keys of maps may be any value; the type is that of the narrower use.
    return [fromTagged(pair[0], references) as string, fromTagged(pair[1], references)]
  })
}

function bytesOf(name: string, text: string): StoredBytes {
  const bytes = decodeBase64(text)
  if (bytes === undefined || !(name in TYPED_ARRAYS)) throw malformedError('damaged bytes')
  const constructor = TYPED_ARRAYS[name as keyof typeof TYPED_ARRAYS]
  if (bytes.byteLength % constructor.BYTES_PER_ELEMENT !== 0) throw malformedError('damaged bytes')
  return new constructor(bytes.buffer)
}

function errorOf(name: string, message: string): Error {
  const error = new Error(message)
  if (name !== 'Error') error.name = name
  return error
}

function malformedError(what: string, cause?: unknown): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `Not a stored value: ${what}`, cause })
}
