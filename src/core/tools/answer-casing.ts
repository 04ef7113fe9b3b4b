import type { Recogniser } from './deterministic-answer.ts'
import { readSubject, TEXT_REFERENCE } from './read-subject.ts'

const UPPER = '(?:upper ?-?case(?: letters)?|all caps|capital letters|all uppercase|all upper case)'
const LOWER = '(?:lower ?-?case(?: letters)?|all lowercase|small letters|all lower case)'
const CONVERT = new RegExp(
  `^(?:convert|change|transform|turn|put|write|make|rewrite) ${TEXT_REFERENCE} (?:(?:to|into|in) )?(?:(${UPPER})|${LOWER})$`,
)
const CONVERT_PAYLOAD = new RegExp(
  `^(?:convert|change|transform|turn|write|put) (?:to|into|in) (?:(${UPPER})|${LOWER})$`,
)
const VERB_FIRST = new RegExp(`^(?:(uppercase|upper-case)|lowercase|lower-case) ?${TEXT_REFERENCE}$`)
const REVERSE =
  /^(?:reverse|reverse the letters (?:of|in)|reverse the characters (?:of|in)|spell|write)(?: the)?(?: following)? ?(?:string|word|text|characters)?(?: \ue000)?( backwards?| in reverse| reversed)?$/
const REVERSE_BARE = /^(?:reverse the (?:word|string)|spell the word) ([a-z]{2,40})( backwards?)?$/
const PALINDROME = /^is (?:the (?:word|string) )?(?:\ue000|([a-z]{3,40})) a palindrome$/

/** Upper and lower case, reversed strings, palindromes: texts whose letters map one to one. */
export const answerCasing: Recogniser = (task) => {
  const { instruction } = task
  const cased = CONVERT.exec(instruction) ?? CONVERT_PAYLOAD.exec(instruction) ?? VERB_FIRST.exec(instruction)
  if (cased !== null) {
    const subject = readSubject(task)
    // German sharp s, dotted I and the like change length or depend on the language.
    if (subject === undefined || !/^[\x20-\x7e\n\r\tÀ-ÖØ-Þà-öø-þ‘’“”–—…]*$/.test(subject.text)) return undefined
    const isUpper = cased[1] !== undefined
    return exact(
      isUpper ? subject.text.toUpperCase() : subject.text.toLowerCase(),
      isUpper ? 'Upper case.' : 'Lower case.',
    )
  }
  const palindrome = PALINDROME.exec(instruction)
  if (palindrome !== null) return answerPalindrome(palindrome[1] ?? readSubject(task)?.text ?? '')
  const text = readReversed(task)
  return text === undefined || !/^[\x20-\x7e]+$/.test(text)
    ? undefined
    : exact(text.split('').toReversed().join(''), 'Characters in reverse order.')
}

function exact(answer: string, explanation: string): ReturnType<Recogniser> {
  return { tool: 'casing', answer, confidence: 1, explanation }
}

function readReversed(task: Parameters<Recogniser>[0]): string | undefined {
  const { instruction, casedInstruction, quotes, payload } = task
  const bare = REVERSE_BARE.exec(instruction)
  if (bare !== null && quotes.length === 0 && payload === undefined) {
    if (instruction.startsWith('spell') && bare[2] === undefined) return undefined
    return casedInstruction.slice(
      bare[0].indexOf(bare[1] ?? ''),
      bare[0].indexOf(bare[1] ?? '') + (bare[1]?.length ?? 0),
    )
  }
  const match = REVERSE.exec(instruction)
  if (match === null) return undefined
  // "Write" and "spell" need "backwards"; "reverse" says it already, but "reverse the words" means something else.
  const saysReverse = instruction.startsWith('reverse')
  if (saysReverse === (match[1] !== undefined)) return undefined
  if (saysReverse && quotes.length === 0 && !/\b(?:string|word|characters|letters)\b/.test(instruction))
    return undefined
  const subject = readSubject(task)
  return subject?.isDelimited === true || /^[A-Za-z]+$/.test(subject?.text ?? ' ') ? subject?.text : undefined
}

/** Only for texts of letters, where case, blanks and punctuation cannot decide. */
function answerPalindrome(text: string): ReturnType<Recogniser> {
  if (!/^[A-Za-z]{2,60}$/.test(text)) return undefined
  const folded = text.toLowerCase()
  return exact(
    folded === folded.split('').toReversed().join('') ? 'Yes' : 'No',
    'Compared with its reverse, in either case.',
  )
}
