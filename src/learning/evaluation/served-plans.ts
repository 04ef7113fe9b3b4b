import type { LoggedCandidate, LoggedTask, ObservedOutcome } from '../../core/learning/logged-task.ts'
import type { PolicyProbabilities } from '../../core/learning/off-policy/importance-weights.ts'
import { CAUGHT_SHARE } from '../../core/policy/cascade.ts'

/** What a policy would do with a task, in the places of the task's candidates. */
export type PolicyChoice = {
  /** P(plan begins with the candidate); sums to 1. */
  readonly probabilities: Float64Array
  /** P(right) that the policy predicts for each. */
  readonly predicted: Float64Array
  readonly domain: string | undefined
  /** Models that are asked one after another until an answer is accepted; one, or absent: what the first says stands. */
  readonly plan?: readonly string[]
}

/**
 * What is assumed of the check that lets an answer of a cascade pass: no recorded outcome tells it. It rejects this share of the wrong
 * answers, 0 to 1, and no right one.
 */
export type AssumedVerifier = { readonly catches: number }

/** What policies count with when they choose a cascade. */
export const VERIFIER_DEFAULT: AssumedVerifier = { catches: CAUGHT_SHARE }

export type ServedPlansInit = {
  readonly tasks: readonly LoggedTask[]
  /** By policy, by task. */
  readonly policies: readonly (readonly PolicyChoice[])[]
  readonly verifier?: AssumedVerifier
}

export type ServedPlans = {
  /** The tasks with the plans of the policies in the places of their candidates, and what each plan comes to as its outcome. */
  readonly tasks: readonly LoggedTask[]
  /** By policy: P(plan), in those places. */
  readonly policies: readonly PolicyProbabilities[]
  /** By policy: share of the tasks that a cascade answers. */
  readonly cascadeShares: readonly number[]
}

/**
 * What policies would have served on tasks whose models' outcomes were recorded: of a single model its outcome; of a cascade the first
 * answer that the verifier lets pass, or the last one, with all calls up to it paid and waited for. A plan that may reach a model without an
 * outcome has none. Retries after failed calls and the splitting of tasks are not simulated.
 */
export function withServedPlans({ tasks, policies, verifier = VERIFIER_DEFAULT }: ServedPlansInit): ServedPlans {
  const probabilities: Float64Array[][] = policies.map(() => [])
  const cascades = policies.map(() => 0)
  const planned = tasks.map((task, row) => {
    const plans = new Map<string, readonly string[]>()
    const shares = policies.map((choices, policy) => {
      const own = plansOf(task, choices[row])
      if (own.some(({ models }) => models.length > 1)) cascades[policy] = (cascades[policy] ?? 0) + 1
      for (const { name, models } of own) plans.set(name, models)
      return own
    })
    const names = [...plans.keys()]
    for (const [policy, own] of shares.entries()) {
      const shareOf = (name: string): number => own.find((plan) => plan.name === name)?.share ?? 0
      probabilities[policy]?.push(Float64Array.from(names, shareOf))
    }
    return taskOf(task, plans, verifier)
  })
  return {
    tasks: planned,
    policies: probabilities,
    cascadeShares: cascades.map((count) => (tasks.length === 0 ? 0 : count / tasks.length)),
  }
}

type Plan = { readonly name: string; readonly models: readonly string[]; readonly share: number }

function plansOf({ candidates }: LoggedTask, choice: PolicyChoice | undefined): readonly Plan[] {
  return candidates.flatMap(({ model }, place) => {
    const share = choice?.probabilities[place] ?? 0
    if (share === 0) return []
    // What exploration draws instead of the plan's first model stands by itself.
    const models = choice?.plan?.[0] === model ? choice.plan : [model]
    return [{ name: models.join(' > '), models, share }]
  })
}

function taskOf(
  task: LoggedTask,
  plans: ReadonlyMap<string, readonly string[]>,
  verifier: AssumedVerifier,
): LoggedTask {
  const observed = new Map<string, ObservedOutcome>()
  const candidates: LoggedCandidate[] = []
  for (const [name, models] of plans) {
    const outcome = outcomeOf(task, models, verifier)
    if (outcome !== undefined) observed.set(name, outcome)
    const first = task.candidates.find(({ model }) => model === models[0])
    if (first !== undefined) candidates.push({ ...first, model: name })
  }
  return { ...task, candidates, observed }
}

/** Expected over what the verifier says. */
function outcomeOf(
  { observed }: LoggedTask,
  models: readonly string[],
  { catches }: AssumedVerifier,
): ObservedOutcome | undefined {
  let [reach, success] = [1, 0]
  let costUsd: number | undefined = 0
  let latencyMs: number | undefined = 0
  let source: ObservedOutcome['source'] = 'recorded'
  for (const [step, model] of models.entries()) {
    if (reach === 0) break
    const outcome = observed.get(model)
    if (outcome === undefined) return undefined
    source = outcome.source
    costUsd = added(costUsd, outcome.costUsd, reach)
    latencyMs = added(latencyMs, outcome.latencyMs, reach)
    // A right answer passes whenever it comes; a wrong last one is handed out.
    success += reach * outcome.success
    reach *= step === models.length - 1 ? 0 : (1 - outcome.success) * catches
  }
  return { success, costUsd, latencyMs, source }
}

function added(sum: number | undefined, value: number | undefined, reach: number): number | undefined {
  return sum === undefined || value === undefined ? undefined : sum + reach * value
}
