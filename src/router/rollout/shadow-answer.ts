import { addAmounts, amountToUsd, ZERO_AMOUNT, type Amount } from '../../base/money.ts'
import type { PlannedStep } from '../../core/routing/decision-record.ts'
import type { RouteAttempt } from '../../ports/router.ts'
import type { TaskRun } from '../task-run.ts'
import { stands, type PlanTry } from './watched-outcome.ts'

/** An answer that is known: of the task itself, or of a call in the shadow. */
export type Tried = Pick<RouteAttempt, 'costNanos' | 'latencyMs'> &
  PlanTry & {
    readonly isAccepted: boolean
    /** An answer that can stand at all; false for a failed call. */
    readonly isValid: boolean
  }

/** A model that the task itself has called need not be called again. */
export function knownAnswer(
  { attempts, decision }: Pick<TaskRun, 'attempts' | 'decision'>,
  { modelId }: PlannedStep,
): Tried | undefined {
  const attempt = attempts.find((known) => known.modelId === modelId)
  if (attempt === undefined || attempt.outcome === 'aborted') return undefined
  const { costNanos, latencyMs, outcome, reason } = attempt
  return {
    modelId,
    costNanos,
    latencyMs,
    isAnswered: outcome !== 'failed',
    // It was judged by what the policy that served had predicted.
    isStanding: stands(decision, attempt),
    isAccepted: outcome === 'accepted',
    isValid: outcome === 'accepted' || (outcome === 'rejected' && reason === 'confidence'),
  }
}

/** In dollars; `null` when one of them is not known. */
export function usdOf(costs: readonly (Amount | undefined)[]): number | null {
  let sum = ZERO_AMOUNT
  for (const cost of costs) {
    if (cost === undefined) return null
    sum = addAmounts(sum, cost)
  }
  return amountToUsd(sum)
}
