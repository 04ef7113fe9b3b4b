/** Nobody writes sentences with fewer escapes than this. */
const ESCAPES_LEAST = 3

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi
const ESCAPE = /\\u\{?([0-9a-f]{4,6})\}?|\\x([0-9a-f]{2})/gi
const PERCENT = /(?:%[0-9a-f]{2})+/gi
const BASE64 = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}/g
const ENCODED_AGAIN = /^[A-Za-z0-9+/_-]{16,}={0,2}$/
const HEX = /(?<![0-9a-f])(?:[0-9a-f]{2}[ :]?){12,}(?![0-9a-f])/gi

/** The text with entities, escapes and percent signs undone, or the texts that stand in it in base64 and hexadecimal digits; the text itself where there is neither. */
export function decodedRuns(text: string): string {
  const opened = unescaped(unescaped(unescaped(text, ENTITY, fromEntity), ESCAPE, fromEscape), PERCENT, fromPercent)
  const runs = [...runsOf(text, BASE64, bytesOfBase64), ...runsOf(text, HEX, bytesOfHex)]
  if (runs.length === 0) return opened
  return opened === text ? runs.join('\n') : `${opened}\n${runs.join('\n')}`
}

function unescaped(text: string, pattern: RegExp, read: (match: RegExpMatchArray) => string | undefined): string {
  const matches = [...text.matchAll(pattern)]
  if (matches.length < ESCAPES_LEAST) return text
  let out = ''
  let last = 0
  for (const match of matches) {
    out += text.slice(last, match.index) + (read(match) ?? match[0])
    last = (match.index ?? 0) + match[0].length
  }
  return out + text.slice(last)
}

function fromEntity([, decimal, hex, name]: RegExpMatchArray): string | undefined {
  if (name !== undefined) return NAMED[name.toLowerCase()]
  return characterOf(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal))
}

function fromEscape([, long, short]: RegExpMatchArray): string | undefined {
  return characterOf(Number.parseInt(long ?? short ?? '', 16))
}

function characterOf(code: number): string | undefined {
  return code >= 9 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}

function fromPercent([run]: RegExpMatchArray): string | undefined {
  return textOfPercent(run)
}

function runsOf(text: string, pattern: RegExp, bytesOf: (run: string) => readonly number[]): readonly string[] {
  const found: string[] = []
  for (const [run] of text.matchAll(pattern)) {
    const decoded = textOfBytes(bytesOf(run))
    if (decoded !== undefined) found.push(decoded)
  }
  return found
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function bytesOfBase64(run: string): readonly number[] {
  const bytes: number[] = []
  let bits = 0
  let count = 0
  // The alphabet of URLs has two other signs (RFC 4648, section 5).
  for (const sign of run.replaceAll('-', '+').replaceAll('_', '/')) {
    const value = ALPHABET.indexOf(sign)
    if (value === -1) break
    bits = ((bits << 6) | value) & 0xffff
    count += 6
    if (count < 8) continue
    count -= 8
    bytes.push((bits >> count) & 255)
  }
  return bytes
}

function bytesOfHex(run: string): readonly number[] {
  return (run.match(/[0-9a-f]{2}/gi) ?? []).map((pair) => Number.parseInt(pair, 16))
}

/** UTF-8 without control characters and with a blank in it, or what may be encoded once more: other bytes are no sentence. */
function textOfBytes(bytes: readonly number[]): string | undefined {
  if (bytes.some((byte) => byte < 9 || (byte > 13 && byte < 32) || byte === 127)) return undefined
  const text = textOfPercent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
  return text !== undefined && (text.includes(' ') || ENCODED_AGAIN.test(text)) ? text : undefined
}

function textOfPercent(run: string): string | undefined {
  try {
    return decodeURIComponent(run)
  } catch {
    return undefined
  }
}
