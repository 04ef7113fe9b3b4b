import type { AnswerLogprobs, TokenLikelihood, TokenLogprob } from '../../ports/language-model.ts'

/** The member `logprobs` of a choice, as JSON. */
export function formatLogprobs({ text, refusal }: AnswerLogprobs): string {
  return JSON.stringify({ content: listOf(text), refusal: listOf(refusal) })
}

export type LogprobBody = TokenLikelihood & { readonly top_logprobs: readonly TokenLikelihood[] }

/** One token as the interfaces write it. */
export function formatLogprob({ token, logprob, bytes, top }: TokenLogprob): LogprobBody {
  return { token, logprob, bytes, top_logprobs: top }
}

function listOf(logprobs: readonly TokenLogprob[]): readonly LogprobBody[] | null {
  return logprobs.length === 0 ? null : logprobs.map(formatLogprob)
}
