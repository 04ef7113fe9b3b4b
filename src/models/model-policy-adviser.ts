import { ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { PolicyDecision } from '../core/policy/policy-decision.ts'
import { POLICY_FIELDS, POLICY_INSTRUCTION } from '../core/policy/policy-question.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel, ModelUsage } from '../ports/language-model.ts'
import type { Advice, AdviceQuestion, PolicyAdviser } from '../ports/policy-adviser.ts'
import { askForChoices } from './ask-for-choices.ts'

/** Model-backed PolicyLite: a model, best a small one on this machine, chooses the decision's fields under a grammar. The task is fenced as data. */
export function createModelPolicyAdviser({
  model,
  costOf,
  clock,
}: {
  readonly model: LanguageModel
  /** What a call of the model cost; `undefined` when its price is unknown. */
  readonly costOf: (usage: ModelUsage) => Amount | undefined
  readonly clock: Clock
}): PolicyAdviser {
  return {
    name: `lite:${model.modelId}`,
    async advise({ prompt }: AdviceQuestion, options: AbortOptions = {}): Promise<Advice> {
      const startedMs = clock.monotonicMs()
      const { choices, usage } = await askForChoices(
        model,
        { instruction: POLICY_INSTRUCTION, subject: prompt, fields: POLICY_FIELDS },
        options,
      )
      const decision: PolicyDecision = {
        route: choices.route,
        confidence: choices.confidence,
        needsDecomposition: choices.needs_decomposition,
        risk: choices.risk,
        expectedCostNanos: ZERO_AMOUNT,
        expectedLatencyS: 0,
        maxBudgetNanos: ZERO_AMOUNT,
        policyVersion: model.modelId,
      }
      const { tokensIn, tokensOut } = usage
      const latencyMs = clock.monotonicMs() - startedMs
      return {
        decision,
        overhead: { purpose: 'policy', model: model.modelId, tokensIn, tokensOut, costNanos: costOf(usage), latencyMs },
      }
    },
  }
}
