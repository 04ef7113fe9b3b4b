import { readFencedBlocks } from '../text/fenced-blocks.ts'

export type DefectInput = {
  readonly answer: string
  readonly finishReason?: 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'unknown'
  readonly refusal?: string
  readonly isOutputCapped?: boolean
}

/** The opening of a refusal: an apology or self-description, then "I cannot" and a verb of helping. */
const REFUSAL =
  /^(?:(?:i['’]?m|i am) (?:very |really |so )?sorry|sorry|my apologies|apologies|i apologi[sz]e|unfortunately|thank you for[^.\n]{0,80}\.)?[,.!:;—–-]*\s*(?:but |however,? )?(?:as an? (?:ai|artificial intelligence|language model|large language model)[^,.\n]{0,60},? )?(?:i|we) (?:can['’]?t|cannot|can not|am (?:unable|not able)|['’]m (?:unable|not able)|(?:won['’]t|will not) (?:be able)?|must (?:respectfully )?(?:decline|refuse)|(?:do not|don['’]t) (?:have the ability|feel comfortable)|am not comfortable|refuse|have to decline)(?: to| with)?\s*(?:be able to )?(?:help|assist|comply|provid|fulfil|answer|do (?:that|this|so)|creat|generat|support|discuss|engag|participat|continu|offer|complet|respond|shar|giv|access|open|view|browse|process|write|produce|decline|refuse|perform|accommodat|satisf|meet|$)/i

const REFUSAL_WITHOUT_SUBJECT =
  /^(?:i['’]?m sorry,? (?:but )?)?(?:this|that|your) (?:request|question|content|prompt) (?:goes against|violates|is against|conflicts with|cannot be)/i

/** What is wrong, when the answer is a refusal; `undefined` when it is not. */
export function detectRefusal({ answer, finishReason, refusal }: DefectInput): string | undefined {
  if (refusal !== undefined && refusal !== '') return 'the provider reports a refusal'
  if (finishReason === 'content-filter') return "the provider's content filter stopped the answer"
  const opening = answer.slice(0, 400).trimStart()
  return REFUSAL.test(opening) || REFUSAL_WITHOUT_SUBJECT.test(opening) ? 'the answer opens with a refusal' : undefined
}

/** What is missing, when the answer was cut off; `undefined` when there is no sign of it. */
export function detectTruncation({ answer, finishReason, isOutputCapped = false }: DefectInput): string | undefined {
  if (finishReason === 'length' && !isOutputCapped) return 'the answer was cut at the token limit'
  return readFencedBlocks(answer).isLastOpen ? 'a code block is not closed' : undefined
}
