import { parseCivilDate } from '../models/civil-date.ts'
import { compileLinearRegex } from '../text/linear-regex-program.ts'
import { findAllMatches } from '../text/linear-regex.ts'
import type { DeterministicAnswer, Recogniser } from './deterministic-answer.ts'
import { readSubject, TEXT_REFERENCE } from './read-subject.ts'

const VERB = '(?:extract|find|list|get|return|pull out|pull|give|identify|show|output)'
const ALL = '(?:me )?(?:all |every |all of )?(?:the )?(unique |distinct )?'
const KIND =
  '(e-?mail address(?:es)?|e-?mails?|urls?|links?|web address(?:es)?|numbers?|integers?|(?:iso )?dates?|hashtags?|mentions?|ip address(?:es)?|ipv4 address(?:es)?|hex colou?rs|hex colou?r codes)'
const FROM = `(?:that (?:appear|occur) |mentioned |contained |found )?(?:in|from|out of) ?${TEXT_REFERENCE}`
const EXTRACT = new RegExp(`^${VERB} ${ALL}${KIND}(?: ${FROM})?$`)
const WHAT_ARE = new RegExp(`^what (?:are )?(?:all )?(?:the )?(unique |distinct )?${KIND} (?:are )?${FROM}$`)
const PATTERN = new RegExp(
  `^${VERB} ${ALL}(?:matches|occurrences|substrings|strings)(?: (?:of|for|matching|that match))?(?: the)? (?:regex|regexp|regular expression|pattern) (\ue000|/.+/[a-z]*) ${FROM}$`,
  'i',
)

const PATTERN_FIRST = new RegExp(
  `^(?:using|with|apply) (?:the )?(?:regex|regexp|regular expression|pattern) \ue000,? (?:to )?(?:extract|find|list|get) ${ALL}(?:matches )?${FROM}$`,
)
const PATTERN_QUESTION = new RegExp(
  `^what (?:does|do|would|will) the (?:regex|regexp|regular expression|pattern) \ue000 match ${FROM}$`,
)

type Extractor = {
  readonly pattern: RegExp
  /** Whether a candidate of the loose pattern is certain; one that is not makes the whole task a matter of opinion. */
  readonly isCertain: (candidate: string) => boolean
}

const EMAIL =
  /^[A-Za-z0-9](?:[A-Za-z0-9._%+-]*[A-Za-z0-9])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}$/
const URL_SHAPE =
  /^https?:\/\/[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?(?:[/?#][\w\-./~%?#=&+@:]*[\w/=])?$|^https?:\/\/[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\/$/
const NUMBER = /^-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?$/
const INTEGER = /^-?\d+$/
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/

/** Blank-separated tokens that hold the tell-tale character, without the punctuation of the sentence around them. */
const EXTRACTORS: Readonly<Record<string, Extractor>> = {
  email: { pattern: /[^\s,;<>()"'[\]{}]*@[^\s,;<>()"'[\]{}]*/g, isCertain: (text) => EMAIL.test(text) },
  url: { pattern: /\bhttps?:[^\s<>"'(){}[\]]*|\bwww\.[^\s]*/gi, isCertain: (text) => URL_SHAPE.test(text) },
  number: { pattern: /\S*\d\S*/g, isCertain: (text) => NUMBER.test(text) },
  integer: { pattern: /\S*\d\S*/g, isCertain: (text) => INTEGER.test(text) },
  date: { pattern: /\S*\d{1,4}[-/.]\d\S*/g, isCertain: (text) => parseCivilDate(text) !== undefined },
  hashtag: { pattern: /\S*#\S*/g, isCertain: (text) => /^#[A-Za-z]\w*$/.test(text) },
  mention: { pattern: /\S*@\S*/g, isCertain: (text) => /^@[A-Za-z]\w*$/.test(text) },
  ip: { pattern: /\S*\d+(?:\.\d+){2,}\S*/g, isCertain: (text) => IPV4.test(text) },
  color: { pattern: /\S*#\S*/g, isCertain: (text) => /^#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$/.test(text) },
}

/** Numbers, dates and so on that are written in words; a text that has them cannot be searched by shape alone. */
const NUMBER_WORDS =
  /\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|half|first|second|third|once|twice)\b/i
const DATE_WORDS =
  /\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|\w+day|tomorrow|today|christmas|easter|spring|summer|autumn|fall|winter|noon|(?:19|20)\d\d)\b(?!-\d)/i
const AT_OR_DOT_WORDS = /\bat\b[^.]*\bdot\b|\[at\]|\(at\)/i

/** Extraction by shape (addresses, links, numbers, ISO dates, tags) or by a regular expression that runs in linear time. */
export const answerExtraction: Recogniser = (task) => {
  const shape = EXTRACT.exec(task.instruction) ?? WHAT_ARE.exec(task.instruction)
  if (shape !== null) {
    const subject = readSubject(task)
    const noun = shape[2] ?? ''
    const found = subject === undefined ? undefined : extractShape(kindOf(noun), subject.text)
    // "The email address" is one, or the question is about something else.
    if (!/e?s$/.test(noun.replace(/address$/, '')) && found?.length !== 1) return undefined
    return found === undefined ? undefined : listed(found, shape[1] !== undefined)
  }
  const pattern = PATTERN.exec(task.casedInstruction)
  const isQuestion = PATTERN_FIRST.test(task.instruction) || PATTERN_QUESTION.test(task.instruction)
  if (pattern === null && !isQuestion) return undefined
  const isQuoted = isQuestion || pattern?.[2] === '\ue000'
  const subject = readSubject({ quotes: isQuoted ? task.quotes.slice(1) : task.quotes, payload: task.payload })
  const found =
    subject === undefined
      ? undefined
      : extractPattern(isQuoted ? (task.quotes[0] ?? '') : (pattern?.[2] ?? ''), subject.text)
  return found === undefined ? undefined : listed(found, pattern?.[1] !== undefined)
}

/** One per line. Repeats are dropped only on request; without one, a list with repeats has two readings. */
function listed(found: readonly string[], isUnique: boolean): DeterministicAnswer | undefined {
  const unique = [...new Set(found)]
  if (found.length === 0 || (!isUnique && unique.length !== found.length)) return undefined
  return {
    tool: 'regex',
    answer: unique.join('\n'),
    confidence: 1,
    explanation: `${unique.length} found, in order of appearance.`,
  }
}

function kindOf(noun: string): string {
  if (/^e-?mail/.test(noun)) return 'email'
  if (/^(?:url|link|web)/.test(noun)) return 'url'
  if (noun.startsWith('ip')) return 'ip'
  if (noun.startsWith('hex')) return 'color'
  return noun.replace(/^(?:iso )?dates?$/, 'date').replace(/s$/, '')
}

function extractShape(kind: string, text: string): readonly string[] | undefined {
  const extractor = EXTRACTORS[kind]
  if (extractor === undefined || (/^(?:number|integer)$/.test(kind) && NUMBER_WORDS.test(text))) return undefined
  if (kind === 'date' && DATE_WORDS.test(text)) return undefined
  if (kind === 'email' && AT_OR_DOT_WORDS.test(text)) return undefined
  const found: string[] = []
  for (const [candidate] of text.matchAll(extractor.pattern)) {
    const bare = candidate.replace(/^["'“‘(<[]+/, '').replace(/["'”’)>\],;:!?.]+$/, '')
    if (!extractor.isCertain(bare)) return undefined
    found.push(bare)
  }
  return found
}

const PATTERN_LENGTH_MAX = 200

function extractPattern(written: string, text: string): readonly string[] | undefined {
  const delimited = /^\/(.+)\/([a-z]*)$/.exec(written)
  const source = delimited?.[1] ?? written
  const flags = delimited?.[2] ?? ''
  if (source.length > PATTERN_LENGTH_MAX || /[^gi]/.test(flags)) return undefined
  const regex = compileLinearRegex(source, { ignoreCase: flags.includes('i') })
  const matches = regex === undefined ? undefined : findAllMatches(regex, text, { stepsMax: 2_000_000 })
  if (matches === undefined || matches.some(({ start, end }) => start === end)) return undefined
  return matches.map(({ start, end }) => text.slice(start, end))
}
