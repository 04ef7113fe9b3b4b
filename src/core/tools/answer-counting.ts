import type { DeterministicAnswer, Recogniser } from './deterministic-answer.ts'
import { answerLetterCount } from './answer-letter-count.ts'
import type { TaskText } from './read-task-text.ts'
import { readSubject, TEXT_REFERENCE, type Subject } from './read-subject.ts'
import { splitSentences } from './split-sentences.ts'

const NOUN = '(words?|characters?|chars|letters?|digits|vowels|lines?|sentences?)'
const SPACES =
  '(?:,? ?\\(?(with|without|including|excluding|counting|not counting|ignoring)(?: the)?(?: white)? ?spaces\\)?)?'
const ASKED =
  "(?:how many|count|count the|count the number of|count how many|what is the number of|what's the number of|find the number of|determine the number of|number of|the number of|count all the|count all)"
const IN_TEXT = new RegExp(
  `^${ASKED} (?:total )?${NOUN}${SPACES}(?: are| is)?(?: there)?(?: are)? (?:in|of) ${TEXT_REFERENCE}${SPACES}$`,
)
const TEXT_HAS = new RegExp(
  `^how many ${NOUN} (?:does|do) ${TEXT_REFERENCE} (?:have|contain|consist of|include)${SPACES}$`,
)
const COUNT_OF = new RegExp(
  `^(?:(?:what is|what's|give|calculate|find) )?(?:the )?(word|character|letter|line|sentence) count ?(?:of|for|in)? ?${TEXT_REFERENCE}$`,
)
const LENGTH_OF = new RegExp(
  `^(?:(?:what is|what's|calculate|find|give) )?(?:the )?length of (?:the |this |the following )?(?:string|text)(?: \ue000)?(?: in characters)?$`,
)
const LETTERS_IN_WORD = /^how many letters (?:are |are there |does )?(?:in )?the word ([a-z]{2,40})(?: have| contain)?$/

/** Counting words, characters, letters, digits, vowels, lines and sentences of a given text, and letters in a word. */
export const answerCounting: Recogniser = (task: TaskText) => {
  const letters = LETTERS_IN_WORD.exec(task.instruction)?.[1]
  if (letters !== undefined && task.quotes.length === 0 && task.payload === undefined)
    return counted(letters.length, 'letters')
  return answerTextCount(task) ?? answerLetterCount(task)
}

function answerTextCount(task: TaskText): DeterministicAnswer | undefined {
  const { instruction } = task
  const inText = IN_TEXT.exec(instruction)
  const has = inText === null ? TEXT_HAS.exec(instruction) : null
  const noun =
    inText?.[1] ??
    has?.[1] ??
    COUNT_OF.exec(instruction)?.[1] ??
    (LENGTH_OF.test(instruction) ? 'characters' : undefined)
  if (noun === undefined) return undefined
  const subject = readSubject(task)
  if (subject === undefined) return undefined
  const qualifier = inText?.[2] ?? inText?.[3] ?? has?.[2]
  if (qualifier !== undefined && !noun.startsWith('char') && !noun.startsWith('letter')) return undefined
  return countIn(subject, noun, qualifier)
}

function countIn(subject: Subject, noun: string, qualifier: string | undefined): DeterministicAnswer | undefined {
  switch (noun.replace(/s$/, '')) {
    case 'word':
      return countWords(subject)
    case 'character':
    case 'char':
      return countCharacters(subject, qualifier)
    case 'letter':
      return countLetters(subject)
    case 'digit':
      return isSimple(subject) ? counted(subject.text.replace(/\D/g, '').length, 'decimal digits') : undefined
    case 'vowel':
      return countVowels(subject)
    case 'line':
      return countLines(subject)
    default:
      return countSentences(subject)
  }
}

function counted(count: number, what: string): DeterministicAnswer {
  return { tool: 'counting', answer: String(count), confidence: 1, explanation: `Counted ${what} in the given text.` }
}

const WORD =
  /^["'“‘([]*(?:[A-Za-zÀ-ÖØ-öø-ɏ]+(?:['’][A-Za-zÀ-ÖØ-öø-ɏ]+)*|\$?\d+(?:[.,]\d+)*%?|\d+(?:st|nd|rd|th))[.,;:!?"'”’)\]]*$/

/** Runs between blanks, when each is plainly one word: hyphens, dashes, slashes and symbols leave the count open. */
function countWords({ text }: Subject): DeterministicAnswer | undefined {
  const words = text.trim().split(/\s+/)
  return words.every((word) => WORD.test(word)) ? counted(words.length, 'words (separated by blanks)') : undefined
}

/** No text of several code units per visible character, no line ends: there all counts of characters agree. */
function isSimple({ text }: Subject): boolean {
  return /^[\x20-\x7e¡-¬®-ɏͰ-ͷΆ-ϿЀ-҂Ҋ-ӿ]+$/.test(text)
}

function countCharacters(subject: Subject, qualifier: string | undefined): DeterministicAnswer | undefined {
  if (!isSimple(subject) || !(subject.isDelimited || /^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$/.test(subject.text)))
    return undefined
  const isWithout = qualifier !== undefined && /^(?:without|excluding|not counting|ignoring)$/.test(qualifier)
  const text = isWithout ? subject.text.replaceAll(' ', '') : subject.text
  return counted(text.length, isWithout ? 'characters without spaces' : 'characters, spaces and punctuation included')
}

function countLetters(subject: Subject): DeterministicAnswer | undefined {
  if (!isSimple(subject)) return undefined
  return counted(subject.text.replace(/[^A-Za-zÀ-ÖØ-öø-ɏͰ-ϿЀ-ӿ]/g, '').length, 'letters')
}

/** Whether y is a vowel depends on the word, so texts with a y are declined. */
function countVowels(subject: Subject): DeterministicAnswer | undefined {
  if (!/^[\x20-\x7e]+$/.test(subject.text) || /y/i.test(subject.text)) return undefined
  return counted(subject.text.replace(/[^aeiou]/gi, '').length, 'vowels (a, e, i, o, u)')
}

/** Lines of a block; blank lines may or may not count, so texts with one are declined. */
function countLines({ text }: Subject): DeterministicAnswer | undefined {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  return lines.length > 1 && lines.every((line) => line.trim() !== '') ? counted(lines.length, 'lines') : undefined
}

function countSentences({ text }: Subject): DeterministicAnswer | undefined {
  const sentences = splitSentences(text)
  return sentences === undefined ? undefined : counted(sentences.length, 'sentences')
}
