import type { Estimate } from '../../../core/learning/off-policy/mean-interval.ts'
import { BASELINES, baselineProbabilities } from '../../../core/learning/savings/baselines.ts'
import { estimateSavings, type Savings } from '../../../core/learning/savings/estimate-savings.ts'
import type { LoggedTask } from '../../../core/learning/logged-task.ts'
import type { ModelEntry } from '../../../core/models/model-entry.ts'
import { createServedChoices } from '../../../router/served-choices.ts'

export type SavingsRequest = {
  readonly tasks: readonly LoggedTask[]
  /** Bound that the documented priors keep, as configured. */
  readonly quality: number
  readonly findEntry: (modelId: string) => ModelEntry | undefined
}

type Figure = { readonly value: number; readonly ci95: readonly [number, number] }

/** What was saved beside one baseline, dollars per task and for all rows; or why nothing can be said. */
export type SavingsRow =
  | {
      readonly baseline: string
      readonly is_supported: true
      readonly rows: number
      readonly estimator: string
      readonly actual_usd: Figure
      readonly baseline_usd: Figure
      readonly saved_usd: Figure
      /** Of the baseline's cost; `null` when that is nothing. */
      readonly saved_share: Figure | null
      /** Over all rows. */
      readonly saved_total_usd: Figure
      /** Share of tasks that succeeded more, or fewer, than they would have. */
      readonly quality_gain: Figure | null
      readonly effective_rows: number
    }
  | { readonly baseline: string; readonly is_supported: false; readonly because: string }

export type SavingsReport = {
  readonly tasks: number
  /** Estimates for tasks that were logged with the probabilities of what they began with. */
  readonly baselines: readonly SavingsRow[]
}

/** What routing saved against policies that did not run: always premium, always cheap, a random mix, and the documented priors. */
export function reportSavings({ tasks, quality, findEntry }: SavingsRequest): SavingsReport {
  const rows = BASELINES.map((name) =>
    rowOf(estimateSavings({ tasks, baseline: { name, probabilities: baselineProbabilities(name, tasks) } })),
  )
  return { tasks: tasks.length, baselines: [...rows, priorsRow(tasks, { quality, findEntry })] }
}

/** The priors need the text of a task, or to have been the policy that logged it. */
function priorsRow(
  tasks: readonly LoggedTask[],
  { quality, findEntry }: Pick<SavingsRequest, 'quality' | 'findEntry'>,
): SavingsRow {
  const priors = createServedChoices({ artefact: undefined, quality, findEntry })
  const choices = tasks.map((task) => priors.choose(task))
  const decided = tasks.filter((_, row) => choices[row] !== undefined)
  const name = 'priors'
  if (decided.length < tasks.length * 0.95) {
    const because = `${tasks.length - decided.length} of ${tasks.length} tasks cannot be decided again: their text was not kept`
    return { baseline: name, is_supported: false, because }
  }
  const probabilities = choices.flatMap((choice) => choice?.probabilities ?? [])
  return rowOf(estimateSavings({ tasks: decided, baseline: { name, probabilities } }))
}

function rowOf(savings: Savings): SavingsRow {
  const { baseline } = savings
  if (savings.kind === 'unsupported') return { baseline, is_supported: false, because: savings.message }
  const figure = ({ value, low, high }: Estimate, factor: number = 1): Figure => ({
    value: value * factor,
    ci95: [low * factor, high * factor],
  })
  return {
    baseline,
    is_supported: true,
    rows: savings.rows,
    estimator: savings.estimator,
    actual_usd: figure(savings.actualUsd),
    baseline_usd: figure(savings.baselineUsd),
    saved_usd: figure(savings.savedUsd),
    saved_share: savings.savedShare === undefined ? null : figure(savings.savedShare),
    saved_total_usd: figure(savings.savedUsd, savings.rows),
    quality_gain: savings.qualityGain === undefined ? null : figure(savings.qualityGain),
    effective_rows: savings.effectiveRows,
  }
}
