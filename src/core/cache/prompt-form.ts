import type { QuestionToken } from '../text/question-tokens.ts'

/** A prompt that asks for something, or one that only says something (a pasted text, a remark), where small differences matter more. */
export type PromptForm = 'question' | 'statement'

const REQUEST_VERBS: ReadonlySet<string> = new Set(
  (
    'explain describe write give list tell show suggest recommend compare define summarize summarise translate name find calculate compute solve ' +
    'create make generate provide help please convert classify rewrite draft outline discuss analyze analyse identify state prove derive design implement'
  ).split(' '),
)

/** Form of a prompt by its question mark and its first word. */
export function promptForm(text: string, tokens: readonly QuestionToken[]): PromptForm {
  if (text.includes('?')) return 'question'
  const first = tokens[0]
  if (first === undefined) return 'statement'
  return first.kind === 'question' || first.kind === 'auxiliary' || REQUEST_VERBS.has(first.word)
    ? 'question'
    : 'statement'
}
