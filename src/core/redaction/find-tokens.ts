import { ALPHANUMERIC, DIGIT, isAccented, LETTER, MAILBOX, type Reading, TOKEN, WORD } from './character-classes.ts'

/** Where the JSON Web Token ends that begins here: three parts in base64url, the first a JSON object. */
export function endOfJwt(reading: Reading, start: number): number | undefined {
  if (!reading.goesOnWith('eyj', start) || reading.is(start - 1, WORD)) return undefined
  const header = reading.endOf(start, WORD)
  if (reading.text[header] !== '.') return undefined
  const payload = reading.endOf(header + 1, WORD)
  if (reading.text[payload] !== '.' || payload - header < 5) return undefined
  return reading.endOf(payload + 1, WORD)
}

const BEARER = 'bearer'
const BEARER_LENGTH_LEAST = 12

/** Where the token lies that follows the word `bearer`, which begins here. */
export function bearerAt(
  reading: Reading,
  start: number,
): { readonly start: number; readonly end: number } | undefined {
  if (!reading.goesOnWith(BEARER, start)) return undefined
  const from = reading.skipBlanks(start + BEARER.length, 8)
  if (from === start + BEARER.length) return undefined
  const enough = reading.endOf(from, TOKEN, from + 64)
  if (enough - from < BEARER_LENGTH_LEAST || !isMixed(reading, from, enough)) return undefined
  let end = reading.endOf(enough, TOKEN)
  while (reading.text[end] === '=') end += 1
  return { start: from, end }
}

const MAILBOX_MAX = 64
const LABEL_MAX = 63
const DOMAIN_MAX = 253

/** The address around an `@`; `undefined` where there is none. `after`: where the last find ended. */
export function emailAround(
  reading: Reading,
  sign: number,
  after: number,
): { readonly start: number; readonly end: number } | undefined {
  let start = sign
  while (start > after && start > sign - MAILBOX_MAX && isMailbox(reading, start - 1)) start -= 1
  while (start < sign && reading.text[start] === '.') start += 1
  if (start === sign) return undefined
  let end = sign + 1
  let labels = 0
  let last = end
  while (end < sign + DOMAIN_MAX) {
    const stop = endOfLabel(reading, end)
    const isHyphen = reading.text[stop] === '-' && isInLabel(reading, stop + 1)
    if (stop === end) break
    end = isHyphen ? stop + 1 : stop
    if (isHyphen) continue
    labels += 1
    if (reading.text[end] !== '.' || !isInLabel(reading, end + 1)) break
    last = end + 1
    end += 1
  }
  const isDomain = labels >= 2 && end - last >= 2 && (reading.is(last, LETTER) || isAccented(reading.text, last))
  return isDomain ? { start, end } : undefined
}

/** Addresses may be written with letters beyond ASCII (RFC 6531); those of scripts that put no blanks between words would draw in the words before. */
function isMailbox(reading: Reading, at: number): boolean {
  return reading.is(at, MAILBOX) || isAccented(reading.text, at)
}

function isInLabel(reading: Reading, at: number): boolean {
  return reading.is(at, ALPHANUMERIC) || isAccented(reading.text, at)
}

function endOfLabel(reading: Reading, start: number): number {
  let end = start
  while (end < start + LABEL_MAX && isInLabel(reading, end)) end += 1
  return end
}

/** Whether characters are of two classes at least, or of many kinds: a word of a language is neither. */
export function isMixed(reading: Reading, start: number, end: number): boolean {
  const { text } = reading
  const kinds = new Set<number>()
  let hasDigit = false
  let hasLetter = false
  let hasSign = false
  for (let at = start; at < end; at += 1) {
    kinds.add(text.charCodeAt(at))
    if (reading.is(at, DIGIT)) hasDigit = true
    else if (reading.is(at, LETTER)) hasLetter = true
    else hasSign = true
  }
  const classes = Number(hasDigit) + Number(hasLetter) + Number(hasSign)
  return (hasDigit && classes >= 2) || (end - start >= 20 && kinds.size >= 12)
}
