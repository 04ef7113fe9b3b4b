import { CodedError, type PromptParts } from 'kernell-os/core'
import type { ModelRequest } from 'kernell-os/ports'
import type { Outcomes } from './call-group.ts'
import type { ModelCallOutcome } from './model-call.ts'

/** A question whose instruction and data are apart. */
export function requestOfPrompt(
  { system, user }: PromptParts,
  options: Omit<ModelRequest, 'messages'> = {},
): ModelRequest {
  return {
    ...options,
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ],
  }
}

/** The text of an answer; `undefined` where there is none, or the provider refused. */
export function textOf(outcome: ModelCallOutcome | undefined): string | undefined {
  if (outcome?.kind !== 'answered') return undefined
  const { text, refusal } = outcome.result.answer
  return refusal !== undefined || text.trim() === '' ? undefined : text.trim()
}

/** Why there is no text: the error of the call, or that the answer holds none. */
export function failureOf(outcome: ModelCallOutcome | undefined): unknown {
  if (outcome?.kind === 'failed') return outcome.error
  return new CodedError('MODEL_ANSWER_MALFORMED', {
    message: 'A model answered with a refusal or with no text',
    ...(outcome !== undefined && { details: { modelId: outcome.result.modelId } }),
  })
}

/** Whether every answer passed the router's checks; one that was never checked did not fail them. */
export function areAccepted(outcomes: Outcomes): boolean {
  return outcomes.every((outcome) => outcome?.kind !== 'answered' || outcome.result.verification?.isAccepted !== false)
}
