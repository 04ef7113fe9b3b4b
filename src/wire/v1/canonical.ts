/**
 * The one way to write a value that is signed: RFC 8785 on a restricted profile of strings, booleans, arrays, objects and safe integers. Floats, null and
 * `undefined` are no values here, and a member name is printable ASCII, so that every JSON parser reads the same value back. A receiver takes bytes only when
 * writing what they mean gives those bytes again. General RFC 8785, with floats and null, is `src/base/canonical-json.ts`.
 *
 * ```ts
 * console.log(canonicalText({ b: 1, a: ['x', true] })) // {"a":["x",true],"b":1}
 * ```
 *
 * @see RFC 8785, sections 3.2 and 4; protocol/spec/envelope.md
 */
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { decodeText } from './platform-text.ts'
import { isKey, JSON_LIMITS, type JsonLimits, scanJson } from './scan-json.ts'

/** A value of the profile. */
export type CanonicalValue =
  | string
  | boolean
  | number
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue }

export type CanonicalLimits = JsonLimits & { readonly bytesMax: number }

export const CANONICAL_LIMITS: CanonicalLimits = { ...JSON_LIMITS, bytesMax: 32_768 }

/** The value that canonical bytes stand for, with the text that they are, or the code of the first rule that they break. */
export type CanonicalReading =
  | { readonly kind: 'read'; readonly value: CanonicalValue; readonly text: string }
  | { readonly kind: 'refused'; readonly code: EnvelopeRefusal }

/** The two checks around `JSON.parse`. Only tests, which plant defects, hand in others. */
export type CanonicalChecks = {
  readonly scan: typeof scanJson
  readonly isCanonical: (value: CanonicalValue, text: string) => boolean
}

export const CANONICAL_CHECKS: CanonicalChecks = {
  scan: scanJson,
  isCanonical: (value, text) => !MAY_DIFFER.test(text) || canonicalText(value) === text,
}

/**
 * What the scan lets pass and canonical text has no more than inside of strings: white space, escapes and minus zero. A text without any of them is the
 * canonical one, and is not written anew to find that out.
 */
const MAY_DIFFER = /[ \t\n\r\\]|-0/

/**
 * The canonical text of a value. Members that are `undefined` are left out, as in TypeScript's optional properties.
 * Minus zero is 0, as in RFC 8785. Throws `TypeError` for what is not of the profile: that is a mistake of whoever builds the message.
 */
export function canonicalText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      if (!Number.isSafeInteger(value)) throw new TypeError(`Not a safe integer: ${value}`)
      return String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
      if (value !== null) return objectText(value)
      throw new TypeError('Null is not of the canonical profile')
    default:
      throw new TypeError(`Not of the canonical profile: ${typeof value}`)
  }
}

/** The canonical bytes: UTF-8 of the canonical text. */
export function canonicalBytes(value: unknown): Uint8Array {
  return utf8Bytes(canonicalText(value))
}

/** Reads canonical bytes; everything else is refused with a code. Never throws; work and memory are linear in the bytes, which are counted first. */
export function readCanonical(
  bytes: Uint8Array,
  limits: CanonicalLimits = CANONICAL_LIMITS,
  checks: CanonicalChecks = CANONICAL_CHECKS,
): CanonicalReading {
  if (bytes.byteLength > limits.bytesMax) return refused('ENVELOPE_TOO_LARGE')
  const text = decodeText(bytes)
  if (text === undefined) return refused('ENVELOPE_NOT_UTF8')
  const refusal = checks.scan(text, limits)
  if (refusal !== undefined) return refused(refusal)
  const parsed: unknown = JSON.parse(text)
  const value = parsed as CanonicalValue
  return checks.isCanonical(value, text) ? { kind: 'read', value, text } : refused('ENVELOPE_NOT_CANONICAL')
}

function refused(code: EnvelopeRefusal): CanonicalReading {
  return { kind: 'refused', code }
}

function objectText(value: object): string {
  const keys = sortedKeys(value)
  let text = '{'
  for (const key of keys) {
    const member: unknown = (value as Readonly<Record<string, unknown>>)[key]
    if (member === undefined) continue
    if (!isKey(key)) throw new TypeError(`Not a member name of the canonical profile: ${key}`)
    text += `${text === '{' ? '' : ','}${quote(key)}:${canonicalText(member)}`
  }
  return `${text}}`
}

/** In UTF-16 order. Values that were read from canonical text are in it already, names of digits apart. */
function sortedKeys(value: object): readonly string[] {
  const keys = Object.keys(value)
  for (let index = 1; index < keys.length; index += 1)
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return keys.sort()
  return keys
}

/** What stands in a string as it is: no control characters, quote, backslash or surrogates. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/

function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  if (/\p{Surrogate}/u.test(text)) throw new TypeError('A canonical string may not hold a lone surrogate')
  return JSON.stringify(text)
}
