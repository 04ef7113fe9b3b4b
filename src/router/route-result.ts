import type { ModelEntry } from '../core/models/model-entry.ts'
import type { ExecutionTier, TaskRoute } from '../core/routing/task-outcome.ts'
import type { Clock } from '../ports/clock.ts'
import type { ModelAnswer } from '../ports/language-model.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { RouteResult } from '../ports/router.ts'
import { costOfCall } from './call-cost.ts'
import type { PlanResult } from './execute-plan.ts'
import { totalCostOf, type TaskRun } from './task-run.ts'

/** An answer that will be handed out, wherever it came from. */
export type StandingAnswer = {
  readonly tier: ExecutionTier
  readonly modelId: string
  readonly provider: string
  readonly answer: ModelAnswer
  readonly verification: { readonly isAccepted: boolean; readonly confidence: number } | undefined
}

/** The answer of a plan as one that stands. */
export function standingOf({ entry, answer, verdict, isAccepted }: PlanResult): StandingAnswer {
  return {
    tier: entry.tier,
    modelId: entry.id,
    provider: entry.provider,
    answer,
    verification: { isAccepted, confidence: verdict.confidence },
  }
}

/** What the caller is told. The route is the one that ran: the tier that answered, or `hybrid` when several were called. */
export function resultOf(
  components: { readonly catalog: ModelCatalog; readonly clock: Clock },
  run: TaskRun,
  standing: StandingAnswer,
): RouteResult {
  const { catalog, clock } = components
  return {
    taskId: run.taskId,
    answer: standing.answer,
    route: routeThatRan(run, standing.tier),
    tier: standing.tier,
    modelId: standing.modelId,
    provider: standing.provider,
    costNanos: totalCostOf(run),
    premiumCostNanos: premiumCostOf(catalog.premiumBaseline, run, standing),
    isCostEstimated: run.money.isEstimated,
    latencyMs: clock.monotonicMs() - run.startedMs,
    attempts: run.attempts,
    overheadCalls: run.overheadCalls,
    cache: cacheStateOf(run),
    verification: standing.verification,
    decision: run.decision,
  }
}

/** `off` when the cache was not asked, else what it said. */
export function cacheStateOf(run: TaskRun): RouteResult['cache'] {
  if (run.cache === undefined) return 'off'
  return run.cache.kind === 'hit' ? run.cache.tier : 'miss'
}

/** The route that ran: of the tier that answers, or `hybrid` when others were called before it, failed ones included. */
export function routeThatRan(run: TaskRun, tier: ExecutionTier): TaskRoute {
  const tiersCalled = new Set([...run.attempts.map((attempt) => attempt.tier), tier])
  if (tiersCalled.size > 1) return 'hybrid'
  if (tier === 'premium_api') return 'premium'
  return tier === 'cheap_api' || tier === 'peer' ? 'cheap' : 'local'
}

/** What one call of the premium model would have cost, or did where it is what answered; `undefined` without such a model or its price. */
function premiumCostOf(
  baseline: ModelEntry | undefined,
  run: TaskRun,
  standing: StandingAnswer,
): RouteResult['premiumCostNanos'] {
  if (baseline === undefined) return undefined
  const answering = run.attempts.at(-1)
  if (answering !== undefined && answering.stepId === undefined && answering.modelId === baseline.id)
    return answering.costNanos
  return costOfCall(baseline, baselineUsage(run, standing), run.today)
}

/**
 * Tokens of the one premium call that was saved: the input as the answering call metered it, else as the request was counted, and the length of
 * the answer that was given.
 */
function baselineUsage(run: TaskRun, { answer }: StandingAnswer): ModelAnswer['usage'] {
  const { tokensIn, tokensOut, isEstimated } = answer.usage
  const answering = run.attempts.at(-1)
  // The steps of a split task read more than the task: instructions, and each what others wrote.
  const isWhole = answering !== undefined && answering.stepId === undefined
  const isMetered = isWhole && !isEstimated && tokensIn > 0
  return {
    tokensIn: isMetered ? tokensIn : Math.max(run.facts.tokensIn, isWhole ? tokensIn : 0),
    tokensOut,
    cachedTokensIn: 0,
    isEstimated: true,
  }
}
