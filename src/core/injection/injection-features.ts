import { log } from '../../base/deterministic-math.ts'
import { INJECTION_RULES } from './injection-rules.ts'
import { wordsOf, type VisibleText } from './visible-text.ts'

/** What the shape of a text tells beside its words. Values are 0 to 1. */
const SHAPES = [
  'length',
  'hidden-characters',
  'symbols',
  'capitals',
  'repeats-itself',
  'line-breaks',
  'is-question',
  'quotes',
] as const

/** Names of the dense features, in order: one per rule, then the shape. */
export const INJECTION_FEATURES: readonly string[] = [...INJECTION_RULES.map(({ name }) => name), ...SHAPES]

/** Rules that matched, by place. */
export type MatchedRules = { readonly places: readonly number[]; readonly points: number }

/** Tries every rule once; a rule that matches twice counts once. */
export function matchRules(text: string): MatchedRules {
  const words = wordsOf(text)
  const places: number[] = []
  let points = 0
  let place = 0
  for (const rule of INJECTION_RULES) {
    if (rule.pattern.test(rule.reads === 'words' ? words : text)) {
      places.push(place)
      points += rule.points
    }
    place += 1
  }
  return { places, points }
}

/** Writes the dense features of a text; `out` is `INJECTION_FEATURES` long. */
export function writeInjectionFeatures(
  { text, hiddenCount }: VisibleText,
  matched: MatchedRules,
  out: Float64Array,
): void {
  out.fill(0)
  for (const place of matched.places) out[place] = 1
  const count = countCharacters(text)
  const length = Math.max(1, text.length)
  const shape = [
    Math.min(1, log(length + 1) / 10),
    hiddenCount > 0 ? 1 : 0,
    Math.min(1, (4 * count.symbols) / length),
    count.letters < 12 ? 0 : Math.min(1, (2 * count.capitals) / count.letters),
    repetitionOf(text),
    Math.min(1, (20 * count.breaks) / length),
    count.endsAsQuestion ? 1 : 0,
    Math.min(1, count.quotes / 6),
  ]
  out.set(shape, INJECTION_RULES.length)
}

type CharacterCount = {
  symbols: number
  letters: number
  capitals: number
  breaks: number
  quotes: number
  endsAsQuestion: boolean
}

function countCharacters(text: string): CharacterCount {
  const count = { symbols: 0, letters: 0, capitals: 0, breaks: 0, quotes: 0, endsAsQuestion: false }
  let last = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 10) count.breaks += 1
    if (code > 32) last = code
    if (code > 0x7f) {
      if (code === 0x201c || code === 0x201d) count.quotes += 1
      continue
    }
    const lower = code | 32
    if (lower >= 97 && lower <= 122) {
      count.letters += 1
      if (code < 97) count.capitals += 1
    } else if (code > 32 && !(code >= 48 && code <= 57) && code !== 44 && code !== 46) count.symbols += 1
    if (code === 34) count.quotes += 1
  }
  count.endsAsQuestion = last === 63 || last === 0xff1f
  return count
}

/** 1 less the share of distinct pieces of eight characters: floods of one phrase are near 1, prose is near 0. */
function repetitionOf(text: string): number {
  if (text.length < 64) return 0
  const seen = new Set<string>()
  const end = Math.min(text.length, 2_048) - 8
  for (let at = 0; at < end; at += 4) seen.add(text.slice(at, at + 8))
  const pieces = Math.ceil(end / 4)
  return Math.max(0, 1 - seen.size / pieces)
}
