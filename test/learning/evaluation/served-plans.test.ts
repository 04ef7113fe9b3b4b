import { describe, expect, it } from 'vitest'
import type { LoggedTask } from '../../../src/core/learning/logged-task.ts'
import { evaluatePolicies } from '../../../src/learning/evaluation/evaluate-policies.ts'
import { withServedPlans, type PolicyChoice } from '../../../src/learning/evaluation/served-plans.ts'

const MODELS = ['thrifty', 'grand'] as const
const PRICES = { thrifty: 0.001, grand: 0.01 } as const

/** Recorded outcomes of both models. */
function task(thrifty: number, grand: number, hash = 'h'): LoggedTask {
  const outcome = (success: number, costUsd: number) =>
    ({ success, costUsd, latencyMs: 100, source: 'recorded' }) as const
  const observed = new Map([
    ['thrifty', outcome(thrifty, PRICES.thrifty)],
    ['grand', outcome(grand, PRICES.grand)],
  ])
  return {
    taskHash: hash,
    timestamp: undefined,
    prompt: undefined,
    features: undefined,
    risk: 'low',
    policyVersion: undefined,
    candidates: MODELS.map((model) => ({
      model,
      tier: model === 'grand' ? 'premium_api' : 'cheap_api',
      propensity: 0.5,
      predictedSuccess: 0.5,
      expectedCostUsd: PRICES[model],
      expectedLatencyS: 0,
    })),
    action: 'thrifty',
    propensity: 0.5,
    outcome: outcome(thrifty, PRICES.thrifty),
    observed,
  }
}

const begin = (model: (typeof MODELS)[number], ...then: readonly string[]): PolicyChoice => ({
  probabilities: Float64Array.from(MODELS, (name) => Number(name === model)),
  predicted: Float64Array.of(0.5, 0.5),
  domain: undefined,
  plan: [model, ...then],
})
const CASCADE = begin('thrifty', 'grand')

describe('what a plan comes to on recorded outcomes', () => {
  const come = (thrifty: number, grand: number, catches: number): unknown => {
    const { tasks, policies } = withServedPlans({
      tasks: [task(thrifty, grand)],
      policies: [[CASCADE]],
      verifier: { catches },
    })
    expect([...(policies[0]?.[0] ?? [])]).toEqual([1])
    const { success, costUsd, latencyMs } = tasks[0]?.observed.get('thrifty > grand') ?? {}
    return [success, Number(costUsd?.toFixed(9)), latencyMs]
  }

  it('is the first answer where it is right, and both calls where the check rejects a wrong one', () => {
    expect(come(1, 0, 1)).toEqual([1, 0.001, 100])
    expect(come(0, 1, 1)).toEqual([1, 0.011, 200])
    expect(come(0, 0, 1)).toEqual([0, 0.011, 200])
    expect(come(0, 1, 0)).toEqual([0, 0.001, 100])
    expect(come(0, 1, 0.5)).toEqual([0.5, 0.006, 150])
  })

  it('is not known where a model that may be reached was not recorded', () => {
    const whole = task(0, 1)
    const part = { ...whole, observed: new Map([...whole.observed].slice(0, 1)) }
    const outcome = (of: LoggedTask): number | undefined =>
      withServedPlans({ tasks: [of], policies: [[CASCADE]] }).tasks[0]?.observed.get('thrifty > grand')?.success
    expect(outcome(part)).toBeUndefined()
    expect(outcome({ ...part, observed: new Map([['thrifty', { ...whole.outcome, success: 1 }]]) })).toBe(1)
  })

  it('is what both policies are judged by: a cascade is neither its first model nor its second', () => {
    // Thrifty is right on half of the tasks, grand on all.
    const tasks = Array.from({ length: 400 }, (_, at) => task(at % 2, 1, `task ${at}`))
    const judge = (own: PolicyChoice, other: PolicyChoice, catches?: number): ReturnType<typeof evaluatePolicies> =>
      evaluatePolicies({
        tasks,
        candidate: tasks.map(() => own),
        incumbent: tasks.map(() => other),
        ...(catches !== undefined && { verifier: { catches } }),
      })
    const valuesOf = ({ replay }: ReturnType<typeof evaluatePolicies>): readonly (number | undefined)[] => {
      if (replay.kind === 'refused') throw new Error(replay.message)
      const { success, cost } = replay.metrics
      return [success?.candidate.value, success?.incumbent.value, cost?.incumbent.value].map((value) =>
        Number(value?.toFixed(9)),
      )
    }
    const evaluation = judge(begin('grand'), CASCADE)
    // Half of the wrong half is caught and answered by grand: 75 % right, for thrifty's price and a quarter of grand's.
    expect(valuesOf(evaluation)).toEqual([1, 0.75, 0.001 + 0.25 * 0.01])
    expect(evaluation.cascades).toEqual({ candidate: 0, incumbent: 1, verifier: { catches: 0.5 } })
    expect(valuesOf(judge(begin('thrifty'), CASCADE, 1))).toEqual([0.5, 1, 0.006])
    // What is right by the cascade and wrong by its first model alone is a regression.
    const worse = judge(begin('thrifty'), CASCADE, 1)
    if (worse.evidence.kind === 'refused') throw new Error('refused')
    expect(worse.evidence.regressions.map((terms) => terms.reduce((sum, term) => sum + term, 0) / 400)).toEqual([0.5])
    const same = judge(CASCADE, CASCADE)
    expect(
      same.replay.kind === 'evaluated' && [same.replay.disagreement, same.replay.metrics.success?.difference.high],
    ).toEqual([0, 0])
  })
})
