import { isLocalTier, type ModelTier } from '../core/models/model-entry.ts'
import type { ExecutionTier, TaskOutcome } from '../core/routing/task-outcome.ts'
import type { RouteAttempt, RouteCaller, RouteResult } from '../ports/router.ts'
import { totalCostOf, type TaskRun } from './task-run.ts'

/** How the task ended: with an answer, or with the code of an error. */
export type TaskEnd = { readonly result: RouteResult } | { readonly errorCode: string; readonly latencyMs: number }

/** The record of a task as it really went: the tier and the model are those that answered, the cost is everything that was spent. */
export function outcomeOf(run: TaskRun, end: TaskEnd): TaskOutcome {
  const { decision, facts } = run
  const result = 'result' in end ? end.result : undefined
  const last = run.attempts.at(-1)
  const actualTier = result?.tier ?? last?.tier
  const escalated = escalatedAttempts(run)
  const isModelAnswer = result !== undefined && result.attempts.length > 0
  return {
    decisionId: run.taskId,
    at: run.startedAt,
    tenant: run.route.caller.tenant,
    ...payersOf(run.route.caller),
    traceId: run.span.traceId ?? traceIdOf(run.route.traceparent),
    taskText: facts.prompt,
    taskTokenCount: facts.tokensIn,
    taskDomain: decision.domain,
    predicted: {
      difficulty: decision.difficulty,
      tier: decision.plan[0]?.tier,
      modelId: decision.plan[0]?.modelId,
      classifierConfidence: decision.confidence,
      route: decision.route,
      confidence: decision.confidence,
      risk: decision.risk,
      expectedCostNanos: decision.expectedCostNanos,
      expectedLatencyS: decision.expectedLatencyS,
      policyVersion: decision.policyVersion,
      propensity: decision.propensity,
      scorer: decision.scorer,
      featureHash: decision.featureHash,
      candidates: decision.candidates,
      ...(decision.features !== undefined && { features: decision.features }),
      ...(decision.served !== undefined && { served: decision.served }),
    },
    actualTier,
    modelUsed: isModelAnswer ? result.modelId : last?.modelId,
    attempts: run.attempts,
    finalRoute: result?.route ?? decision.route,
    escalationChain: escalated.map(({ tier }) => tier),
    success: result !== undefined && result.verification?.isAccepted !== false,
    wasCached: result?.cache === 'exact' || result?.cache === 'similar',
    tokensIn: sum(run, 'tokensIn'),
    tokensOut: sum(run, 'tokensOut'),
    costNanos: totalCostOf(run),
    ...(result?.premiumCostNanos !== undefined && { premiumCostNanos: result.premiumCostNanos }),
    latencyMs: result?.latencyMs ?? ('latencyMs' in end ? end.latencyMs : 0),
    ...(run.firstPartMs !== undefined && { firstPartMs: run.firstPartMs }),
    verifier: result?.verification,
    localModel: isModelAnswer && isLocalModelTier(actualTier) ? result?.modelId : undefined,
    apiProvider: isModelAnswer && !isLocalModelTier(actualTier) ? result?.provider : undefined,
    fallbackTrigger:
      'errorCode' in end ? end.errorCode : escalated.find(({ outcome }) => outcome !== 'accepted')?.reason,
    overheadCalls: run.overheadCalls,
  }
}

/** The calls for one question that took more than one: the task, or the first step of a split one. Steps side by side are no escalation. */
function escalatedAttempts({ attempts }: TaskRun): readonly RouteAttempt[] {
  for (const { stepId } of attempts) {
    const ofStep = attempts.filter((attempt) => attempt.stepId === stepId)
    if (ofStep.length > 1) return ofStep
  }
  return []
}

/** The caller's trace, where nothing is traced here; what is no trace context is none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  if (traceparent === undefined) return undefined
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1]
}

function isLocalModelTier(tier: ExecutionTier | undefined): boolean {
  return (
    tier !== undefined &&
    tier !== 'cache' &&
    tier !== 'deterministic' &&
    tier !== 'peer' &&
    isLocalTier(tier satisfies ModelTier)
  )
}

function sum(run: TaskRun, field: 'tokensIn' | 'tokensOut'): number {
  let total = 0
  for (const attempt of run.attempts) total += attempt[field]
  return total
}

function payersOf({ organisation, team, keyId }: RouteCaller): Pick<TaskOutcome, 'organisation' | 'team' | 'keyId'> {
  return {
    ...(organisation !== undefined && { organisation }),
    ...(team !== undefined && { team }),
    ...(keyId !== undefined && { keyId }),
  }
}
