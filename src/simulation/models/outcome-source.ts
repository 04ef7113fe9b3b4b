import type { FinishReason, ModelRequest } from '../../ports/language-model.ts'

/** What a model says to a request when nothing is wrong with its provider. */
export type ServedOutcome = {
  readonly text: string
  readonly finishReason: FinishReason
  readonly tokensIn: number
  readonly tokensOut: number
  /** Milliseconds until the answer begins, and until it is whole. */
  readonly firstMs: number
  readonly totalMs: number
  /** Whom the call is charged to, where its source knows that and the request does not say it. */
  readonly user?: string
}

/** Where the outcomes of a world's models come from: distributions, or a recording. The same request to the same model has the same outcome. */
export type OutcomeSource = {
  outcomeOf(modelId: string, request: ModelRequest): ServedOutcome
}

/** Text of the last message of the user: the task. */
export function taskOf({ messages }: ModelRequest): string {
  const last = messages.findLast(({ role }) => role === 'user')
  return typeof last?.content === 'string' ? last.content : ''
}
