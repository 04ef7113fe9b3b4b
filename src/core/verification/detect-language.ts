/** Function words that are frequent in one of these languages and rare in the others. */
const FUNCTION_WORDS = {
  english:
    'the of and to is that it was for with his they this from have not are which you were been would their there',
  french: 'le les des est dans une du qui pas sur avec au pour plus sont nous vous cette mais ce ses aux été elle être',
  german:
    'der die das und ist nicht ein eine zu den mit von für auf sich dem auch werden wird sind wurde einer oder zum',
  spanish: 'el los las una es por con para del se lo como más pero sus está fue son muy también este hay desde entre',
  italian: 'il di che è per una sono con non della gli nel alla più anche dei come questo delle dal ha suo loro essere',
  portuguese: 'os não uma é com para do da em um dos das mais como mas foi ao são seu também pelo muito você está',
  dutch: 'het een van en dat niet zijn met voor op aan ook er maar naar bij uit wordt deze nog wel hij worden heeft',
} as const

/** Scripts that one language of the list, or nearly only it, is written in. */
const SCRIPTS = {
  russian: /\p{Script=Cyrillic}/gu,
  ukrainian: /\p{Script=Cyrillic}/gu,
  bulgarian: /\p{Script=Cyrillic}/gu,
  kazakh: /\p{Script=Cyrillic}/gu,
  greek: /\p{Script=Greek}/gu,
  arabic: /\p{Script=Arabic}/gu,
  persian: /\p{Script=Arabic}/gu,
  hebrew: /\p{Script=Hebrew}/gu,
  hindi: /\p{Script=Devanagari}/gu,
  gujarati: /\p{Script=Gujarati}/gu,
  bengali: /\p{Script=Bengali}/gu,
  tamil: /\p{Script=Tamil}/gu,
  thai: /\p{Script=Thai}/gu,
  korean: /\p{Script=Hangul}/gu,
  japanese: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/gu,
  chinese: /\p{Script=Han}/gu,
} as const

/** Languages that can be asked for, in lower case. */
export const LANGUAGE_NAMES: readonly string[] = [...Object.keys(FUNCTION_WORDS), ...Object.keys(SCRIPTS)]

/** Fewest letters by which a script can be judged, and fewest words by which a language can. */
const LETTERS_MIN = 10
const WORDS_MIN = 8

/**
 * Whether a text reads as the language; `undefined` when it is too short to tell, for unknown names, and when the signs
 * are mixed. Scripts are judged by their share of letters, languages of the Latin script by function words.
 */
export function checkLanguage(text: string, language: string): boolean | undefined {
  const sample = text.slice(0, 4000)
  const script = Object.hasOwn(SCRIPTS, language) ? SCRIPTS[language as keyof typeof SCRIPTS] : undefined
  if (script !== undefined) return checkScript(sample, script)
  if (!Object.hasOwn(FUNCTION_WORDS, language)) return undefined
  const letters = countOf(sample, /\p{L}/gu)
  if (letters >= LETTERS_MIN && countOf(sample, /\p{Script=Latin}/gu) < letters / 5) return false
  const scores = scoreLanguages(sample)
  const own = scores.get(language) ?? 0
  const best = Math.max(0, ...scores.values())
  if (own > 0 && own === best) return true
  // Another language must be plainly there, and the one asked for absent, before an answer is refused for it.
  return best >= 4 && own * 4 <= best ? false : undefined
}

function checkScript(sample: string, script: RegExp): boolean | undefined {
  const letters = countOf(sample, /\p{L}/gu)
  if (letters < LETTERS_MIN) return undefined
  const share = countOf(sample, script) / letters
  if (share >= 0.5) return true
  return share < 0.2 ? false : undefined
}

function scoreLanguages(sample: string): ReadonlyMap<string, number> {
  const words = sample.toLowerCase().match(/\p{L}+/gu) ?? []
  if (words.length < WORDS_MIN) return new Map()
  return new Map(
    Object.entries(FUNCTION_WORDS).map(([language, listed]) => {
      const known = new Set(listed.split(' '))
      return [language, words.filter((word) => known.has(word)).length]
    }),
  )
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
