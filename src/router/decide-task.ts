import { CodedError } from '../base/errors.ts'
import type { Budgets } from '../ports/budgets.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { Policy, PolicyInput } from '../ports/policy.ts'
import type { Random } from '../ports/random.ts'
import { isConfined, selectCandidates } from './candidates.ts'
import { conversationKey, type FailureMemory } from './failure-memory.ts'
import { chargeTask, recordDecision, recordOverhead, type TaskRun } from './task-run.ts'

export type DecideComponents = {
  readonly catalog: ModelCatalog
  readonly budgets: Budgets
  readonly policy: Policy
  readonly random: Random
  readonly failures: FailureMemory
}

/**
 * Asks the policy how the task is to be executed. Throws as `selectCandidates`, and `ROUTER_QUALITY_BOUND` when the caller set a
 * quality that no plan is expected to reach; the operator's own default refuses nothing.
 *
 * @param isAlone The policy decides without asking anybody: no model is called, and no other node.
 */
export async function decideTask(
  components: DecideComponents,
  run: TaskRun,
  { isAlone = false }: { readonly isAlone?: boolean } = {},
): Promise<void> {
  const input = policyInputOf(components, run)
  const decision = components.policy.decide(input, {
    signal: run.signal,
    isAlone,
    onOverhead: (call) => {
      chargeTask(run, { costNanos: call.costNanos, isEstimated: false })
      recordOverhead(run, call)
    },
  })
  recordDecision(run, decision instanceof Promise ? await decision : decision, input)
  assertQuality(run)
}

function assertQuality({ decision, route }: TaskRun): void {
  const { quality } = route.controls
  if (quality === undefined || decision.isQualityMet !== false) return
  // Rounded down, so that the value that is named can be asked for.
  const reachable = Math.floor((decision.reachableQuality ?? decision.confidence) * 1000) / 1000
  throw new CodedError('ROUTER_QUALITY_BOUND', {
    message: `no plan is expected to reach the quality ${quality}; the best that can be reached is ${reachable}`,
  })
}

function policyInputOf({ catalog, budgets, random, failures }: DecideComponents, run: TaskRun): PolicyInput {
  const { target, controls, caller, request } = run.route
  const isBounded = controls.maxCostNanos !== undefined || budgets.isBounded(caller)
  const { candidates, excluded } = selectCandidates({
    catalog,
    target,
    controls,
    facts: run.facts,
    isBounded,
    today: run.today,
  })
  return {
    prompt: run.facts.prompt,
    candidates,
    excluded,
    fixedRoute: target.kind === 'route' ? target.route : 'auto',
    tokensIn: run.facts.tokensIn,
    ...(request.maxOutputTokens !== undefined && { maxOutputTokens: request.maxOutputTokens }),
    ...(controls.quality !== undefined && { quality: controls.quality }),
    ...(controls.maxCostNanos !== undefined && { maxBudgetNanos: controls.maxCostNanos }),
    today: run.today,
    priceVersion: catalog.priceVersion,
    draw: random.fraction(),
    isCascadeAllowed: true,
    recentFailures: failures.recentFailures(run),
    isConfined: isConfined(run.route),
    tenant: run.route.caller.tenant,
    conversation: conversationKey(run),
  }
}
