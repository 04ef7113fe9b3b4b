import type { Amount } from '../../base/money.ts'
import type { TaskRisk } from '../routing/task-outcome.ts'

/** Below this confidence no single route is trusted. */
export const CONFIDENCE_MIN = 0.55
/** Expected cost above the budget by more than this (0.02 dollars) overrides the route. */
export const BUDGET_SLACK_NANOS: bigint = 20_000_000n

export type OverrideQuestion = {
  readonly confidence: number
  readonly risk: TaskRisk
  readonly expectedCostNanos: Amount | undefined
  /** `undefined` when nothing bounds the task. */
  readonly maxBudgetNanos: Amount | undefined
}

/** Why the route must become hybrid with decomposition, whatever the policy said; `undefined` when it need not. */
export function overrideReason(question: OverrideQuestion): string | undefined {
  const { confidence, risk, expectedCostNanos, maxBudgetNanos } = question
  if (risk === 'high') return 'safety override: the risk is high'
  if (confidence < CONFIDENCE_MIN)
    return `safety override: confidence ${confidence.toFixed(2)} is below ${CONFIDENCE_MIN}`
  if (maxBudgetNanos === undefined || maxBudgetNanos === 0n || expectedCostNanos === undefined) return undefined
  if (expectedCostNanos - maxBudgetNanos > BUDGET_SLACK_NANOS)
    return 'safety override: the expected cost is above the budget'
  return undefined
}
