import type { CapabilityRefusal } from '../../core/capability/capability-refusals.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'

/** Lists and maps in one another. */
export const CBOR_DEPTH_MAX = 24
/** Values of one token, keys included. */
export const CBOR_ITEMS_MAX = 4096

/** Major types of RFC 8949, section 3.1. */
const BYTES = 2
const TEXT = 3
const LIST = 4
const MAP = 5
const TAG = 6
const SIMPLE = 7
/** The one tag of DAG-CBOR: a link. */
const LINK_TAG = 42
/** Argument sizes by the low five bits: 24 to 27 name 1, 2, 4 and 8 bytes. */
const FIRST_SIZED = 24
const LAST_SIZED = 27

type Frame = { left: number; readonly keys: Set<string> | undefined; isKeyNext: boolean }

type Head = { readonly major: number; readonly low: number; readonly argument: number; readonly end: number }

/**
 * Looks over DAG-CBOR bytes before anything is built of them: depth, counts, definite lengths within the bytes, no tag but that of links, no simple value but
 * false, true, null and 64-bit floats, text that is UTF-8, keys that are text and differ. Linear, and without recursion.
 */
export function scanCbor(bytes: Uint8Array): CapabilityRefusal | undefined {
  const open: Frame[] = [{ left: 1, keys: undefined, isKeyNext: false }]
  let at = 0
  let items = 0
  for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
    if (frame.left === 0) {
      open.pop()
      continue
    }
    items += 1
    if (items > CBOR_ITEMS_MAX) return 'CAPABILITY_TOO_MANY_ITEMS'
    const head = readHead(bytes, at)
    if (head === undefined) return 'CAPABILITY_NOT_CBOR'
    const read = readItem(bytes, head, frame)
    if (typeof read === 'string') return read
    at = read.end
    if (read.inner === undefined) continue
    if (open.length > CBOR_DEPTH_MAX) return 'CAPABILITY_TOO_DEEP'
    open.push(read.inner)
  }
  return at === bytes.length ? undefined : 'CAPABILITY_TRAILING_BYTES'
}

type Item = { readonly end: number; readonly inner?: Frame }

function readItem(bytes: Uint8Array, head: Head, frame: Frame): Item | CapabilityRefusal {
  const { keys } = frame
  frame.left -= 1
  if (keys !== undefined) {
    frame.isKeyNext = !frame.isKeyNext
    if (frame.isKeyNext) return readKey(bytes, head, keys)
  }
  return readValue(bytes, head)
}

function readKey(bytes: Uint8Array, head: Head, keys: Set<string>): Item | CapabilityRefusal {
  const end = head.end + head.argument
  if (head.major !== TEXT || end > bytes.length) return 'CAPABILITY_NOT_CBOR'
  const key = decodeUtf8(bytes.subarray(head.end, end))
  if (key === undefined) return 'CAPABILITY_NOT_CBOR'
  if (keys.has(key)) return 'CAPABILITY_DUPLICATE_KEY'
  keys.add(key)
  return { end }
}

function readValue(bytes: Uint8Array, { major, low, argument, end }: Head): Item | CapabilityRefusal {
  switch (major) {
    case BYTES:
    case TEXT: {
      const last = end + argument
      if (last > bytes.length) return 'CAPABILITY_NOT_CBOR'
      const isText = major === BYTES || decodeUtf8(bytes.subarray(end, last)) !== undefined
      return isText ? { end: last } : 'CAPABILITY_NOT_CBOR'
    }
    case LIST:
      return argument > bytes.length
        ? 'CAPABILITY_NOT_CBOR'
        : { end, inner: { left: argument, keys: undefined, isKeyNext: false } }
    case MAP:
      return argument > bytes.length
        ? 'CAPABILITY_NOT_CBOR'
        : { end, inner: { left: 2 * argument, keys: new Set(), isKeyNext: false } }
    case TAG:
      return argument === LINK_TAG
        ? { end, inner: { left: 1, keys: undefined, isKeyNext: false } }
        : 'CAPABILITY_NOT_CBOR'
    case SIMPLE:
      return (low >= 20 && low <= 22) || low === LAST_SIZED ? { end } : 'CAPABILITY_NOT_CBOR'
    default:
      return { end }
  }
}

/** The head of an item; an argument beyond 2^53 is only rounded, which matters to lengths alone, and these are then beyond the bytes. */
function readHead(bytes: Uint8Array, at: number): Head | undefined {
  const first = bytes[at]
  if (first === undefined) return undefined
  const major = first >> 5
  const low = first & 0x1f
  if (low < FIRST_SIZED) return { major, low, argument: low, end: at + 1 }
  if (low > LAST_SIZED) return undefined
  const end = at + 1 + (1 << (low - FIRST_SIZED))
  if (end > bytes.length) return undefined
  let argument = 0
  for (let index = at + 1; index < end; index += 1) argument = argument * 256 + (bytes[index] ?? 0)
  return { major, low, argument, end }
}
