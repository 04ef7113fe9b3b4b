import { questionTokens, TOKENS_MAX, type QuestionToken } from '../text/question-tokens.ts'
import { promptForm, type PromptForm } from './prompt-form.ts'

/** A prompt as the similarity tier compares it; made once per text. */
export type ComparablePrompt = {
  readonly text: string
  readonly tokens: readonly QuestionToken[]
  readonly form: PromptForm
}

/** Reads a text for comparison. */
export function comparablePrompt(text: string): ComparablePrompt {
  const tokens = questionTokens(text)
  return { text, tokens, form: promptForm(text, tokens) }
}

/** A pair is a question only when both are. */
export function pairForm(query: ComparablePrompt, stored: ComparablePrompt): PromptForm {
  return query.form === 'question' && stored.form === 'question' ? 'question' : 'statement'
}

/** Texts without a word cannot be compared, and neither can those with more words than are looked at. */
export function lengthRefusal(
  query: ComparablePrompt,
  stored: ComparablePrompt,
): 'too-many-words' | 'no-words' | undefined {
  if (query.tokens.length > TOKENS_MAX || stored.tokens.length > TOKENS_MAX) return 'too-many-words'
  return query.tokens.length === 0 || stored.tokens.length === 0 ? 'no-words' : undefined
}
