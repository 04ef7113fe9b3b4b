import { amountToUsd } from '../../base/money.ts'
import type { WatchedOutcome } from '../../core/rollout/arm-totals.ts'
import type { DecisionRecord } from '../../core/routing/decision-record.ts'
import type { TaskEnd } from '../report-outcome.ts'
import { totalCostOf, type TaskRun } from '../task-run.ts'

/** Errors that say nothing of a policy: the caller's, a limit's, or the end of the node. */
const NOT_THE_POLICYS: ReadonlySet<string> = new Set(['MODEL_REQUEST_REFUSED', 'MODEL_NOT_FOUND', 'MODEL_AUTH_FAILED'])

/** Whether a task that ended so says something of the policy that decided it: models were called, and the policy was free to choose them. */
export function isTelling({ route, attempts }: TaskRun, end: TaskEnd): boolean {
  if (route.target.kind !== 'auto' || attempts.length === 0) return false
  if ('result' in end) return end.result.cache !== 'exact' && end.result.cache !== 'similar'
  const { errorCode } = end
  if (NOT_THE_POLICYS.has(errorCode)) return false
  return errorCode === 'ROUTER_ALL_FAILED' || errorCode === 'INTERNAL_ERROR' || errorCode.startsWith('MODEL_')
}

/** How a served task went, as the watch sees it. */
export function watchedOutcomeOf(run: TaskRun, end: TaskEnd): WatchedOutcome {
  const cost = totalCostOf(run)
  const result = 'result' in end ? end.result : undefined
  return {
    isAccepted: result !== undefined && result.verification?.isAccepted !== false,
    isError: result === undefined,
    costUsd: cost === undefined ? null : amountToUsd(cost),
    latencyMs: result?.latencyMs ?? ('latencyMs' in end ? end.latencyMs : 0),
    predicted: predictedOf(run.decision),
  }
}

/** The chance of acceptance that the policy itself predicted; an adviser's word is not the policy's. */
export function predictedOf({ confidence, advice, plan }: DecisionRecord): number | null {
  const isAdvised = advice?.some(({ judged }) => judged !== undefined) === true
  return isAdvised || plan.length === 0 ? null : confidence
}
