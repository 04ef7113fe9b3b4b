import { decodedRuns } from './encoded-runs.ts'
import { type ReadingSigns, signsOf } from './reading-signs.ts'

/** Texts are read in other ways so much at a time, in UTF-16 units; parts overlap, so that no order is cut in all of them. */
const PART_LENGTH = 16_000
const PART_STEP = 14_000

/** What orders are about. Each of the other alphabets is tried only where a text has one of these words in it. */
const KEY_WORDS = [
  'ignore',
  'disregard',
  'forget',
  'instructions?',
  'previous',
  'prompts?',
  'system',
  'reveal',
  'override',
  'password',
  'jailbreak',
]
const PLAIN: RegExp = new RegExp(String.raw`(?<![a-z])(?:${KEY_WORDS.join('|')})(?![a-z])`, 'gi')
const TURNED: RegExp = new RegExp(
  String.raw`(?<![a-z])(?:${KEY_WORDS.map((word) => turnedBy13(word.replace('s?', ''))).join('|')})`,
  'i',
)
const BACKWARDS: RegExp = new RegExp(
  String.raw`(?:${KEY_WORDS.map((word) => reversed(word.replace('s?', ''))).join('|')})(?![a-z])`,
  'i',
)

/**
 * What a text says to a model that undoes how it was written: words cut at line ends or by markup, letters with gaps between them, digits and signs for letters, letters turned by
 * thirteen, written backwards, entities of HTML, escapes, base64 and hexadecimal digits. Each is tried only where there are signs of it, and is at most as long as the text.
 * A long text is read in parts that overlap, one at a time.
 */
export function* otherReadings(text: string): Generator<string, void, undefined> {
  for (let from = 0; ; from += PART_STEP) {
    yield* readingsOf(text.length <= PART_LENGTH ? text : text.slice(from, from + PART_LENGTH))
    if (from + PART_LENGTH >= text.length) return
  }
}

/** The readings of a text of one part. `signs`: what is tried. */
export function* readingsOf(part: string, signs: ReadingSigns = signsOf(part)): Generator<string, void, undefined> {
  let known: number | undefined
  for (const [isTried, read] of [
    [signs.hyphens, unwrapped],
    [signs.markup, unmarked],
    [signs.gaps, closed],
    [signs.spelling, spelt],
  ] as const) {
    if (!isTried) continue
    const reading = read(part)
    if (reading === part) continue
    known ??= keyWordsIn(part)
    if (keyWordsIn(reading) > known) yield reading
  }
  if (TURNED.test(part)) yield turnedBy13(part)
  if (BACKWARDS.test(part)) yield reversed(part)
  if (!signs.escapes && !signs.base64 && !signs.hex) return
  const decoded = decodedRuns(part)
  if (decoded === part) return
  yield decoded
  const again = decodedRuns(decoded)
  if (again !== decoded) yield again
}

function keyWordsIn(text: string): number {
  return text.match(PLAIN)?.length ?? 0
}

/** Without the hyphens at ends of lines that cut words. */
function unwrapped(text: string): string {
  return text.replace(/(?<=\p{L})[-\u2010][ \t]{0,4}\r?\n[ \t]{0,8}(?=\p{Ll})/gu, '')
}

/** Without what marks words up, and without hyphens within them. */
function unmarked(text: string): string {
  return text.replace(/<\/?[a-z][^<>]{0,80}>|[*_~`]+|(?<=\p{L})-(?=\p{L})/giu, '')
}

/** Four single letters at least, with one sign between each. */
const GAPPED = /(?<![\p{L}\p{N}])\p{L}(?:[ \n._*\u00b7\u2022-]\p{L}){3,}(?![\p{L}\p{N}])/gu
/** A run of gapped words has no ends of words. Those that orders are made of are found in it; longer ones first. */
const WORDS_OF_ORDERS =
  /(instructions?|directions|guidelines|everything|previous|preceding|disregard|messages?|prompts?|forget|ignore|system|reveal|repeat|earlier|output|prior|above|rules|print|show|your|the|all|and|you)/gi

/** Words of orders that were written as one. */
const GLUED = /\p{L}{14,200}/gu

function closed(text: string): string {
  return text
    .replace(GAPPED, (run) => run.replace(/(?<=\p{L})[ \n._*\u00b7\u2022-](?=\p{L})/gu, ''))
    .replace(GLUED, (run) => run.replace(WORDS_OF_ORDERS, ' $1 ').replaceAll(/ {2,}/g, ' '))
}

const LETTERS_OF_SIGNS: ReadonlyMap<string, string> = new Map([
  ['0', 'o'],
  ['1', 'i'],
  ['!', 'i'],
  ['|', 'l'],
  ['3', 'e'],
  ['4', 'a'],
  ['@', 'a'],
  ['5', 's'],
  ['$', 's'],
  ['7', 't'],
])

/** Signs among letters; a number with a unit has them behind one another. */
function spelt(text: string): string {
  return text.replace(/(?<![\w@$!|])[\w@$!|]{3,24}(?![\w@$!|])/g, speltWord)
}

function speltWord(word: string): string {
  if (!/[a-z]/i.test(word) || !/[0-9@$!|]/.test(word) || /^[0-9]+[a-z]{1,3}$/i.test(word)) return word
  return Array.from(word, (sign) => LETTERS_OF_SIGNS.get(sign) ?? sign).join('')
}

function turnedBy13(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const code = letter.charCodeAt(0)
    const base = code & 96
    return String.fromCharCode(base + ((code - base + 12) % 26) + 1)
  })
}

function reversed(text: string): string {
  return Array.from(text).toReversed().join('')
}
