import type { Budgets } from '../ports/budgets.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { Policy, PolicyInput } from '../ports/policy.ts'
import type { Random } from '../ports/random.ts'
import { selectCandidates } from './candidates.ts'
import type { FailureMemory } from './failure-memory.ts'
import { chargeTask, recordOverhead, type TaskRun } from './task-run.ts'

export type DecideComponents = {
  readonly catalog: ModelCatalog
  readonly budgets: Budgets
  readonly policy: Policy
  readonly random: Random
  readonly failures: FailureMemory
}

/** Asks the policy how the task is to be executed. Throws as `selectCandidates`. */
export async function decideTask(components: DecideComponents, run: TaskRun): Promise<void> {
  const decision = components.policy.decide(policyInputOf(components, run), {
    signal: run.signal,
    onOverhead: (call) => {
      chargeTask(run, call.costNanos)
      recordOverhead(run, call)
    },
  })
  run.decision = decision instanceof Promise ? await decision : decision
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
    isConfined: controls.isLocalOnly === true || controls.providers !== undefined,
  }
}
