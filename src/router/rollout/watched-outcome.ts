import { amountToUsd } from '../../base/money.ts'
import type { WatchedOutcome } from '../../core/rollout/watch/arm-totals.ts'
import type { DecisionRecord } from '../../core/routing/decision-record.ts'
import type { TaskEnd } from '../report-outcome.ts'
import { totalCostOf, type TaskRun } from '../task-run.ts'

/** Errors of models that say nothing of a policy. */
const NOT_THE_POLICYS: ReadonlySet<string> = new Set(['MODEL_REQUEST_REFUSED', 'MODEL_NOT_FOUND', 'MODEL_AUTH_FAILED'])

/** The policy found no plan for what the caller allowed: another one might have. */
const REFUSALS: ReadonlySet<string> = new Set(['ROUTER_QUALITY_BOUND', 'ROUTER_COST_CAP'])

/**
 * What the end of a task says of the policy that decided it. `ended`: models were called, and the policy was free to choose them. `given-up`:
 * the caller left while they were; how long an answer would have taken is not known, but that this was too long. `refused`: no model was
 * called, because the policy knew none. `nothing`: of the policy, nothing.
 */
export type Telling = 'ended' | 'given-up' | 'refused' | 'nothing'

export function tellingOf({ route, attempts, signal }: TaskRun, end: TaskEnd): Telling {
  if (route.target.kind !== 'auto') return 'nothing'
  if ('errorCode' in end && REFUSALS.has(end.errorCode)) return 'refused'
  if (attempts.length === 0) return 'nothing'
  if ('result' in end) return end.result.cache !== 'exact' && end.result.cache !== 'similar' ? 'ended' : 'nothing'
  if (signal?.aborted === true) return 'given-up'
  const { errorCode } = end
  if (NOT_THE_POLICYS.has(errorCode)) return 'nothing'
  const isOfModels =
    errorCode === 'ROUTER_ALL_FAILED' || errorCode === 'INTERNAL_ERROR' || errorCode.startsWith('MODEL_')
  return isOfModels ? 'ended' : 'nothing'
}

/** How a served task went, as the watch sees it. An answer that nobody waited for is a bad one that took at least as long as that. */
export function watchedOutcomeOf(run: TaskRun, end: TaskEnd): WatchedOutcome {
  const cost = totalCostOf(run)
  const result = 'result' in end ? end.result : undefined
  const telling = tellingOf(run, end)
  return {
    isAccepted: result !== undefined && result.verification?.isAccepted !== false,
    isError: result === undefined && telling !== 'given-up',
    costUsd: cost === undefined || telling === 'refused' ? null : amountToUsd(cost),
    latencyMs: result?.latencyMs ?? ('latencyMs' in end ? end.latencyMs : 0),
    // What it predicted was the chance of an answer that somebody waits for.
    predicted: telling === 'ended' ? predictedOf(run.decision) : null,
    ...(telling === 'refused' && { isRefused: true }),
  }
}

/** The chance of acceptance that the policy itself predicted; an adviser's word is not the policy's. */
export function predictedOf({ confidence, advice, plan }: DecisionRecord): number | null {
  const isAdvised = advice?.some(({ judged }) => judged !== undefined) === true
  return isAdvised || plan.length === 0 ? null : confidence
}
