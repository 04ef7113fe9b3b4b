import { ALPHANUMERIC, DIGIT, type Reading } from './character-classes.ts'

const CARD_DIGITS_LEAST = 13
const CARD_DIGITS_MOST = 19
/** Behind so many digits: groups of four, or of four, six and five. */
const GAPS: ReadonlySet<number> = new Set([4, 8, 10, 12, 16])

/** Where the card number ends that begins with this digit; `undefined` where there is none. Groups may be apart by one blank or hyphen; by a dot only where a card has its gaps, since decimals have dots as well. */
export function endOfCard(reading: Reading, start: number): number | undefined {
  let digits = ''
  let at = start
  let found: number | undefined
  for (;;) {
    while (reading.is(at, DIGIT) && digits.length <= CARD_DIGITS_MOST) {
      digits += reading.text[at]
      at += 1
    }
    if (digits.length > CARD_DIGITS_MOST) return found
    const isWhole = !reading.is(at, ALPHANUMERIC)
    if (isWhole && digits.length >= CARD_DIGITS_LEAST) {
      reading.steps += digits.length
      if (isOfIssuer(digits) && isLuhn(digits)) found = at
    }
    const separator = reading.text[at]
    const isGap = separator === ' ' || separator === '-' || (separator === '.' && GAPS.has(digits.length))
    if (!isGap || !reading.is(at + 1, DIGIT)) return found
    at += 1
  }
}

/** Beginnings and lengths that issuers give out; other numbers pass the checksum by chance, one in ten. */
function isOfIssuer(digits: string): boolean {
  const { length } = digits
  const four = Number(digits.slice(0, 4))
  const two = Number(digits.slice(0, 2))
  if (digits.startsWith('4')) return length === 13 || length === 16 || length === 19
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length === 16
  if (two === 34 || two === 37) return length === 15
  if (two === 36 || two === 38 || two === 39 || (four >= 3000 && four <= 3059)) return length === 14
  if (four >= 3528 && four <= 3589) return length >= 16
  return (four === 6011 || two === 62 || two === 65 || (four >= 6440 && four <= 6499)) && length >= 16
}

/** ISO/IEC 7812-1, annex B. */
function isLuhn(digits: string): boolean {
  let sum = 0
  for (let place = 0; place < digits.length; place += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48
    const doubled = place % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** Length of an IBAN by its country (the SWIFT registry), as one text: `AD24`, ... */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 ' +
    'IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ' +
    'ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

/** Where the IBAN ends that begins here; `undefined` where there is none. Groups of four may be apart by one blank. */
export function endOfIban(reading: Reading, start: number): number | undefined {
  const { text } = reading
  const length = IBAN_LENGTHS.get(text.slice(start, start + 2).toUpperCase())
  if (length === undefined || !reading.is(start + 2, DIGIT) || !reading.is(start + 3, DIGIT)) return undefined
  let characters = ''
  let at = start
  while (characters.length < length) {
    if (text[at] === ' ' && characters.length % 4 === 0) at += 1
    if (!reading.is(at, ALPHANUMERIC)) return undefined
    characters += text[at]
    at += 1
  }
  if (reading.is(at, ALPHANUMERIC)) return undefined
  reading.steps += length
  return isMod97(characters.toUpperCase()) ? at : undefined
}

/** ISO 13616-1: the digits, with letters as 10 to 35 and the first four characters last, leave 1 when divided by 97. */
function isMod97(iban: string): boolean {
  let rest = 0
  for (let place = 0; place < iban.length; place += 1) {
    const code = iban.charCodeAt((place + 4) % iban.length)
    rest = code >= 65 ? (rest * 100 + code - 55) % 97 : (rest * 10 + code - 48) % 97
  }
  return rest === 1
}
