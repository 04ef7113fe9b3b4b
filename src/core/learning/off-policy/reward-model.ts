import type { LoggedTask } from '../logged-task.ts'

/** What beginning with `model` is expected to bring for `task`. It reads what was known before the task ran, and nothing that came of it. */
export type RewardModel = (task: LoggedTask, model: string) => number

/** A task that was run, and what came of it in the unit of the metric. */
export type RewardedTask = { readonly task: LoggedTask; readonly reward: number }

/** Learns a reward model from rows of other folds. At least one row. */
export type FitRewardModel = (rows: readonly RewardedTask[]) => RewardModel

/** Numbers that a linear reward model reads for a task and a model, always equally many; what was predicted then, for example. */
export type RewardPredictors = (task: LoggedTask, model: string) => readonly number[]

/** Folds of a cross-fit. */
export const FOLDS_DEFAULT = 5

/** Rows of a model from which its own line is fitted; below it the line of all models stands for it. */
const MODEL_ROWS_MIN = 30

/** Penalty of a slope per row, for predictors scaled to unit variance; it keeps lines of few rows flat. */
const RIDGE = 0.01

/**
 * Expected reward of every candidate in every row, by models fitted on the other folds (cross-fitting: Chernozhukov et al., 2018), so
 * that no row helped to predict itself. Rows of one task hash are in one fold.
 *
 * @param rewards  One per task, `undefined` where it was not measured; such rows are predicted but not learnt from.
 * @returns By row, one value per candidate of that row.
 */
export function crossFit(
  tasks: readonly LoggedTask[],
  rewards: readonly (number | undefined)[],
  { fit, folds = FOLDS_DEFAULT }: { readonly fit: FitRewardModel; readonly folds?: number },
): readonly Float64Array[] {
  const foldOf = tasks.map(({ taskHash }) => hashOf(taskHash) % folds)
  const models = Array.from({ length: folds }, (_, fold): RewardModel => {
    const rows = tasks.flatMap((task, row) => {
      const reward = rewards[row]
      return foldOf[row] === fold || reward === undefined ? [] : [{ task, reward }]
    })
    return rows.length === 0 ? () => 0 : fit(rows)
  })
  return tasks.map((task, row) => {
    const model = models[foldOf[row] ?? 0]
    return Float64Array.from(task.candidates, (candidate) => model?.(task, candidate.model) ?? 0)
  })
}

/** FNV-1a over UTF-16 code units, with a last mix so that neighbouring texts fall into different folds. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad)
  return (hash ^ (hash >>> 15)) >>> 0
}

/**
 * A line per model over a few predictors, by ridge regression; a model with few rows gets the line of all models. What comes out is kept
 * within the rewards that were seen: outside of them a line knows nothing.
 */
export function fitLinearRewards(predictorsOf: RewardPredictors): FitRewardModel {
  return (rows) => {
    const [low, high] = rangeOf(rows)
    const pooled = fitLine(rows, predictorsOf)
    const byModel = new Map<string, RewardedTask[]>()
    for (const row of rows) {
      const own = byModel.get(row.task.action) ?? []
      own.push(row)
      byModel.set(row.task.action, own)
    }
    const lines = new Map(
      [...byModel].flatMap(([model, own]) =>
        own.length < MODEL_ROWS_MIN ? [] : [[model, fitLine(own, predictorsOf)] as const],
      ),
    )
    return (task, model) => {
      const value = valueOn(lines.get(model) ?? pooled, predictorsOf(task, model))
      return Math.min(high, Math.max(low, value))
    }
  }
}

function rangeOf(rows: readonly RewardedTask[]): readonly [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { reward } of rows) {
    low = Math.min(low, reward)
    high = Math.max(high, reward)
  }
  return [low, high]
}

type Line = { readonly centres: readonly number[]; readonly slopes: readonly number[]; readonly level: number }

function valueOn({ centres, slopes, level }: Line, predictors: readonly number[]): number {
  let value = level
  for (const [at, slope] of slopes.entries()) value += slope * ((predictors[at] ?? 0) - (centres[at] ?? 0))
  return value
}

/** Ridge regression by the normal equations; predictors are few. */
function fitLine(rows: readonly RewardedTask[], predictorsOf: RewardPredictors): Line {
  const inputs = rows.map(({ task }) => predictorsOf(task, task.action))
  const size = inputs[0]?.length ?? 0
  const level = rows.reduce((sum, { reward }) => sum + reward, 0) / rows.length
  const centres = Array.from(
    { length: size },
    (_, at) => inputs.reduce((sum, row) => sum + (row[at] ?? 0), 0) / rows.length,
  )
  const products = Array.from({ length: size }, () => new Float64Array(size + 1))
  for (const [place, row] of inputs.entries()) {
    for (const [i, sums] of products.entries()) {
      const xi = (row[i] ?? 0) - (centres[i] ?? 0)
      for (let j = 0; j < size; j += 1)
        sums[j] = (sums[j] ?? 0) + (xi * ((row[j] ?? 0) - (centres[j] ?? 0))) / rows.length
      sums[size] = (sums[size] ?? 0) + (xi * ((rows[place]?.reward ?? 0) - level)) / rows.length
    }
  }
  for (const [i, sums] of products.entries()) sums[i] = (sums[i] ?? 0) * (1 + RIDGE) + 1e-18
  return { centres, slopes: solve(products), level }
}

/** Gauss elimination without pivoting: the matrix is symmetric and positive definite. The last column is the right-hand side. */
function solve(matrix: readonly Float64Array[]): readonly number[] {
  const size = matrix.length
  for (const [i, row] of matrix.entries()) {
    const pivot = row[i] ?? 0
    for (const below of matrix.slice(i + 1)) {
      const factor = pivot === 0 ? 0 : (below[i] ?? 0) / pivot
      for (let j = i; j <= size; j += 1) below[j] = (below[j] ?? 0) - factor * (row[j] ?? 0)
    }
  }
  const solution = Array.from({ length: size }, () => 0)
  for (let i = size - 1; i >= 0; i -= 1) {
    const row = matrix[i]
    let rest = row?.[size] ?? 0
    for (let j = i + 1; j < size; j += 1) rest -= (row?.[j] ?? 0) * (solution[j] ?? 0)
    const pivot = row?.[i] ?? 0
    solution[i] = pivot === 0 ? 0 : rest / pivot
  }
  return solution
}
