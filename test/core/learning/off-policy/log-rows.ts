import type { LoggedTask } from '../../../../src/core/learning/logged-task.ts'

export type RowInit = {
  /** Propensities of models `a`, `b`, ... */
  readonly propensities: readonly number[]
  readonly action: number
  readonly success?: number
  readonly costUsd?: number | undefined
  /** Outcomes of all models instead of the action's alone, by place. */
  readonly successes?: readonly number[]
  readonly hash?: string
}

export const MODEL_NAMES = ['a', 'b', 'c'] as const

/** One row of a log, all of it by hand. */
export function logRow(init: RowInit): LoggedTask {
  const { propensities, action, success = 1, successes, hash = 'h' } = init
  const costUsd = 'costUsd' in init ? init.costUsd : 0.01
  const outcome = { success, costUsd, latencyMs: 100, source: 'executed' } as const
  const chosen = MODEL_NAMES[action] ?? 'a'
  return {
    taskHash: hash,
    timestamp: undefined,
    prompt: undefined,
    features: undefined,
    risk: 'low',
    policyVersion: 'logger',
    candidates: propensities.map((propensity, at) => ({
      model: MODEL_NAMES[at] ?? '',
      tier: at === 0 ? 'local_small' : 'premium_api',
      propensity,
      predictedSuccess: 0.5,
      expectedCostUsd: 0.01 * (at + 1),
      expectedLatencyS: 1,
    })),
    action: chosen,
    propensity: propensities[action] ?? 0,
    outcome,
    observed: new Map(
      successes === undefined
        ? [[chosen, outcome]]
        : successes.map((own, at) => [MODEL_NAMES[at] ?? '', { ...outcome, success: own }]),
    ),
  }
}

export function rowsOf(count: number, init: (at: number) => RowInit): readonly LoggedTask[] {
  return Array.from({ length: count }, (_, at) => logRow({ hash: `h${at}`, ...init(at) }))
}

/** A policy that does the same on every row. */
export function always(tasks: readonly LoggedTask[], probabilities: readonly number[]): readonly Float64Array[] {
  return tasks.map(() => Float64Array.from(probabilities))
}
