import { sha256Hex } from './sha256.ts'

/** A value that JSON can carry without loss. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/**
 * JSON with object keys in UTF-16 code unit order and no white space, so that equal values give equal bytes.
 * Numbers are written as ECMAScript writes them (RFC 8785, sections 3.2.2 and 3.2.3). Members that are `undefined` are left out.
 *
 * Throws `TypeError` for what JSON cannot carry: NaN, infinities, bigint, functions, symbols and lone surrogates.
 */
export function canonicalJson(value: unknown): string {
  // The engine writes a whole value in half the time, as long as it is told the order.
  const ordered = inOrder(value)
  if (ordered === undefined) return textOf(value)
  const text = JSON.stringify(ordered)
  return SURROGATE_ESCAPE.test(text) ? textOf(value) : text
}

/** Whether `text` is the canonical text of `value`; no text is that of a value that JSON cannot carry, such as one with half a character. Never throws. */
export function isCanonicalJson(value: unknown, text: string): boolean {
  return canonicalTextOf(value) === text
}

/** As `canonicalJson`; `undefined` for a value that JSON cannot carry. Never throws. */
export function canonicalTextOf(value: unknown): string | undefined {
  try {
    return canonicalJson(value)
  } catch {
    return undefined
  }
}

/** Whether `checksum` is the SHA-256 of a value's canonical text; none is that of a value that JSON cannot carry. Never throws. */
export function isChecksumOf(value: unknown, checksum: unknown): boolean {
  const text = canonicalTextOf(value)
  return text !== undefined && checksum === sha256Hex(text)
}

/** How the engine writes a lone surrogate begins so, and so may what a text says by itself. */
const SURROGATE_ESCAPE = /\\ud[89a-f]/
/** Names up to this length may be indices of a list, which engines put first, by their value. */
const INDEX_LENGTH_MAX = 10

/**
 * The value with the members of all its objects in order: itself where they are already. `undefined` for what the engine may not write as it is: what JSON cannot carry,
 * instances of classes, and names that engines have an order of their own for.
 */
function inOrder(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : undefined
    case 'object':
      if (value === null) return null
      return Array.isArray(value) ? listInOrder(value) : membersInOrder(value)
    default:
      return undefined
  }
}

function listInOrder(list: readonly unknown[]): readonly unknown[] | undefined {
  let copy: unknown[] | undefined
  for (let at = 0; at < list.length; at += 1) {
    const item = list[at] ?? null
    const ordered = inOrder(item)
    if (ordered === undefined) return undefined
    if (ordered === item) continue
    copy ??= list.slice()
    copy[at] = ordered
  }
  return copy ?? list
}

function membersInOrder(value: object): object | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  const names = Object.keys(value)
  const members = value as Readonly<Record<string, unknown>>
  let copy: Record<string, unknown> | undefined
  if (!isSorted(names)) {
    copy = {}
    names.sort()
  }
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] ?? ''
    if (isOrderedByEngine(name)) return undefined
    const member = members[name]
    if (member === undefined) continue
    const ordered = inOrder(member)
    if (ordered === undefined) return undefined
    if (ordered !== member) copy ??= Object.fromEntries(names.slice(0, at).map((before) => [before, members[before]]))
    if (copy !== undefined) copy[name] = ordered
  }
  return copy ?? value
}

function isSorted(names: readonly string[]): boolean {
  for (let at = 1; at < names.length; at += 1) if ((names[at - 1] ?? '') > (names[at] ?? '')) return false
  return true
}

/** Indices stand first in an object, and a member of this name sets its prototype instead. */
function isOrderedByEngine(name: string): boolean {
  const first = name.charCodeAt(0)
  return (first >= 0x30 && first <= 0x39 && name.length <= INDEX_LENGTH_MAX) || name === '__proto__'
}

function textOf(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return canonicalString(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`Not a JSON number: ${value}`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item ?? null)).join(',')}]`
  if (typeof value === 'object') return canonicalObject(value)
  throw new TypeError(`Not a JSON value: ${typeof value}`)
}

function canonicalObject(value: object): string {
  const members: string[] = []
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined) members.push(`${canonicalString(key)}:${textOf(member)}`)
  }
  return `{${members.join(',')}}`
}

function canonicalString(text: string): string {
  if (!isWellFormed(text)) throw new TypeError('A JSON string may not hold a lone surrogate')
  return JSON.stringify(text)
}

/** `String.prototype.isWellFormed` is ES2024; core is compiled for ES2023. In Unicode mode, `\p{Surrogate}` matches lone halves only. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
