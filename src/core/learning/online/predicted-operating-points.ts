import { exp, log } from '../../../base/deterministic-math.ts'
import { scoreBatch, type LinearModel } from '../../kernels/linear-model.ts'
import { bestTradeIndex } from '../../policy/best-trade.ts'
import type { OperatingPoint } from '../../policy/policy-artefact.ts'
import { QUALITY_SHARES } from '../operating-points.ts'

const STEPS = 120
/** More tasks than these say little more of a weight. */
const TASKS_MAX = 400
const WEIGHT_MIN = 0.05
const WEIGHT_MAX = 20_000

/**
 * For each quality share the largest weight of a dollar at which the chosen models are *predicted* to reach that share of the best
 * single model's predicted success, over the tasks given. No outcome of a model that was not called is known online, so predictions
 * take their place; a batch training with known outcomes has `chooseOperatingPoints`.
 *
 * @param tasks Encoded dense inputs of recent tasks.
 */
export function predictedOperatingPoints(
  { success, usd }: { readonly success: LinearModel; readonly usd: LinearModel },
  tasks: readonly Float64Array[],
): readonly OperatingPoint[] {
  if (tasks.length === 0) return []
  const stride = Math.ceil(tasks.length / TASKS_MAX)
  const inputs = tasks.filter((_, index) => index % stride === 0)
  const chances = inputs.map((dense) => scores(success, dense, 'sigmoid'))
  const costs = inputs.map((dense) => scores(usd, dense, 'raw').map((value) => Math.max(0, value)))
  const totals = new Float64Array(success.modelCount)
  for (const row of chances) for (const [m, value] of row.entries()) totals[m] = (totals[m] ?? 0) + value
  const best = Math.max(...totals)
  const weights = Array.from({ length: STEPS + 1 }, (_, step) =>
    exp(log(WEIGHT_MIN) + (step / STEPS) * (log(WEIGHT_MAX) - log(WEIGHT_MIN))),
  )
  const reached = weights.map((weight) => {
    let sum = 0
    for (const [row, own] of chances.entries()) {
      const place = bestTradeIndex(own, costs[row] ?? own, weight)
      sum += own[place] ?? 0
    }
    return sum / best
  })
  return QUALITY_SHARES.flatMap((qualityShare) => {
    const successPerUsd = weights[reached.findLastIndex((share) => share >= qualityShare)]
    return successPerUsd === undefined ? [] : [{ qualityShare, successPerUsd }]
  })
}

function scores(model: LinearModel, dense: Float64Array, kind: 'raw' | 'sigmoid'): Float64Array {
  const out = new Float64Array(model.modelCount)
  const empty = new Uint32Array(0)
  scoreBatch(
    model,
    { rowCount: 1, dense, offsets: new Uint32Array(2), indices: empty, values: new Float64Array(0) },
    { kind, out },
  )
  return out
}
