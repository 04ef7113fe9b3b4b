import { ZERO_AMOUNT } from '../base/money.ts'
import type { OverheadCall } from '../core/routing/task-outcome.ts'
import type { PromptParts } from '../core/text/fence-sections.ts'
import type { ResponseFormat } from '../ports/language-model.ts'
import { forbiddenBecause } from './candidates.ts'
import { makeCall, type CallComponents } from './call-model.ts'
import { tryAdmit } from './admit-step.ts'
import { factsOf } from './request-facts.ts'
import { recordOverhead, type TaskRun } from './task-run.ts'

export type OverheadQuestion = {
  readonly purpose: OverheadCall['purpose']
  readonly modelId: string
  readonly prompt: PromptParts
  readonly outputTokensMax: number
  readonly responseFormat?: ResponseFormat
}

/**
 * Asks a model something that the task did not ask for: how to split it, whether an answer is right. Paid from the task's own budget.
 *
 * @returns The reply, or `undefined` when the request forbids the model, there is no money or the model failed: the caller goes on without.
 */
export async function askOverhead(
  components: CallComponents,
  run: TaskRun,
  question: OverheadQuestion,
): Promise<string | undefined> {
  const entry = components.catalog.registry.find(question.modelId)
  // What the caller allows holds for every model that sees the task, not only for the one that answers it.
  if (entry === undefined || forbiddenBecause(entry, run.route.controls) !== undefined) return undefined
  const { system, user } = question.prompt
  const request = {
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ],
    temperature: 0,
    maxOutputTokens: question.outputTokensMax,
    ...(question.responseFormat !== undefined && { responseFormat: question.responseFormat }),
  } as const
  const asking: TaskRun = { ...run, route: { ...run.route, request }, facts: factsOf(request, false) }
  const admitted = await tryAdmit(components, asking, entry)
  if (admitted.kind !== 'admitted') return undefined
  const outcome = await makeCall(components, asking, admitted.call)
  const { purpose, modelId } = question
  const { latencyMs } = outcome
  if (outcome.kind !== 'answered') {
    const { costNanos } = outcome.charge
    // A call that may be billed is part of the record, and nobody counted its tokens.
    if (costNanos !== ZERO_AMOUNT)
      recordOverhead(run, { purpose, model: modelId, tokensIn: 0, tokensOut: 0, costNanos, latencyMs })
    return undefined
  }
  const { tokensIn, tokensOut } = outcome.answer.usage
  recordOverhead(run, { purpose, model: modelId, tokensIn, tokensOut, costNanos: outcome.costNanos, latencyMs })
  return outcome.answer.text
}
