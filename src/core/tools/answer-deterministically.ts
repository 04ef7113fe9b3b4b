import { answerArithmetic } from './answer-arithmetic.ts'
import { answerBases } from './answer-bases.ts'
import { answerCasing } from './answer-casing.ts'
import { answerCounting } from './answer-counting.ts'
import { answerDates } from './answer-dates.ts'
import { answerExtraction } from './answer-extraction.ts'
import { answerJson } from './answer-json.ts'
import { answerLists } from './answer-lists.ts'
import { answerRoman } from './answer-roman.ts'
import { answerSummary } from './answer-summary.ts'
import { answerUnits } from './answer-units.ts'
import type { DeterministicAnswer, DeterministicContext, Recogniser } from './deterministic-answer.ts'
import { readTaskText } from './read-task-text.ts'

/** Longest task that is looked at, in code units; texts to count or search are part of the task. */
const TASK_LENGTH_MAX = 20_000

/** Longest task that starts with a number or bracket: an expression, a conversion or a date, never a text. */
const BARE_LENGTH_MAX = 400

/** No first word that is known is longer. */
const FIRST_WORD_LENGTH_MAX = 16

const BARE: readonly Recogniser[] = [answerArithmetic, answerUnits, answerBases, answerDates]
const QUESTION: readonly Recogniser[] = [
  answerArithmetic,
  answerUnits,
  answerDates,
  answerBases,
  answerRoman,
  answerCounting,
  answerJson,
  answerLists,
  answerExtraction,
]
const COUNT: readonly Recogniser[] = [
  answerCounting,
  answerUnits,
  answerDates,
  answerJson,
  answerArithmetic,
  answerLists,
]
const TEXT: readonly Recogniser[] = [
  answerExtraction,
  answerJson,
  answerCounting,
  answerLists,
  answerCasing,
  answerSummary,
  answerArithmetic,
  answerDates,
  answerBases,
  answerRoman,
]
const CONVERT: readonly Recogniser[] = [answerUnits, answerBases, answerArithmetic, answerRoman, answerCasing]
const CLAIM: readonly Recogniser[] = [answerArithmetic, answerDates, answerCasing, answerJson]

/** Which recognisers a first word can belong to. A task that starts with any other word is declined at once. */
const BY_FIRST_WORD: ReadonlyMap<string, readonly Recogniser[]> = new Map([
  ...listFor(
    QUESTION,
    "what what's whats the which sum product square cube factorial prime remainder average mean median half double twice triple gcd lcm max min hexadecimal hex binary octal decimal number roman on",
  ),
  ...listFor(COUNT, 'how count word character letter sentence line length days weeks'),
  ...listFor(
    TEXT,
    'extract find list get return pull give identify show output read print pretty beautify prettify format indent reformat minify compact compress minimize minimise uglify sort order arrange put rank reverse remove delete drop eliminate deduplicate de-duplicate uppercase lowercase upper-case lower-case spell write summarize summarise extractively create produce generate make do perform provide keys a an',
  ),
  ...listFor(CONVERT, 'convert change express turn transform translate reduce rewrite'),
  ...listFor(
    [answerArithmetic, answerDates, answerCounting, answerUnits, answerBases, answerLists],
    'calculate compute evaluate work solve simplify determine add subtract multiply divide increase decrease raise round',
  ),
  ...listFor([answerJson, answerCounting], 'given in from consider for here'),
  ...listFor([answerExtraction], 'using with apply'),
  ...listFor(CLAIM, 'is was will does did check validate are'),
  ...listFor(
    BARE,
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety sqrt negative minus today january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec',
  ),
])

function listFor(
  recognisers: readonly Recogniser[],
  words: string,
): readonly (readonly [string, readonly Recogniser[]])[] {
  return words.split(' ').map((word) => [word, recognisers] as const)
}

const POLITENESS = new Set(['please', 'kindly', 'can', 'could', 'would', 'will', 'you', 'tell', 'me'])

/**
 * Answers a task exactly and at no cost, or declines with `undefined`.
 *
 * The whole task must be one question of a known kind, in wording that has one reading; nothing is guessed, approximated
 * in silence, or answered in part. The task must stand alone: the caller passes single-turn tasks without system prompt or
 * tools, because "and in feet?" or "always answer in French" change what a right answer is. English only.
 *
 * It runs before every request: a task that is not recognised costs a look at its first words (under 5 us).
 *
 * @param context  Without `now`, questions that depend on the present are declined.
 * @returns `tool`, the bare `answer`, `confidence` 1 and an `explanation` for `kernell route --explain`.
 */
export function answerDeterministically(
  task: string,
  context: DeterministicContext = {},
): DeterministicAnswer | undefined {
  if (task.length > TASK_LENGTH_MAX) return undefined
  const recognisers = candidatesFor(task)
  if (recognisers === undefined) return undefined
  const text = readTaskText(task.trim())
  if (text === undefined) return undefined
  for (const recognise of recognisers) {
    const found = recognise(text, context)
    if (found !== undefined) return text.isBareAnswerWanted ? withoutUnit(found) : found
  }
  return undefined
}

/** `15840 feet` as `15840`, when only the number was asked for. */
function withoutUnit(found: DeterministicAnswer): DeterministicAnswer {
  const number = /^(?:≈ )?(-?[\d.]+) [A-Za-z ]+$/.exec(found.answer)?.[1]
  return number === undefined ? found : { ...found, answer: number }
}

/** By the first word that is not politeness; expressions by their first character. */
function candidatesFor(task: string): readonly Recogniser[] | undefined {
  let at = 0
  for (let wordCount = 0; wordCount < 8; wordCount++) {
    while (isBlank(task.charCodeAt(at))) at += 1
    const start = at
    while (isWordCode(task.charCodeAt(at))) at += 1
    if (!isLetter(task.charCodeAt(start)))
      return task.length <= BARE_LENGTH_MAX && isExpressionStart(task, start) ? BARE : undefined
    if (at - start > FIRST_WORD_LENGTH_MAX) return undefined
    const word = task.slice(start, at).toLowerCase()
    if (!POLITENESS.has(word) || task.charCodeAt(at) !== 0x20) return recognisersOf(word)
    if (word === 'will') return candidatesAfterWill(task, at)
  }
  return undefined
}

/** `twenty-one` goes by its first part. */
function recognisersOf(word: string): readonly Recogniser[] | undefined {
  const found = BY_FIRST_WORD.get(word.replace('’', "'"))
  return found ?? (word.includes('-') ? BY_FIRST_WORD.get(word.slice(0, word.indexOf('-'))) : undefined)
}

/** "Will you please ..." is politeness, "will 2028 be a leap year" a question. */
function candidatesAfterWill(task: string, at: number): readonly Recogniser[] | undefined {
  return task.startsWith(' you ', at) ? candidatesFor(task.slice(at + 5)) : CLAIM
}

function isExpressionStart(task: string, at: number): boolean {
  const code = task.charCodeAt(at)
  return isDigit(code) || '(-+$.√\\'.includes(task[at] ?? ' ')
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isWordCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    isDigit(code) ||
    code === 0x27 ||
    code === 0x2d ||
    code === 0x2019
  )
}
