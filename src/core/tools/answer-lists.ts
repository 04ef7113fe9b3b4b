import type { DeterministicAnswer, Recogniser } from './deterministic-answer.ts'
import { compareRationals, parseDecimal, type Rational } from './rational.ts'
import type { TaskText } from './read-task-text.ts'

const NOUN =
  '(?:(?:the |these |this |those )?(?:following )?(numbers|integers|values|words|names|list of numbers|list of words|list of names|list|array|array of numbers|items|elements|strings|list of integers)(?: below)?)?'
const ASCENDING =
  'ascending(?: order)?|increasing(?: order)?|ascending numerical order|numerical order|smallest to largest|lowest to highest|low to high|least to greatest'
const DESCENDING =
  'descending(?: order)?|decreasing(?: order)?|descending numerical order|reverse numerical order|largest to smallest|highest to lowest|high to low|greatest to least'
const ALPHABETICAL = 'alphabetically|alphabetical order|alphabetically a-z|a to z|ascending alphabetical order'
const REVERSE_ALPHABETICAL = 'reverse alphabetical order|reverse alphabetically|descending alphabetical order|z to a'
const SORT = new RegExp(
  `^(?:sort|order|arrange|put|rank) ?${NOUN} ?(.*?) ?(?:(?:in|from|by|into) )?(?:(${ASCENDING})|(${DESCENDING})|(${ALPHABETICAL})|(${REVERSE_ALPHABETICAL}))$`,
)
const SORT_PLAIN = new RegExp(`^sort ?${NOUN}$`)
const SORT_INLINE = /^sort ((?:-?\d+(?:\.\d+)?,? )+-?\d+(?:\.\d+)?|(?:-?\d+(?:\.\d+)?,)+-?\d+(?:\.\d+)?)$/
const REVERSE = new RegExp(`^(?:reverse(?: the order of)?|reverse the order of the items in) ${NOUN}$`)
const DEDUPLICATE = new RegExp(
  `^(?:remove|delete|drop|eliminate)(?: the| all| any)?(?: the)? duplicates? ?(?:items |elements |values |entries |words |numbers )?(?:from|in|of) ${NOUN}$|^(?:de-?duplicate) ${NOUN}$`,
)
const COUNT = new RegExp(
  `^how many (?:items|elements|entries|numbers|words|names) are (?:there )?in (?:the |this )?(?:following )?list$`,
)
const EXTREME = new RegExp(
  `^(?:what is |what's |find |which is |return )?(?:the )?(largest|biggest|greatest|maximum|highest|smallest|minimum|lowest) (?:number|value|integer)? ?(?:in|of|among|from) ${NOUN}$`,
)

const ITEMS_MAX = 1000

/** Sorting, reversing, deduplicating and searching a list whose items are plainly separated. */
export const answerLists: Recogniser = (task) => {
  if (task.quotes.length > 0) return undefined
  return answerSort(task) ?? answerWhole(task)
}

function exact(answer: string, explanation: string): DeterministicAnswer {
  return { tool: 'lists', answer, confidence: 1, explanation }
}

function answerSort({ instruction, casedInstruction, payload }: TaskText): DeterministicAnswer | undefined {
  const plain = SORT_PLAIN.test(instruction)
  const bare = SORT_INLINE.exec(instruction)?.[1]
  const match = plain || bare !== undefined ? null : SORT.exec(instruction)
  if (!plain && bare === undefined && match === null) return undefined
  const inline = bare ?? match?.[2] ?? ''
  if ((inline === '') === (payload === undefined)) return undefined
  // The same stretch in its own letter case.
  const start = inline === '' ? 0 : casedInstruction.toLowerCase().indexOf(inline)
  const items = readItems(payload === undefined ? casedInstruction.slice(start, start + inline.length) : payload.text)
  if (items === undefined) return undefined
  const isByLetter = (match?.[5] ?? match?.[6]) !== undefined
  const sorted = isByLetter ? sortWords(items) : sortNumbers(items)
  const isDescending = (match?.[4] ?? match?.[6]) !== undefined
  if (sorted === undefined) return undefined
  const ordered = isDescending ? sorted.toReversed() : sorted
  return exact(
    ordered.join(', '),
    `${items.length} items sorted ${isByLetter ? 'by letter' : 'by value'}, ${isDescending ? 'descending' : 'ascending'}.`,
  )
}

/** Sorted by value, written as given. */
function sortNumbers(items: readonly string[]): readonly string[] | undefined {
  const numbers: { readonly item: string; readonly value: Rational }[] = []
  for (const item of items) {
    const value = parseDecimal(item)
    if (value === undefined) return undefined
    numbers.push({ item, value })
  }
  return numbers.toSorted((a, b) => compareRationals(a.value, b.value)).map(({ item }) => item)
}

/** Sorted by letter without regard to case; items of other characters, and pairs that differ only in case, are left alone. */
function sortWords(items: readonly string[]): readonly string[] | undefined {
  const folded = new Set(items.map((item) => item.toLowerCase()))
  const isSound = items.every((item) => /^[A-Za-z]+$/.test(item)) && folded.size === new Set(items).size
  if (!isSound) return undefined
  // All spellings differ even without case, so no two compare equal unless they are the same item.
  return items.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : Number(a.toLowerCase() > b.toLowerCase())))
}

const WHOLE_LIST: readonly (readonly [RegExp, (items: readonly string[]) => DeterministicAnswer | undefined])[] = [
  [REVERSE, reverse],
  [DEDUPLICATE, deduplicate],
  [COUNT, countItems],
]

function answerWhole({ instruction, payload }: TaskText): DeterministicAnswer | undefined {
  if (payload === undefined) return undefined
  const operation = WHOLE_LIST.find(([pattern]) => pattern.test(instruction))?.[1]
  const extreme = operation === undefined ? EXTREME.exec(instruction) : null
  if (operation === undefined && extreme === null) return undefined
  const items = readItems(payload.text)
  if (items === undefined) return undefined
  return operation === undefined ? findExtreme(items, extreme?.[1] ?? '') : operation(items)
}

function reverse(items: readonly string[]): DeterministicAnswer {
  return exact(items.toReversed().join(', '), `${items.length} items in reverse order.`)
}

function deduplicate(items: readonly string[]): DeterministicAnswer | undefined {
  const unique = [...new Set(items)]
  // "Apple" and "apple" are duplicates to some.
  if (new Set(items.map((item) => item.toLowerCase())).size !== unique.length) return undefined
  return exact(unique.join(', '), `${items.length - unique.length} repeats dropped, first occurrences kept in order.`)
}

function countItems(items: readonly string[]): DeterministicAnswer {
  return exact(String(items.length), 'Counted items between commas.')
}

function findExtreme(items: readonly string[], which: string): DeterministicAnswer | undefined {
  const sorted = sortNumbers(items)
  const found = /^(?:largest|biggest|greatest|maximum|highest)$/.test(which) ? sorted?.at(-1) : sorted?.[0]
  return found === undefined ? undefined : exact(found, `Compared ${items.length} numbers.`)
}

const ITEM = /^(?:-?\d+(?:\.\d+)?|[A-Za-z][A-Za-z'-]*(?: [A-Za-z][A-Za-z'-]*){0,2})$/

/**
 * Items separated by commas (with or without brackets, an "and" before the last), by line ends, or numbers separated by
 * blanks. `undefined` when there is only one, or when an item is more than a number or up to three words.
 */
function readItems(text: string): readonly string[] | undefined {
  const bare = /^\[[\s\S]*\]$/.test(text.trim()) ? text.trim().slice(1, -1) : text.trim()
  if (bare.length > 16_384) return undefined
  const items = splitItems(bare.replace(/[.?]$/, '')).map((item) => unquote(item.trim()))
  const isList =
    items.length > 1 &&
    items.length <= ITEMS_MAX &&
    items.every((item) => ITEM.test(item) && !/\b(?:and|then|or)\b/i.test(item))
  return isList ? items : undefined
}

function splitItems(text: string): readonly string[] {
  if (text.includes(',')) return text.split(/\s*,\s*(?:and\s+)?/)
  if (/^-?[\d.]+(?: -?[\d.]+)+$/.test(text)) return text.split(' ')
  if (text.includes('\n')) return text.split(/\r?\n/).map((line) => line.replace(/^(?:[-*•]|\d+[.)]) /, ''))
  return [text]
}

function unquote(item: string): string {
  return /^(?:"[^"]*"|'[^']*')$/.test(item) ? item.slice(1, -1) : item
}
