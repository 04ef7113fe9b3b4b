import { INVISIBLE } from '../text/invisible-characters.ts'
import { ALPHANUMERIC, DIGIT, isOf, Reading, WORD } from './character-classes.ts'
import { endOfPrivateKey, endOfWord, namedValue } from './find-named.ts'
import { endOfCard, endOfIban } from './find-numbers.ts'
import { bearerAt, emailAround, endOfJwt } from './find-tokens.ts'
import { botTokenAt, userInfoAt, webhookAt } from './find-urls.ts'
import { endOfApiKey } from './service-keys.ts'
import type { FoundSecret, SecretKind } from './secret-kind.ts'

export type SecretScan = {
  /** In order, none within another. */
  readonly found: readonly FoundSecret[]
  /** Units that were looked at, repeats counted: bounded by a constant for each unit of the text. */
  readonly steps: number
}

type Place = { readonly start: number; readonly end: number }

/**
 * Finds what is to stay inside: private keys in PEM, keys of services, bearer tokens, JSON Web Tokens, values of names such as `password` and passwords of URLs,
 * addresses of mail, numbers of cards and IBANs with a right checksum. One pass without regular expressions and without going back: each look ahead is bounded, or
 * what it read is not read again. A text with characters that no screen shows is read a second time without them.
 */
export function scanSecrets(text: string): SecretScan {
  const seen = scanOnce(text)
  const places = visiblePlaces(text)
  if (places === undefined) return seen
  const { found, steps } = scanOnce(places.text)
  const behind = found.map(({ kind, start, end }) => ({
    kind,
    start: places.placeOf(start),
    end: places.placeOf(end - 1) + 1,
  }))
  return { found: joined([...seen.found, ...behind]), steps: seen.steps + steps }
}

/** In order; those that overlap become one. */
function joined(found: readonly FoundSecret[]): readonly FoundSecret[] {
  const out: FoundSecret[] = []
  for (const secret of found.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    const last = out.at(-1)
    if (last === undefined || secret.start >= last.end) out.push(secret)
    else if (secret.end > last.end) out[out.length - 1] = { ...last, end: secret.end }
  }
  return out
}

/** The text without what no screen shows, and where each unit of it stood; `undefined` where all can be seen. */
function visiblePlaces(text: string): { readonly text: string; placeOf(at: number): number } | undefined {
  const visible = text.replace(INVISIBLE, '')
  if (visible.length === text.length) return undefined
  const places: number[] = []
  let from = 0
  for (const { index, 0: hidden } of text.matchAll(INVISIBLE)) {
    for (; from < index; from += 1) places.push(from)
    from = index + hidden.length
  }
  for (; from < text.length; from += 1) places.push(from)
  return { text: visible, placeOf: (at) => places[at] ?? text.length }
}

function scanOnce(text: string): SecretScan {
  const reading = new Reading(text)
  const found: FoundSecret[] = []
  let at = 0
  let after = 0
  while (at < text.length) {
    const secret = secretAt(reading, at, after)
    if (secret === undefined || secret.end <= secret.start) {
      at += 1
      continue
    }
    found.push(secret)
    at = secret.end
    after = secret.end
  }
  return { found, steps: reading.steps }
}

function secretAt(reading: Reading, at: number, after: number): FoundSecret | undefined {
  const { text } = reading
  reading.steps += 1
  const character = text[at]
  if (character === '@') return placed('email', emailAround(reading, at, after))
  if (character === '/' && text[at + 1] === '/') return placed('password', userInfoAt(reading, at))
  if (character === '-') return ended('private-key', at, endOfPrivateKey(reading, at))
  if (!reading.is(at, ALPHANUMERIC)) return undefined
  // Only where a word begins: what follows within it was looked at with it. In texts of JSON `\n` and its like stand before the word.
  const isEscape = text[at - 2] === '\\' && 'nrt'.includes(text.charAt(at - 1))
  if (at > 0 && isOf(text, at - 1, ALPHANUMERIC) && !isEscape) return undefined
  return numberAt(reading, at) ?? tokenAt(reading, at) ?? namedAt(reading, at)
}

function numberAt(reading: Reading, at: number): FoundSecret | undefined {
  if (reading.is(at, DIGIT))
    return ended('card', at, endOfCard(reading, at)) ?? placed('api-key', botTokenAt(reading, at))
  return ended('iban', at, endOfIban(reading, at))
}

function tokenAt(reading: Reading, at: number): FoundSecret | undefined {
  return (
    ended('api-key', at, endOfApiKey(reading, at)) ??
    placed('api-key', webhookAt(reading, at)) ??
    placed('api-key', botTokenAt(reading, at)) ??
    ended('jwt', at, endOfJwt(reading, at)) ??
    placed('bearer', bearerAt(reading, at))
  )
}

/** Only where a whole name begins, with its underlines and hyphens, of which two at most may lead it: `--password`. */
function namedAt(reading: Reading, at: number): FoundSecret | undefined {
  const { text } = reading
  if (isOf(text, at - 1, WORD) && isOf(text, at - 2, WORD) && isOf(text, at - 3, WORD)) return undefined
  if (isOf(text, at - 1, WORD) && (isOf(text, at - 2, ALPHANUMERIC) || isOf(text, at - 3, ALPHANUMERIC)))
    return undefined
  return placed('password', namedValue(reading, at, endOfWord(reading, at)))
}

function ended(kind: SecretKind, start: number, end: number | undefined): FoundSecret | undefined {
  return end === undefined ? undefined : { kind, start, end }
}

function placed(kind: SecretKind, place: Place | undefined): FoundSecret | undefined {
  return place === undefined ? undefined : { kind, ...place }
}
