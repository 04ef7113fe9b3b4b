import { type Reading, WORD } from './character-classes.ts'
import { isMixed } from './find-tokens.ts'

/** What names a secret, in lower case and without `_` and `-`. A name that ends with one of them is meant as well: `OPENAI_API_KEY`. */
const NAMES: readonly string[] = [
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'accesskey',
  'accountkey',
  'privatekey',
  'secretkey',
  'signingkey',
  'encryptionkey',
  'authorization',
  'proxyauthorization',
  'credential',
  'credentials',
  'cookie',
  'sessionid',
  'xkernellcontrol',
  'auth',
  'sig',
  'signature',
]
/** Too short to be looked for at the end of a name: the last part of one, `DB_PASS`. */
const SHORT_NAMES: ReadonlySet<string> = new Set(['pw', 'pass', 'psw'])
/** What such a name is given is a secret although it is a plain word, if it is no word of forms and programs. */
const PASSWORD_NAME = /(?:password|passwd|passphrase|passwort|pwd|pw)$/
const PLAIN_WORD = /^[a-z]{8,64}$/
const NO_PASSWORDS: ReadonlySet<string> = new Set(
  (
    'password passwords passphrase passwort credentials username required optional undefined disabled encrypted redacted incorrect generated protected ' +
    'unchanged forgotten mandatory accepted rejected validated varchar nvarchar character characters temporary authentication authorization'
  ).split(' '),
)
const NAME_LENGTH_MAX = 64
const VALUE_LENGTH_LEAST = 6
/** By so much of a value it is told whether it is a secret. */
const VALUE_LOOKED_AT = 256

/** The value that is given to a name which stands from `start` to `end`: behind `=` or `:`, quoted or not. `undefined` where the name names no secret, or the value is none. */
export function namedValue(
  reading: Reading,
  start: number,
  end: number,
): { readonly start: number; readonly end: number } | undefined {
  const assigned = behindAssignment(reading, end)
  if (assigned === undefined) return undefined
  const name = secretName(reading, start, end)
  if (name === undefined) return undefined
  const { value, isCredentials } = beginOfValue(reading, assigned)
  const enough = endOfValue(reading, value, VALUE_LOOKED_AT)
  if (enough - value < VALUE_LENGTH_LEAST) return undefined
  const isSecret = isCredentials || isMixed(reading, value, enough) || isPassword(reading, name, { value, enough })
  if (!isSecret) return undefined
  return { start: value, end: endOfValue(reading, enough, Number.POSITIVE_INFINITY) }
}

/** The name in lower case and without its signs; `undefined` where it names no secret. */
function secretName(reading: Reading, start: number, end: number): string | undefined {
  if (end - start > NAME_LENGTH_MAX) return undefined
  reading.steps += end - start
  const parts = reading.text.slice(start, end).toLowerCase().split(/[_-]/)
  const name = parts.join('')
  return SHORT_NAMES.has(parts.at(-1) ?? '') || NAMES.some((known) => name.endsWith(known)) ? name : undefined
}

/** The next of several on one line: `A=B C=D`, as lines are shown that were folded. */
const ASSIGNMENT = /^[A-Z_][\w-]{0,63}=/i

/** A word that ends its line or its quotes, or that a sign ends: one in the middle of a sentence, of an access or of a call is none. */
function isPassword(
  reading: Reading,
  name: string,
  { value, enough }: { readonly value: number; readonly enough: number },
): boolean {
  const { text } = reading
  reading.steps += enough - value
  const word = text.slice(value, enough)
  if (!PASSWORD_NAME.test(name) || !PLAIN_WORD.test(word) || NO_PASSWORDS.has(word)) return false
  const next = text[enough]
  if (next === ' ')
    return !/^[a-z]/i.test(text[enough + 1] ?? '') || ASSIGNMENT.test(text.slice(enough + 1, enough + 66))
  return next === undefined || !'([{<'.includes(next)
}

/** Where a value begins behind `=`, `:`, `=>` or `:=`; a quote may close the name before. */
function behindAssignment(reading: Reading, end: number): number | undefined {
  const { text } = reading
  let at = behindBackslashes(reading, end)
  if (isQuote(text[at])) at += 1
  else if (at > end) return undefined
  at = reading.skipBlanks(at, 4)
  if (text[at] !== '=' && text[at] !== ':') return undefined
  at += 1
  if (text[at] === '=' || text[at] === '>') at += 1
  return reading.skipBlanks(at, 4)
}

/** Before a quote of JSON that was written as text, again and again: each time there are twice as many and one more. */
const BACKSLASHES_MAX = 63

function behindBackslashes(reading: Reading, from: number): number {
  let at = from
  while (reading.text[at] === '\\' && at - from < BACKSLASHES_MAX) at += 1
  reading.steps += at - from
  return at
}

/** Of HTTP: what follows one of them in a header is a secret, whatever it looks like. */
const SCHEMES = ['bearer ', 'basic ']

function beginOfValue(reading: Reading, from: number): { readonly value: number; readonly isCredentials: boolean } {
  let at = behindBackslashes(reading, from)
  if (isQuote(reading.text[at])) at += 1
  const scheme = SCHEMES.find((word) => reading.goesOnWith(word, at))
  if (scheme === undefined) return { value: at, isCredentials: false }
  return { value: reading.skipBlanks(at + scheme.length, 8), isCredentials: true }
}

function endOfValue(reading: Reading, start: number, most: number): number {
  let end = start
  while (end < reading.text.length && end - start < most && !isDelimiter(reading.text.charCodeAt(end))) end += 1
  reading.steps += end - start
  return end
}

/** Blanks, quotes, and what ends a value in JSON, a query, a header or a list. */
function isDelimiter(code: number): boolean {
  return code <= 32 || '"\'`,;&<>()[]{}\\'.includes(String.fromCharCode(code))
}

function isQuote(character: string | undefined): boolean {
  return character === '"' || character === "'" || character === '`'
}

const BEGIN = '-----begin '
const PRIVATE = 'private key'
const END = '-----END '

/** Where a private key in PEM ends that begins here. One that is cut off ends with the text. */
export function endOfPrivateKey(reading: Reading, start: number): number | undefined {
  if (!reading.goesOnWith(BEGIN, start)) return undefined
  const label = reading.text.slice(start + BEGIN.length, start + BEGIN.length + 64).toLowerCase()
  reading.steps += label.length
  const dashes = label.indexOf('-----')
  if (!label.slice(0, dashes === -1 ? label.length : dashes).includes(PRIVATE)) return undefined
  const end = reading.text.indexOf(END, start)
  const close = end === -1 ? -1 : reading.text.indexOf('-----', end + END.length)
  const stop = close === -1 ? reading.text.length : close + 5
  reading.steps += stop - start
  return stop
}

/** Behind the word that begins here. */
export function endOfWord(reading: Reading, start: number): number {
  return reading.endOf(start, WORD)
}
