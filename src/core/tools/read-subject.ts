import type { TaskText } from './read-task-text.ts'

/** How instructions refer to the text they hand over, with the quote mark where it is quoted in place. */
export const TEXT_REFERENCE =
  '(?:(?:the |this |these |that )?(?:following |given |quoted )?(?:text|sentence|string|phrase|paragraph|passage|words?|line|quote|message|content|title)?(?: below)?)(?: ?\ue000)?'

/** Longest text that an exact tool works on, in code units. */
export const SUBJECT_LENGTH_MAX = 16_384

/** How a sentence begins that is likely to be one more instruction and not part of the text. */
const FURTHER_INSTRUCTION =
  /(?:^|[.!?;:\n]\s*)(?:then|also|next|finally|please|explain|answer|return|give|list|output|write|translate|summari[sz]e|provide|respond|reply|do not|don't|only|count|how|what|which|who|why|ignore|use|and|show|note|hint|example|format|include|exclude|make|tell|sort|add|remove|convert|extract|can you|could you|thanks|thank you|now|if|assume|treat|consider|sorted|separate|separated|one per|comma|ordered|remember|be sure|just|without|no explanation|keep|put|present|is|are|can|could|would|should|do|does|in (?:json|uppercase|lowercase|upper case|lower case|alphabetical|order)|as (?:json|a list|a table))\b/i

/** The one text a task hands over: quoted in the instruction or following it. */
export type Subject = {
  readonly text: string
  /** Whether quotes or a fence mark its end. */
  readonly isDelimited: boolean
}

/**
 * The subject of a task with exactly one quoted text or payload. A payload that nobody delimited is taken only when it is
 * one block and no sentence in it looks like a further instruction. `undefined` otherwise.
 */
export function readSubject({ quotes, payload }: Pick<TaskText, 'quotes' | 'payload'>): Subject | undefined {
  const [quote, ...others] = quotes
  if (others.length > 0 || (quote !== undefined && payload !== undefined)) return undefined
  if (quote !== undefined) return isUsable(quote) ? { text: quote, isDelimited: true } : undefined
  if (payload === undefined || !isUsable(payload.text)) return undefined
  if (!payload.isDelimited && (/\n[ \t]*\r?\n|```/.test(payload.text) || FURTHER_INSTRUCTION.test(payload.text)))
    return undefined
  return payload
}

function isUsable(text: string): boolean {
  return text.length > 0 && text.length <= SUBJECT_LENGTH_MAX && !text.includes('\ue000')
}
