import { exp, log } from '../../base/deterministic-math.ts'
import type { OperatingPoint } from '../policy/policy-artefact.ts'
import { bestTradeIndex } from '../policy/best-trade.ts'

/** Columns per candidate, one value per row: what happened, and what heads that did not see the row predicted. */
export type OperatingRows = {
  readonly success: readonly Float64Array[]
  readonly usd: readonly Float64Array[]
  readonly predictedSuccess: readonly Float64Array[]
  readonly predictedUsd: readonly Float64Array[]
}

/** Shares of the best single model's quality that a policy is tuned for. */
export const QUALITY_SHARES: readonly number[] = [0.9, 0.95, 0.99, 1]

const STEPS = 400
const WEIGHT_MIN = 0.05
const WEIGHT_MAX = 20_000

/**
 * For each quality share the largest weight of a dollar at which held-out choices still reach it. Where even a weight of nearly
 * nothing does not reach the share, the point is left out: the best single model is the answer there.
 */
export function chooseOperatingPoints(rows: OperatingRows): readonly OperatingPoint[] {
  const best = Math.max(...rows.success.map(meanOf))
  const weights = Array.from({ length: STEPS + 1 }, (_, step) =>
    exp(log(WEIGHT_MIN) + (step / STEPS) * (log(WEIGHT_MAX) - log(WEIGHT_MIN))),
  )
  const reached = weights.map((weight) => qualityAt(rows, weight))
  return QUALITY_SHARES.flatMap((qualityShare) => {
    const last = reached.findLastIndex((quality) => quality >= qualityShare * best)
    const successPerUsd = weights[last]
    return successPerUsd === undefined ? [] : [{ qualityShare, successPerUsd }]
  })
}

function qualityAt({ success, predictedSuccess, predictedUsd }: OperatingRows, successPerUsd: number): number {
  const rowCount = success[0]?.length ?? 0
  let sum = 0
  const values = new Float64Array(success.length)
  const costs = new Float64Array(success.length)
  for (let row = 0; row < rowCount; row += 1) {
    for (let m = 0; m < success.length; m += 1) {
      values[m] = predictedSuccess[m]?.[row] ?? 0
      costs[m] = Math.max(0, predictedUsd[m]?.[row] ?? 0)
    }
    sum += success[bestTradeIndex(values, costs, successPerUsd)]?.[row] ?? 0
  }
  return rowCount > 0 ? sum / rowCount : 0
}

function meanOf(column: Float64Array): number {
  return column.reduce((sum, value) => sum + value, 0) / Math.max(1, column.length)
}
