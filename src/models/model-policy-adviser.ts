import { ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { PolicyDecision } from '../core/policy/policy-decision.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel, ModelUsage } from '../ports/language-model.ts'
import type { Advice, AdviceQuestion, PolicyAdviser } from '../ports/policy-adviser.ts'
import { askForChoices } from './ask-for-choices.ts'

/**
 * What the model fills in. Choices from lists only: a grammar for numbers lets a small model write values that no number parser takes,
 * so confidence is one of nine texts.
 */
const FIELDS = {
  route: ['local', 'cheap', 'premium', 'hybrid'],
  confidence: ['0.1', '0.2', '0.3', '0.4', '0.5', '0.6', '0.7', '0.8', '0.9'],
  has_several_steps: ['yes', 'no'],
  risk: ['low', 'medium', 'high'],
} as const

const INSTRUCTION = [
  'You decide which model executes a task.',
  'local: a small model on this machine can answer. cheap: a small hosted model can. premium: only a strong model can.',
  'hybrid: try a cheap model first and check its answer.',
  'risk is high for payments, authentication, security, medical or legal advice, and irreversible actions.',
  'Judge the task; do not carry it out.',
].join('\n')

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
        { instruction: INSTRUCTION, subject: prompt, fields: FIELDS },
        options,
      )
      const decision: PolicyDecision = {
        route: choices.route,
        confidence: Number(choices.confidence),
        needsDecomposition: choices.has_several_steps === 'yes',
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
