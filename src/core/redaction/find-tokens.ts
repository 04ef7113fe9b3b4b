import { ALPHANUMERIC, DIGIT, LETTER, MAILBOX, type Reading, TOKEN, WORD } from './character-classes.ts'

/** How the keys of services begin, and how many characters follow at least. */
const KEY_PREFIXES: readonly (readonly [prefix: string, least: number])[] = [
  ['sk-', 16],
  ['sk_live_', 16],
  ['sk_test_', 16],
  ['rk_live_', 16],
  ['pk_live_', 16],
  ['whsec_', 16],
  ['ghp_', 30],
  ['gho_', 30],
  ['ghu_', 30],
  ['ghs_', 30],
  ['ghr_', 30],
  ['github_pat_', 30],
  ['glpat-', 16],
  ['xoxb-', 16],
  ['xoxp-', 16],
  ['xoxa-', 16],
  ['xoxr-', 16],
  ['xoxs-', 16],
  ['xapp-', 16],
  ['aiza', 30],
  ['akia', 16],
  ['asia', 16],
  ['hf_', 24],
  ['gsk_', 24],
  ['xai-', 24],
  ['pplx-', 24],
  ['r8_', 24],
  ['nvapi-', 24],
  ['tvly-', 16],
  ['npm_', 30],
  ['pypi-', 30],
  ['dop_v1_', 30],
  ['shpat_', 24],
  ['sq0atp-', 16],
  ['lin_api_', 24],
  ['age-secret-key-1', 30],
  ['ya29.', 20],
]

const PREFIXES_BY_FIRST: ReadonlyMap<number, readonly (readonly [prefix: string, least: number])[]> = new Map(
  [...new Set(KEY_PREFIXES.map(([prefix]) => prefix.charCodeAt(0)))].map((first) => [
    first,
    KEY_PREFIXES.filter(([prefix]) => prefix.charCodeAt(0) === first),
  ]),
)

/** Where the key of a known shape ends that begins here; `undefined` where there is none. */
export function endOfApiKey(reading: Reading, start: number): number | undefined {
  reading.steps += 1
  for (const [prefix, least] of PREFIXES_BY_FIRST.get(reading.text.charCodeAt(start) | 32) ?? []) {
    if (!reading.goesOnWith(prefix, start)) continue
    const from = start + prefix.length
    const enough = reading.endOf(from, WORD, from + least)
    if (enough - from < least || !isMixed(reading, from, enough)) continue
    return reading.endOf(enough, WORD)
  }
  return undefined
}

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
  while (start > after && start > sign - MAILBOX_MAX && reading.is(start - 1, MAILBOX)) start -= 1
  while (start < sign && reading.text[start] === '.') start += 1
  if (start === sign) return undefined
  let end = sign + 1
  let labels = 0
  let last = end
  while (end < sign + DOMAIN_MAX) {
    const stop = reading.endOf(end, ALPHANUMERIC, end + LABEL_MAX)
    const isHyphen = reading.text[stop] === '-' && reading.is(stop + 1, ALPHANUMERIC)
    if (stop === end) break
    end = isHyphen ? stop + 1 : stop
    if (isHyphen) continue
    labels += 1
    if (reading.text[end] !== '.' || !reading.is(end + 1, ALPHANUMERIC)) break
    last = end + 1
    end += 1
  }
  const isDomain = labels >= 2 && end - last >= 2 && reading.is(last, LETTER)
  return isDomain ? { start, end } : undefined
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
