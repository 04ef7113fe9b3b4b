/** Abbreviations whose full stop may not end a sentence, whatever their letter case. */
const ABBREVIATIONS = new Set(
  'mr mrs ms dr prof sr jr vs etc inc ltd corp approx dept vol capt sgt blvd eds pp'.split(' '),
)

/** Words that are abbreviations only with a capital: titles, months, weekdays. "The cat sat." ends a sentence. */
const CAPITALISED_ABBREVIATIONS = new Set(
  'St Co No Fig Gen Gov Sen Rep Rev Hon Col Lt Mt Ave Rd Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun'.split(
    ' ',
  ),
)

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
    if (character === '.' && isAbbreviation(word)) return undefined
    if (!isLast && !/^[A-Z0-9"'“‘(]/.test(flat.slice(at + 2))) return undefined
    sentences.push(flat.slice(start, at + 1))
    start = at + 2
  }
  return start >= flat.length && sentences.length > 0 ? sentences : undefined
}

/** Known abbreviations, initials, and the "al." of "et al." */
function isAbbreviation(word: string): boolean {
  if (word.length === 1) return word !== 'I'
  return ABBREVIATIONS.has(word.toLowerCase()) || CAPITALISED_ABBREVIATIONS.has(word) || word === 'al'
}
