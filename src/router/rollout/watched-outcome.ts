import { amountToUsd } from '../../base/money.ts'
import type { WatchedOutcome } from '../../core/rollout/watch/arm-totals.ts'
import type { DecisionRecord } from '../../core/routing/decision-record.ts'
import { isOnlyDoubted } from '../../core/verification/verdict.ts'
import type { RouteAttempt } from '../../ports/router.ts'
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
  const standing = run.attempts.findLast(({ modelId }) => modelId === result?.modelId)
  const isAccepted =
    result !== undefined &&
    (result.verification?.isAccepted !== false || (standing !== undefined && stands(run.decision, standing)))
  return {
    isAccepted,
    isError: result === undefined && telling !== 'given-up',
    costUsd: cost === undefined || telling === 'refused' ? null : amountToUsd(cost),
    latencyMs: result?.latencyMs ?? ('latencyMs' in end ? end.latencyMs : 0),
    // What it predicted was the chance of an answer that somebody waits for.
    ...(telling === 'ended' ? promiseOf(run.decision, isAccepted, triedOf(run)) : { predicted: null }),
    ...(telling === 'refused' && { isRefused: true }),
  }
}

/** What a model of the plan did. */
export type PlanTry = {
  readonly modelId: string
  /** It gave an answer, good or bad. */
  readonly isAnswered: boolean
  /** One that can be handed out. */
  readonly isStanding: boolean
}

/** Steps of a split task are not those of the plan that was predicted. */
function triedOf({ attempts, decision }: TaskRun): readonly PlanTry[] {
  if (attempts.some(({ stepId }) => stepId !== undefined)) return []
  return attempts.map((attempt) => ({
    modelId: attempt.modelId,
    isAnswered: attempt.outcome === 'accepted' || attempt.outcome === 'rejected',
    isStanding: stands(decision, attempt),
  }))
}

/**
 * Whether an answer was accepted, or nothing but the policy's own prediction spoke against it. A policy that knows that a task is hard must not look worse for
 * that than one that thinks it easy.
 */
export function stands(
  { candidates }: Pick<DecisionRecord, 'candidates'>,
  { modelId, outcome, confidence = 0 }: Pick<RouteAttempt, 'modelId' | 'outcome' | 'confidence'>,
): boolean {
  if (outcome !== 'rejected') return outcome === 'accepted'
  return isOnlyDoubted(confidence, candidates.find((candidate) => candidate.modelId === modelId)?.predictedSuccess)
}

/**
 * What the policy predicted, and whether it came true. It predicted of the model that the plan begins with, in a cascade of the first two. Where another one had to
 * answer after them, the task went well and the prediction did not; where they gave no answer at all, nothing is known of it.
 */
export function promiseOf(
  decision: DecisionRecord,
  isAccepted: boolean,
  tries: readonly PlanTry[],
): Pick<WatchedOutcome, 'predicted' | 'isRescued'> {
  const predicted = predictedOf(decision)
  const opening = decision.plan.slice(0, decision.route === 'hybrid' ? 2 : 1)
  const own = tries.filter(({ modelId }) => opening.some((step) => step.modelId === modelId))
  if (!isAccepted || tries.length === 0 || own.some(({ isStanding }) => isStanding)) return { predicted }
  return own.some(({ isAnswered }) => isAnswered) ? { predicted, isRescued: true } : { predicted: null }
}

/** The chance of acceptance that the policy itself predicted; an adviser's word is not the policy's. */
export function predictedOf({ confidence, advice, plan }: DecisionRecord): number | null {
  const isAdvised = advice?.some(({ judged }) => judged !== undefined) === true
  return isAdvised || plan.length === 0 ? null : confidence
}
