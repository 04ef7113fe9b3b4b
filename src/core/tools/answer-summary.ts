import type { Recogniser } from './deterministic-answer.ts'
import { readNumberWords } from './number-words.ts'
import { readSubject, TEXT_REFERENCE } from './read-subject.ts'
import { splitSentences } from './split-sentences.ts'

const COUNT = '(\\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)[- ]sentences?'
const SUMMARY = '(?:extractive summary|extractive summarization|extractive summarisation)'
const VERB = '(?:write|create|give|produce|generate|make|do|perform|provide)'
const COUNT_LAST = new RegExp(
  `^(?:${VERB} )?(?:me )?(?:an? )?${SUMMARY} (?:of|for|on) ?${TEXT_REFERENCE}(?: |,)*(?:in|with|using|of|consisting of) ${COUNT}$`,
)
const COUNT_MIDDLE = new RegExp(
  `^(?:${VERB} )?(?:me )?(?:an? )?${SUMMARY} (?:in |with |using |of |\\()${COUNT}\\)?,? (?:of|for) ?${TEXT_REFERENCE}$`,
)
const COUNT_FIRST = new RegExp(`^(?:${VERB} )?(?:me )?(?:an? )?${COUNT} ${SUMMARY} (?:of|for) ?${TEXT_REFERENCE}$`)
const EXTRACTIVELY = new RegExp(
  `^(?:summari[sz]e ${TEXT_REFERENCE} extractively|extractively summari[sz]e ${TEXT_REFERENCE}) (?:in|with|using|to) ${COUNT}$`,
)

/** Words too common to say what a text is about. */
const COMMON = new Set(
  (
    'a an the and or but nor of in on at to for from by with as is are was were be been being am it its this that these those he she ' +
    'they them his her their we our you your i my me not no so if then than too very can could will would shall should may might must do ' +
    'does did has have had which who whom what when where why how there here also into over under about after before between during such ' +
    'more most some any each other all both few own same just only'
  ).split(' '),
)

/**
 * The N sentences that carry most of a text's own vocabulary, in their order: an extractive summary, and only when those
 * words are used, since every other summary is a matter of judgement.
 */
export const answerSummary: Recogniser = (task) => {
  const { instruction } = task
  const match =
    COUNT_LAST.exec(instruction) ??
    COUNT_MIDDLE.exec(instruction) ??
    COUNT_FIRST.exec(instruction) ??
    EXTRACTIVELY.exec(instruction)
  const written = match?.[1] ?? ''
  const count = /^\d/.test(written) ? Number(written) : Number(readNumberWords(written) ?? 0)
  if (match === null || count < 1) return undefined
  const subject = readSubject(task)
  const sentences = subject === undefined ? undefined : splitSentences(subject.text)
  if (sentences === undefined || sentences.length <= count) return undefined
  return {
    tool: 'summary',
    answer: selectSentences(sentences, count).join(' '),
    confidence: 1,
    explanation: `The ${count} of ${sentences.length} sentences with the highest mean frequency of content words, in text order.`,
  }
}

/**
 * Highest mean document frequency of content words first, ties to the earlier sentence; returned in text order. Scores
 * are compared as fractions of whole numbers, so equal means are equal on every machine.
 */
export function selectSentences(sentences: readonly string[], count: number): readonly string[] {
  const words = sentences.map((sentence) => contentWords(sentence))
  const frequency = new Map<string, number>()
  for (const word of words.flat()) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  const scored = words.map((own, index) => ({
    index,
    total: own.reduce((sum, word) => sum + (frequency.get(word) ?? 0), 0),
    size: Math.max(1, own.length),
  }))
  scored.sort((a, b) => b.total * a.size - a.total * b.size || a.index - b.index)
  const chosen = scored.slice(0, count).map(({ index }) => index)
  return chosen.toSorted((a, b) => a - b).flatMap((index) => sentences[index] ?? [])
}

function contentWords(sentence: string): readonly string[] {
  return (sentence.toLowerCase().match(/[a-zà-ÿ0-9']+/g) ?? []).filter((word) => word.length > 1 && !COMMON.has(word))
}
