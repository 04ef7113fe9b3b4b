/**
 * Looks over a JSON text before anything is built from it: one pass, in time linear in the text, in memory bounded by the limits. It says whether
 * `JSON.parse` may read the text and will lose nothing by it: the grammar of RFC 8259 holds, no object names a member twice, nothing is deeper or longer than
 * the limits, and every value is of the restricted profile (no null, no fractions, safe integers, printable ASCII names, no lone surrogates). Names that do not
 * ascend end the scan, because such a text is never canonical. White space and escapes are not its business: that the text is the canonical one,
 * `canonical.ts` says.
 *
 * ```ts
 * console.log(scanJson('{"a":1,"\\u0061":2}')) // ENVELOPE_DUPLICATE_KEY
 * ```
 */
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'

export type JsonLimits = {
  /** Arrays and objects within one another; 1 for `{}`. */
  readonly depthMax: number
  /** Members of one object. */
  readonly membersMax: number
  /** Items of one array. */
  readonly itemsMax: number
}

export const JSON_LIMITS: JsonLimits = { depthMax: 16, membersMax: 128, itemsMax: 1024 }

/** Characters of a member name, escapes included. */
export const KEY_LENGTH_MAX = 128

type Scan = { readonly text: string; readonly limits: JsonLimits; at: number }

/** Why the text is not read; `undefined` when it may be. Never throws. */
export function scanJson(text: string, limits: JsonLimits = JSON_LIMITS): EnvelopeRefusal | undefined {
  const scan: Scan = { text, limits, at: 0 }
  skipSpace(scan)
  const refusal = scanValue(scan, 0)
  if (refusal !== undefined) return refusal
  skipSpace(scan)
  return scan.at === text.length ? undefined : 'ENVELOPE_NOT_JSON'
}

function scanValue(scan: Scan, depth: number): EnvelopeRefusal | undefined {
  switch (scan.text.charCodeAt(scan.at)) {
    case 0x22: // "
      return scanString(scan)
    case 0x7b: // {
      return depth < scan.limits.depthMax ? scanObject(scan, depth + 1) : 'ENVELOPE_TOO_DEEP'
    case 0x5b: // [
      return depth < scan.limits.depthMax ? scanArray(scan, depth + 1) : 'ENVELOPE_TOO_DEEP'
    case 0x74:
      return scanWord(scan, 'true')
    case 0x66:
      return scanWord(scan, 'false')
    case 0x6e:
      return scanWord(scan, 'null') ?? 'ENVELOPE_NULL_REFUSED'
    default:
      return scanNumber(scan)
  }
}

function scanObject(scan: Scan, depth: number): EnvelopeRefusal | undefined {
  scan.at += 1
  skipSpace(scan)
  if (take(scan, 0x7d)) return undefined
  const keys: string[] = []
  for (;;) {
    const refusal = scanMember(scan, keys, depth)
    if (refusal !== undefined) return refusal
    if (take(scan, 0x7d)) return undefined
    if (!take(scan, 0x2c)) return 'ENVELOPE_NOT_JSON'
    if (keys.length >= scan.limits.membersMax) return 'ENVELOPE_TOO_MANY_MEMBERS'
    skipSpace(scan)
  }
}

/** One name and its value, and the space behind it. `keys` are the names before, which ascend. */
function scanMember(scan: Scan, keys: string[], depth: number): EnvelopeRefusal | undefined {
  const from = scan.at
  if (scan.text.charCodeAt(from) !== 0x22) return 'ENVELOPE_NOT_JSON'
  const refusal = scanString(scan)
  if (refusal !== undefined) return refusal
  const key = readKey(scan.text, from, scan.at)
  if (key === undefined) return 'ENVELOPE_KEY_REFUSED'
  const last = keys.at(-1)
  if (last !== undefined && key <= last) return keys.includes(key) ? 'ENVELOPE_DUPLICATE_KEY' : 'ENVELOPE_NOT_CANONICAL'
  keys.push(key)
  skipSpace(scan)
  if (!take(scan, 0x3a)) return 'ENVELOPE_NOT_JSON'
  skipSpace(scan)
  const wrong = scanValue(scan, depth)
  if (wrong === undefined) skipSpace(scan)
  return wrong
}

/** The name between two quotes with its escapes undone; `undefined` when no member may be called so. */
function readKey(text: string, from: number, end: number): string | undefined {
  if (end - from - 2 > KEY_LENGTH_MAX) return undefined
  const written = text.slice(from + 1, end - 1)
  const key = written.includes('\\') ? String(JSON.parse(text.slice(from, end))) : written
  return isKey(key) ? key : undefined
}

/** `__proto__` is refused because code that copies members would set a prototype with it. */
export function isKey(key: string): boolean {
  if (key.length === 0 || key.length > KEY_LENGTH_MAX || key === '__proto__') return false
  for (let index = 0; index < key.length; index += 1) {
    const code = key.charCodeAt(index)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}

function scanArray(scan: Scan, depth: number): EnvelopeRefusal | undefined {
  scan.at += 1
  skipSpace(scan)
  if (take(scan, 0x5d)) return undefined
  for (let items = 1; ; items += 1) {
    const refusal = scanValue(scan, depth)
    if (refusal !== undefined) return refusal
    skipSpace(scan)
    if (take(scan, 0x5d)) return undefined
    if (!take(scan, 0x2c)) return 'ENVELOPE_NOT_JSON'
    if (items >= scan.limits.itemsMax) return 'ENVELOPE_TOO_MANY_MEMBERS'
    skipSpace(scan)
  }
}

function scanString(scan: Scan): EnvelopeRefusal | undefined {
  const { text } = scan
  let at = scan.at + 1
  // The high half that was written just before, which has to be followed by its low half.
  let isHalf = false
  for (;;) {
    const code = text.charCodeAt(at)
    const escape = code === 0x5c ? escapeAt(text, at) : undefined
    const unit = escape ?? code
    const isLow = (unit & 0xfc00) === 0xdc00
    if (escape === NO_ESCAPE) return 'ENVELOPE_NOT_JSON'
    if (isHalf !== isLow) return 'ENVELOPE_SURROGATE_LONE'
    if (code === 0x22) break
    // NaN, at the end of the text, is not at least anything.
    if (!(code >= 0x20)) return 'ENVELOPE_NOT_JSON'
    isHalf = (unit & 0xfc00) === 0xd800
    at += code === 0x5c ? escapeSize(text, at) : 1
  }
  scan.at = at + 1
  return undefined
}

const NO_ESCAPE = -1

/** The UTF-16 unit of the escape that begins here, 0 for those of one letter; `NO_ESCAPE` when it is none. */
function escapeAt(text: string, at: number): number {
  switch (text.charCodeAt(at + 1)) {
    case 0x75: {
      // u
      let unit = 0
      for (let place = at + 2; place < at + 6; place += 1) {
        const digit = digitOf(text.charCodeAt(place))
        if (digit < 0) return NO_ESCAPE
        unit = unit * 16 + digit
      }
      return unit
    }
    case 0x22: // "
    case 0x2f: // /
    case 0x5c: // \
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 0
    default:
      return NO_ESCAPE
  }
}

function escapeSize(text: string, at: number): number {
  return text.charCodeAt(at + 1) === 0x75 ? 6 : 2
}

/** Value of a hexadecimal digit; -1 when it is none. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function scanWord(scan: Scan, word: string): EnvelopeRefusal | undefined {
  if (!scan.text.startsWith(word, scan.at)) return 'ENVELOPE_NOT_JSON'
  scan.at += word.length
  return undefined
}

/** `-?(0|[1-9][0-9]*)`; what goes on as a fraction or an exponent is a JSON number and refused as one. */
function scanNumber(scan: Scan): EnvelopeRefusal | undefined {
  const from = scan.at
  if (scan.text.charCodeAt(scan.at) === 0x2d) scan.at += 1
  const digits = scan.at
  skipDigits(scan)
  const isPadded = scan.text.charCodeAt(digits) === 0x30 && scan.at - digits > 1
  if (scan.at === digits || isPadded) return 'ENVELOPE_NOT_JSON'
  if (isFractionOrExponent(scan.text.charCodeAt(scan.at)))
    return skipsRest(scan) ? 'ENVELOPE_NUMBER_REFUSED' : 'ENVELOPE_NOT_JSON'
  return Number.isSafeInteger(Number(scan.text.slice(from, scan.at))) ? undefined : 'ENVELOPE_NUMBER_REFUSED'
}

function isFractionOrExponent(code: number): boolean {
  return code === 0x2e || code === 0x65 || code === 0x45
}

/** Whether a fraction and an exponent that begin here are as JSON writes them. */
function skipsRest(scan: Scan): boolean {
  if (take(scan, 0x2e) && skipDigits(scan) === 0) return false
  if (!take(scan, 0x65) && !take(scan, 0x45)) return true
  if (!take(scan, 0x2b)) take(scan, 0x2d)
  return skipDigits(scan) > 0
}

function skipDigits(scan: Scan): number {
  const from = scan.at
  for (;;) {
    const code = scan.text.charCodeAt(scan.at)
    if (!(code >= 0x30 && code <= 0x39)) return scan.at - from
    scan.at += 1
  }
}

function skipSpace(scan: Scan): void {
  for (;;) {
    const code = scan.text.charCodeAt(scan.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    scan.at += 1
  }
}

function take(scan: Scan, code: number): boolean {
  if (scan.text.charCodeAt(scan.at) !== code) return false
  scan.at += 1
  return true
}
