import type { RouteEstimate } from '../ports/router.ts'
import { costOfCall } from './call-cost.ts'
import { decideTask, type DecideComponents } from './decide-task.ts'
import type { TaskRun } from './task-run.ts'
import { toolAnswerOf } from './answer-without-model.ts'

/** The decision for a task and what it is expected to cost, without a call. Throws as `selectCandidates`. */
export async function estimateTask(components: DecideComponents, run: TaskRun): Promise<RouteEstimate> {
  const deterministicTool = toolAnswerOf(run)?.tool
  try {
    await decideTask(components, run, { isAlone: true })
  } catch (error: unknown) {
    // A task that a tool answers exactly needs no model, so the lack of one is no reason to refuse the estimate.
    if (deterministicTool === undefined) throw error
  } finally {
    run.span.end()
  }
  const { decision } = run
  const baseline = components.catalog.premiumBaseline
  const usage = {
    tokensIn: run.facts.tokensIn,
    tokensOut: decision.expectedTokensOut,
    cachedTokensIn: 0,
    isEstimated: true,
  }
  return {
    decision,
    expectedTokensIn: run.facts.tokensIn,
    expectedTokensOut: decision.expectedTokensOut,
    expectedCostNanos: decision.expectedCostNanos,
    expectedLatencyS: decision.expectedLatencyS,
    premiumCostNanos: baseline === undefined ? undefined : costOfCall(baseline, usage, run.today),
    deterministicTool,
  }
}
