/** Words before a full stop that does not end a sentence, or may not. */
const ABBREVIATIONS = new Set([
  'mr',
  'mrs',
  'ms',
  'dr',
  'prof',
  'sr',
  'jr',
  'st',
  'vs',
  'etc',
  'inc',
  'ltd',
  'co',
  'corp',
  'no',
  'vol',
  'fig',
  'approx',
  'dept',
  'gen',
  'gov',
  'sen',
  'rep',
  'rev',
  'hon',
  'capt',
  'col',
  'sgt',
  'lt',
  'mt',
  'ave',
  'blvd',
  'rd',
  'jan',
  'feb',
  'mar',
  'apr',
  'jun',
  'jul',
  'aug',
  'sep',
  'sept',
  'oct',
  'nov',
  'dec',
  'mon',
  'tue',
  'wed',
  'thu',
  'fri',
  'sat',
  'sun',
  'al',
  'ed',
  'eds',
  'pp',
])

/**
 * The sentences of a plain prose text, or `undefined` where their borders are a matter of opinion: abbreviations,
 * initials, ellipses, full stops inside quotes, an unfinished last sentence, sentences that start in lower case.
 */
export function splitSentences(text: string): readonly string[] | undefined {
  const flat = text.replace(/\s+/g, ' ').trim()
  if (flat === '' || /\.\.|…|[.!?][.!?]|[.!?]["'”’)\]]|[•*#|]/.test(flat)) return undefined
  const sentences: string[] = []
  let start = 0
  for (let at = 0; at < flat.length; at++) {
    const character = flat[at]
    if (character !== '.' && character !== '!' && character !== '?') continue
    const isLast = at === flat.length - 1
    if (!isLast && flat[at + 1] !== ' ') {
      // A point inside a number is plain; inside anything else (e.g., U.S., a file name) it is not.
      if (/\d/.test(flat[at - 1] ?? '') && /\d/.test(flat[at + 1] ?? '')) continue
      return undefined
    }
    const word = /([A-Za-z]*)$/.exec(flat.slice(Math.max(0, at - 20), at))?.[1] ?? ''
    if (character === '.' && (ABBREVIATIONS.has(word.toLowerCase()) || (word.length === 1 && word !== 'I')))
      return undefined
    if (!isLast && !/^[A-Z0-9"'“‘(]/.test(flat.slice(at + 2))) return undefined
    sentences.push(flat.slice(start, at + 1))
    start = at + 2
  }
  return start >= flat.length && sentences.length > 0 ? sentences : undefined
}
