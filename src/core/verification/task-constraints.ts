import { extractJson } from '../text/extract-json.ts'
import { compileLinearRegex } from '../text/linear-regex-program.ts'
import { hasMatch } from '../text/linear-regex.ts'
import { readNumberWords } from '../tools/number-words.ts'
import { splitSentences } from '../tools/split-sentences.ts'
import { checkLanguage, LANGUAGE_NAMES } from './detect-language.ts'
import type { Check } from './verdict.ts'

export type ConstraintInput = { readonly task: string; readonly answer: string }

/** Only the last part of a task is searched, where its instructions about form stand; in code units. */
const SEARCH_LENGTH_MAX = 4000

/**
 * Checks the constraints that a task states in so many words: one word, a number of words or sentences, one of given
 * choices, a pattern, a language, JSON, a boxed result. A constraint that is not recognised for sure adds no check.
 */
export function checkTaskConstraints({ task, answer }: ConstraintInput): readonly Check[] {
  const stated = task.slice(-SEARCH_LENGTH_MAX).replace(/\t[ \t]*| [ \t]+/g, ' ')
  const text = answer.trim()
  if (text === '') return []
  // Nearly every task states no constraint: a word that a pattern cannot match without is looked for before the pattern is tried.
  const words = stated.toLowerCase()
  return [
    checkChoice(stated, text),
    words.includes('word') ? checkWordLimit(stated, text) : undefined,
    words.includes('sentence') ? checkSentenceCount(stated, text) : undefined,
    words.includes('match') ? checkPatternConstraint(stated, text) : undefined,
    checkAskedLanguage(stated, text),
    checkAskedForm(stated, text),
  ].filter((check) => check !== undefined)
}

const ANSWER_VERB =
  '(?:answer|reply|respond|respond to (?:this|the following)|output|print|return|write|say|choose|select|give)'
const OPTION = '(?:"[^"\\n]{1,30}"|\'[^\'\\n]{1,30}\'|`[^`\\n]{1,30}`|[A-J]\\b|yes|no|true|false)'
const CHOICE = new RegExp(
  `\\b${ANSWER_VERB}(?: me)?(?: with)?(?: either)?(?: only| just)?(?: with)?(?: either)?(?: a)?(?: single)?(?: choice)?(?: from| of)?:? *(${OPTION}(?:(?:,? or |, | / |/)(?:either )?${OPTION})+)(?= *(?:[.\\n,;!]|without|only|and nothing|$))`,
  'gi',
)
/** Words that make the choice the whole answer. */
const ONLY = /\bonly\b|\bjust\b|\bsingle\b|without explanation|nothing else/i

function checkChoice(task: string, answer: string): Check | undefined {
  if (!ONLY.test(task)) return undefined
  const found = [...task.matchAll(CHOICE)].at(-1)
  // A boxed result and a bare choice cannot both be the whole answer; which one is meant is unclear.
  if (found === undefined || BOXED_ASKED.test(task)) return undefined
  const sentence = task.slice(Math.max(0, found.index - 40), found.index + found[0].length + 60)
  if (!ONLY.test(sentence)) return undefined
  const options = (found[1] ?? '').match(new RegExp(OPTION, 'gi'))?.map((option) => bareChoice(option)) ?? []
  const given = bareChoice(answer.replace(/^(?:the )?(?:final )?(?:correct )?answer(?: is)?:? */i, ''))
  // `B) the text of the option` names a choice as well as `B` does.
  const letter = /^\(?([a-j])[).:]\s/.exec(given)?.[1]
  const passed = options.includes(given) || (letter !== undefined && options.includes(letter) && answer.length <= 300)
  return {
    name: 'choice',
    passed,
    detail: passed ? 'one of the given choices' : `not one of the ${options.length} given choices`,
  }
}

function bareChoice(text: string): string {
  return text
    .trim()
    .replace(/^[\s"'`*(\\]+|[\s"'`*.)!\\]+$/g, '')
    .toLowerCase()
}

const ONE_WORD =
  /\b(?:in|with|using|as) (?:(?:just|only|exactly) )?(?:one|a single|1) word\b|\bone[- ]word (?:answer|reply|response)\b|\b(?:answer|reply|respond) (?:with|in) (?:just |only |exactly )?one word\b/i
const WORD_LIMIT =
  /\b(?:answer|reply|respond|response|write|summari[sz]e|summary|describe|explain|keep (?:it|your (?:answer|response|reply)|the (?:answer|response))|limit (?:it|your (?:answer|response|reply)|the (?:answer|response)))\b(?:(?!\b(?:that|which|whose|function|code|program|script|regex|query|class|method|returns?)\b)[^.\n]){0,80}?\b(at most|no more than|maximum of|a maximum of|max|up to|under|less than|fewer than|not exceeding|in exactly|exactly)\s+(\d{1,4}) words\b/i

function checkWordLimit(task: string, answer: string): Check | undefined {
  if (ONE_WORD.test(task)) {
    const count = countWords(answer)
    // Names such as "New York" are one word to those who ask for one.
    return { name: 'length', passed: count <= 2, detail: `${count} words where one was asked for` }
  }
  const match = WORD_LIMIT.exec(task)
  if (match === null) return undefined
  const limit = Number(match[2])
  // People and models count hyphens and numbers differently; a tenth more is not a broken promise.
  const slack = Math.floor(limit / 10)
  const isExact = /exactly/i.test(match[1] ?? '')
  const count = countWords(answer)
  const passed = count <= limit + slack && (!isExact || count >= limit - slack)
  return { name: 'length', passed, detail: `${count} words where ${isExact ? '' : 'at most '}${limit} were asked for` }
}

function countWords(text: string): number {
  return text.split(/\s+/).length
}

const SENTENCES =
  /\b(?:answer|reply|respond|write|summari[sz]e|describe|explain)\b[^.\n]{0,80}?\b(?:in|with|using) (?:(?:just|only|exactly) )?(one|a single|two|three|four|five|[1-9]) sentences?\b/i

function checkSentenceCount(task: string, answer: string): Check | undefined {
  const match = SENTENCES.exec(task)
  const sentences = match === null ? undefined : splitSentences(answer)
  if (match === null || sentences === undefined) return undefined
  const written = (match[1] ?? '').toLowerCase()
  const asked = /\d/.test(written)
    ? Number(written)
    : Number(written === 'a single' ? 1 : (readNumberWords(written) ?? 0))
  return {
    name: 'length',
    passed: sentences.length === asked,
    detail: `${sentences.length} sentences where ${asked} were asked for`,
  }
}

const PATTERN =
  /\b(?:answer|output|reply|response|result)\b[^.\n]{0,60}\bmatch(?:es|ing)?(?: the)?(?: regex| regexp| regular expression| pattern)[: ]+(?:`([^`\n]{1,200})`|\/([^\n]{1,200})\/|"([^"\n]{1,200})")/i

function checkPatternConstraint(task: string, answer: string): Check | undefined {
  const match = PATTERN.exec(task)
  const regex = match === null ? undefined : compileLinearRegex(match[1] ?? match[2] ?? match[3] ?? '')
  const passed = regex === undefined ? undefined : hasMatch(regex, answer)
  return passed === undefined
    ? undefined
    : { name: 'pattern', passed, detail: passed ? 'the pattern is matched' : 'the pattern is not matched' }
}

const LANGUAGES = LANGUAGE_NAMES.join('|')
const ASKED_LANGUAGE = new RegExp(
  `\\b(?:answer|reply|respond|write (?:your (?:answer|response|reply)|it|the answer))(?: only)? in (${LANGUAGES})\\b|\\btranslate\\b[^.\\n]{0,80}?\\b(?:in)?to (${LANGUAGES})\\b`,
  'i',
)

function checkAskedLanguage(task: string, answer: string): Check | undefined {
  const match = ASKED_LANGUAGE.exec(task)
  const asked = (match?.[1] ?? match?.[2])?.toLowerCase()
  const passed = asked === undefined ? undefined : checkLanguage(answer, asked)
  return passed === undefined
    ? undefined
    : { name: 'language', passed, detail: passed ? `reads as ${asked}` : `does not read as ${asked}` }
}

const JSON_WORD = /json/i
const JSON_ASKED =
  /\b(?:answer|reply|respond|output|return|format (?:it|your answer|the output))\b[^.\n]{0,60}\b(?:in|as|with|using) (?:(?:a )?(?:valid|single|strict) )?json\b(?! file)|\bonly (?:valid )?json\b|\boutput in json format\b/i
const BOXED_ASKED = /\\boxed\{/

function checkAskedForm(task: string, answer: string): Check | undefined {
  if (JSON_WORD.test(task) && JSON_ASKED.test(task)) {
    const passed = (extractJson(answer, 'object') ?? extractJson(answer, 'array')) !== undefined
    return { name: 'format', passed, detail: passed ? 'contains JSON' : 'contains no JSON, which was asked for' }
  }
  if (!BOXED_ASKED.test(task)) return undefined
  const passed = /\\boxed\s*\{/.test(answer)
  return {
    name: 'format',
    passed,
    detail: passed ? 'the result is boxed' : 'the result is not boxed, which was asked for',
  }
}
