import type { DeterministicAnswer } from './deterministic-answer.ts'
import { readSubject } from './read-subject.ts'
import { QUOTE_MARK, type TaskText } from './read-task-text.ts'
import { unitsNamed } from './unit-table.ts'

const PLACE =
  '(?:the (?:word|string|text|name|phrase|sentence|following (?:word|text|string|sentence|phrase)) ?|this (?:word|text|sentence|string|phrase) ?)?'
const TARGET = '(\ue000|[a-z]{2,40})?'
const COUNT =
  '(?:how many|count|count the|count the number of|count how many|what is the number of|find the number of|number of)'
const HOW_MANY = new RegExp(
  `^${COUNT} (the )?(letters? |characters? )?(\ue000|[a-z])('?s)? (?:are |is |do )?(?:there )?(?:are )?(?:you see )?(?:in|does) ${PLACE}${TARGET}(?: have| contain)?$`,
)
const IN_WORD = new RegExp(
  `^in (?:the )?(?:word|string|name) (\ue000|[a-z]{2,40}),? how many (?:times does (?:the )?)?(letters? )?(\ue000|[a-z])('?s)? (?:are there|appears?|occurs?|are in it)$`,
)
const TIMES = new RegExp(
  `^(?:how many times (?:does|do|is|can)|count how many times|count the number of times|how often does) (?:the )?(letter|character)? ?(\ue000|[a-z]) (?:appears?|occurs?|shows? up|used|found|repeated) in ${PLACE}${TARGET}$`,
)
const OCCURRENCES = new RegExp(
  `^(?:how many|count the|count|count the number of|count all) (?:occurrences|instances) of (?:the )?(letter |character )?(\ue000|[a-z]) (?:are |are there )?(?:there )?in ${PLACE}${TARGET}$`,
)
const WORD_TIMES = new RegExp(
  `^(?:how many times (?:does|is)|count how many times|count the number of times) the word \ue000 (?:appears?|occurs?|used|found) in ${PLACE}(\ue000)?$`,
)

/** Words after which `how many k in X` asks for a measure and not for a letter. */
const MEASURES = new Set(
  'million billion thousand dozen dollar euro marathon cup game team pack deck year century'.split(' '),
)

type LetterQuestion = {
  /** One letter, lower case when not quoted. */
  readonly letter: string
  /** The bare word searched, or `undefined` when it is quoted or the payload. */
  readonly word: string | undefined
  /** Whether the question says that it is about a letter: quotes, an apostrophe s, or the word "letter". */
  readonly isExplicit: boolean
  /** Quotes left for the text. */
  readonly quotes: readonly string[]
}

/** `how many r in strawberry`, `count the letter "e" in "..."`, `how many times does the word "x" appear in: ...`. */
export function answerLetterCount(task: TaskText): DeterministicAnswer | undefined {
  const question = readQuestion(task) ?? readWordFirst(task)
  if (question === undefined) return answerWordOccurrences(task)
  const text = readSearched(question, task)
  if (text === undefined || !/^[\x20-\x7e\n]+$/.test(text)) return undefined
  const letter = question.letter.toLowerCase()
  const count = text.toLowerCase().split(letter).length - 1
  if (!question.isExplicit && (count === 0 || isMeasure(question.word ?? ''))) return undefined
  return { tool: 'counting', answer: String(count), confidence: 1, explanation: `Counted "${letter}", in either case.` }
}

function isMeasure(word: string): boolean {
  return MEASURES.has(word) || unitsNamed(word).length > 0
}

/** `In the word "banana", how many a's are there?`: the word comes first. */
function readWordFirst({ instruction, quotes }: TaskText): LetterQuestion | undefined {
  const match = IN_WORD.exec(instruction)
  if (match === null) return undefined
  const isWordQuoted = match[1] === QUOTE_MARK
  const isLetterQuoted = match[3] === QUOTE_MARK
  const letter = isLetterQuoted ? quotes[isWordQuoted ? 1 : 0] : match[3]
  if (
    letter === undefined ||
    !/^[A-Za-z]$/.test(letter) ||
    quotes.length !== Number(isWordQuoted) + Number(isLetterQuoted)
  )
    return undefined
  const word = isWordQuoted ? undefined : match[1]
  return { letter, word, isExplicit: true, quotes: isWordQuoted ? quotes.slice(0, 1) : [] }
}

function readQuestion({ instruction, quotes }: TaskText): LetterQuestion | undefined {
  const howMany = HOW_MANY.exec(instruction)
  const times = howMany === null ? (TIMES.exec(instruction) ?? OCCURRENCES.exec(instruction)) : null
  const written = howMany?.[3] ?? times?.[2]
  if (written === undefined) return undefined
  const isQuoted = written === QUOTE_MARK
  const letter = isQuoted ? (quotes[0] ?? '') : written
  if (!/^[A-Za-z]$/.test(letter)) return undefined
  const target = howMany?.[5] ?? times?.[3]
  return {
    letter,
    word: target === QUOTE_MARK ? undefined : target,
    isExplicit: isQuoted || (howMany?.[2] ?? howMany?.[4] ?? times?.[1]) !== undefined,
    quotes: isQuoted ? quotes.slice(1) : quotes,
  }
}

function readSearched(question: LetterQuestion, task: TaskText): string | undefined {
  if (question.word === undefined) return readSubject({ quotes: question.quotes, payload: task.payload })?.text
  return question.quotes.length === 0 &&
    task.payload === undefined &&
    !/^(?:it|this|that|them|all|my|your|each|total|the)$/.test(question.word)
    ? question.word
    : undefined
}

function answerWordOccurrences({ instruction, quotes, payload }: TaskText): DeterministicAnswer | undefined {
  const [word = '', ...others] = quotes
  if (!WORD_TIMES.test(instruction) || !/^[A-Za-z]+$/.test(word)) return undefined
  const subject = readSubject({ quotes: others, payload })
  if (subject === undefined) return undefined
  // "The" for "the", "the-" or "theory" would be counted by some and not by others: all readings must agree.
  const whole = countMatches(subject.text, new RegExp(`(?<![\\w'’-])${word}(?![\\w'’-])`, 'g'))
  if (countMatches(subject.text, new RegExp(word, 'gi')) !== whole) return undefined
  return { tool: 'counting', answer: String(whole), confidence: 1, explanation: 'Counted whole words.' }
}

function countMatches(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
