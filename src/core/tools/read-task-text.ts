/** Text handed over to work on. */
export type Payload = {
  readonly text: string
  /** Whether quotes or a fence say where it ends; otherwise it is "the rest of the task". */
  readonly isDelimited: boolean
}

/** A short task taken apart: what is asked, and on which text. */
export type TaskText = {
  /** The instruction in lower case, blanks collapsed, without politeness and closing punctuation; quoted texts replaced by `QUOTE_MARK`. */
  readonly instruction: string
  /** The same with its letter case. */
  readonly casedInstruction: string
  /** The quoted texts of the instruction, in order. */
  readonly quotes: readonly string[]
  /** What follows the instruction's colon, line end, or opening bracket. */
  readonly payload: Payload | undefined
  /** Whether the task asks for the number alone, so that a unit after it would be wrong. */
  readonly isBareAnswerWanted: boolean
}

/** Stands for one quoted text in an instruction. */
export const QUOTE_MARK = '\ue000'

/** Longest instruction that any recogniser knows, in code units. */
const INSTRUCTION_LENGTH_MAX = 240

const POLITE_OPENING =
  /^(?:please |kindly )?(?:(?:can|could|would|will) you (?:please |kindly )?)?(?:(?:tell|give|show) me )?/i
const CLOSING_WORDS = /\b(?:please|thanks|thank you|answer)$/i
const BARE_ANSWER_REQUEST =
  /[.?!;,]? (?:please )?(?:answer|reply|respond|give|return|output|write|provide)(?: me)?(?: with)? (?:just|only) (?:the |a )?(?:(?:final|exact) )?(?:number|result|answer|value|date|count|total)$/i
const UNUSUAL = /[^\ue000\x20-\x7e°×÷·−√²³≈]/

/**
 * Takes a task apart in one walk over its first 240 characters; `undefined` when no instruction ends there, when a quote
 * is left open, or when the instruction holds characters that no recogniser knows.
 *
 * The instruction ends at the first colon followed by a blank, line end, code fence or opening `{` or `[` outside quotes;
 * what follows is the payload.
 */
export function readTaskText(task: string): TaskText | undefined {
  const walk = walkInstruction(task)
  if (walk === undefined) return undefined
  const payload = readPayload(walk.rest)
  const { casedInstruction, isBareAnswerWanted } = trimInstruction(walk.instruction)
  if (casedInstruction === '' || UNUSUAL.test(casedInstruction)) return undefined
  return {
    instruction: casedInstruction.toLowerCase(),
    casedInstruction,
    quotes: walk.quotes,
    payload,
    isBareAnswerWanted,
  }
}

type Walk = { readonly instruction: string; readonly quotes: readonly string[]; readonly rest: string }

function walkInstruction(task: string): Walk | undefined {
  const quotes: string[] = []
  let instruction = ''
  let pieceStart = 0
  /** Where the instruction would be too long, quoted texts not counted. */
  let limit = INSTRUCTION_LENGTH_MAX
  let at = 0
  for (; at < task.length; at++) {
    if (at > limit) return undefined
    if (isPlain(task.charCodeAt(at))) continue
    if (isPayloadStart(task, at)) break
    const closing = closingQuote(task, at)
    if (closing === 'open' || task[at] === QUOTE_MARK) return undefined
    if (closing === undefined) continue
    instruction += task.slice(pieceStart, at) + QUOTE_MARK
    quotes.push(task.slice(at + 1, closing))
    limit += closing - at
    pieceStart = closing + 1
    at = closing
  }
  const isPartOfPayload = task[at] === '{' || task[at] === '[' || task[at] === '`'
  return {
    instruction: instruction + task.slice(pieceStart, at),
    quotes,
    rest: task.slice(isPartOfPayload ? at : at + 1),
  }
}

/** Letters, digits, blanks: most of every instruction, decided without looking any further. */
function isPlain(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || code === 0x20 || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39)
  )
}

function isPayloadStart(task: string, at: number): boolean {
  switch (task[at]) {
    case '\n':
      return true
    case '{':
    case '[':
      // `a.b[0]` is a path and `\\frac{1}{2}` a formula; a document or list stands apart.
      return at === 0 || /\s/.test(task[at - 1] ?? '')
    case ':': {
      const next = task[at + 1]
      return next === undefined || next === ' ' || next === '\n' || next === '\r' || next === '\t'
    }
    case '`':
      return task.startsWith('```', at)
    default:
      return false
  }
}

/** Where the quote that opens at `at` closes; `undefined` when none opens there, `'open'` when it never closes. */
function closingQuote(task: string, at: number): number | 'open' | undefined {
  switch (task[at]) {
    case '"':
      return closeAt(task.indexOf('"', at + 1))
    case '“':
      return closeAt(task.indexOf('”', at + 1))
    case '`':
      return closeAt(task.indexOf('`', at + 1))
    case "'":
    case '‘':
      return closingSingleQuote(task, at)
    default:
      return undefined
  }
}

function closeAt(index: number): number | 'open' {
  return index < 0 ? 'open' : index
}

/** A single quote opens only after a blank or bracket, and closes before one or punctuation; apostrophes do neither. */
function closingSingleQuote(task: string, at: number): number | undefined {
  const before = task[at - 1]
  if (before !== undefined && !/[\s(:]/.test(before)) return undefined
  const mark = task[at] === '‘' ? '’' : "'"
  for (let close = task.indexOf(mark, at + 1); close >= 0; close = task.indexOf(mark, close + 1)) {
    const after = task[close + 1]
    const isPluralMark = after === 's' && task[close + 2] === ' ' && close === at + 2
    if (after === undefined || isPluralMark || /[\s.,;:?!)]/.test(after)) return close
  }
  return undefined
}

const FENCED_PAYLOAD = /^```[a-zA-Z]{0,12}\r?\n([\s\S]*?)\r?\n?```[.?!]?$/

function readPayload(rest: string): Payload | undefined {
  const text = rest.trim()
  if (text === '') return undefined
  if (text.startsWith('```')) {
    const inner = FENCED_PAYLOAD.exec(text)?.[1]
    if (inner !== undefined && !inner.includes('```')) return { text: inner, isDelimited: true }
    return { text, isDelimited: false }
  }
  const quoted = unquotePayload(text)
  return quoted === undefined ? { text, isDelimited: false } : { text: quoted, isDelimited: true }
}

/** The inside of a payload that is one quoted text and nothing else; `undefined` when it is not. */
function unquotePayload(text: string): string | undefined {
  const body = /[”"'`][.?!]$/.test(text) ? text.slice(0, -1) : text
  const inner = body.slice(1, -1)
  const opening = body[0]
  const closing = body.at(-1)
  if (body.length < 2) return undefined
  if (opening === '"' && closing === '"') return inner.includes('"') ? undefined : inner
  if (opening === '“' && closing === '”') return inner.includes('”') ? undefined : inner
  if (opening === "'" && closing === "'") return /(?:^|\W)'|'(?:\W|$)/.test(inner) ? undefined : inner
  return undefined
}

function trimInstruction(text: string): Pick<TaskText, 'casedInstruction' | 'isBareAnswerWanted'> {
  const isLoose = text.includes('  ') || text.includes('\t') || text.includes('\r')
  const spaced = isLoose ? text.replace(/\s+/g, ' ') : text
  const collapsed = trimClosing(spaced.trimStart().replace(POLITE_OPENING, ''))
  const mayAskForLess = collapsed.includes(' only ') || collapsed.includes(' just ')
  const withoutRequest = mayAskForLess ? trimClosing(collapsed.replace(BARE_ANSWER_REQUEST, '')) : collapsed
  return { casedInstruction: withoutRequest, isBareAnswerWanted: withoutRequest.length < collapsed.length }
}

/** Without closing punctuation, thanks, and the `Answer:` that evaluation prompts end with. */
function trimClosing(text: string): string {
  let end = text.length
  while (end > 0 && ' .?:,'.includes(text[end - 1] ?? '-')) end -= 1
  const trimmed = text.slice(0, end)
  const last = trimmed.at(-1)
  // Only words that end in e, s, u or r can be one of the closing words.
  if (last !== 'e' && last !== 's' && last !== 'u' && last !== 'r') return trimmed
  const shorter = trimmed.replace(CLOSING_WORDS, '')
  return shorter.length === trimmed.length ? trimmed : trimClosing(shorter)
}
