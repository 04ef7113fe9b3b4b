import { amountToUsd } from '../../base/money.ts'
import type { LoggedTask, ObservedOutcome } from '../../core/learning/logged-task.ts'
import type { ModelOutcome } from '../../core/learning/routing-rows.ts'
import type { DecisionRecord } from '../../core/routing/decision-record.ts'
import type { StreamedTask } from './streamed-task.ts'

/**
 * Carries out the first step of a decision and logs it as the learning loop logs a finished task.
 *
 * @param execute Calls a model; asked once, for the model that the plan begins with.
 */
export function loggedTaskOf(
  record: DecisionRecord,
  task: StreamedTask,
  execute: (model: string) => ModelOutcome,
): LoggedTask {
  const action = record.plan[0]?.modelId
  if (action === undefined) throw new TypeError('A plan over models that may answer is never empty')
  const { score, costUsd } = execute(action)
  const outcome: ObservedOutcome = { success: score, costUsd, latencyMs: undefined, source: 'executed' }
  return {
    taskHash: `row-${task.row}`,
    timestamp: undefined,
    prompt: undefined,
    features: task.features,
    risk: record.risk,
    policyVersion: record.policyVersion,
    candidates: record.candidates.map((candidate) => ({
      model: candidate.modelId,
      tier: candidate.tier,
      propensity: candidate.propensity ?? 0,
      predictedSuccess: candidate.predictedSuccess,
      expectedCostUsd: candidate.expectedCostNanos === undefined ? undefined : amountToUsd(candidate.expectedCostNanos),
      expectedLatencyS: candidate.expectedLatencyS,
    })),
    action,
    propensity: record.propensity,
    outcome,
    observed: new Map([[action, outcome]]),
  }
}
