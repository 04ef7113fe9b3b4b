import type { OutcomeSums } from './outcome-statistics.ts'
import { invertPositiveDefinite, timesVector } from './positive-definite.ts'

/** Prior precision of the common cost weights: as many outcomes as this say as much as the prior, per input. */
const PENALTY_PER_INPUT = 1
const ROUNDS = 3

/**
 * Expected dollars, as one weight vector per candidate:
 *
 * ```
 * usd = g_k (1 + x' v)
 * ```
 *
 * How the features of a task move its cost (its length above all) is common to all candidates, and learned from every call; g_k is what
 * candidate k costs beside the others. A candidate that was never called costs the mean of those that were. Alternating least squares
 * on the sums: each round fits v with the levels held, then the levels with v held.
 *
 * @param isConstant Inputs that are levels themselves and so get no weight of their own.
 * @returns `undefined` as long as no cost is known.
 */
export function solveCosts(
  { size, candidates, costGram }: OutcomeSums,
  isConstant: (input: number) => boolean,
): readonly Float64Array[] | undefined {
  const known = candidates.filter(({ costWeight }) => costWeight > 0)
  if (known.length === 0) return undefined
  const matrix = costGram.slice()
  for (let j = 0; j < size; j += 1) {
    if (isConstant(j)) {
      for (let other = 0; other < size; other += 1) {
        matrix[j * size + other] = 0
        matrix[other * size + j] = 0
      }
    }
    matrix[j * size + j] = (matrix[j * size + j] ?? 0) + PENALTY_PER_INPUT * size
  }
  const inverse = invertPositiveDefinite(matrix, size)
  let slopes: Float64Array = new Float64Array(size)
  const levelOf = ({ costWeight, costUsd, costInput }: (typeof known)[number]): number => {
    let scale = costWeight
    for (let j = 0; j < size; j += 1) scale += (slopes[j] ?? 0) * (costInput[j] ?? 0)
    // The expected scale of a few odd tasks may come out next to nothing; a level from it would be no cost but an accident.
    return Math.max(0, costUsd) / Math.max(scale, LEVEL_SCALE_MIN * costWeight)
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const right = new Float64Array(size)
    for (const sums of known) {
      const level = levelOf(sums)
      if (level <= 0) continue
      for (let j = 0; j < size; j += 1)
        if (!isConstant(j)) right[j] = (right[j] ?? 0) + (sums.costMoment[j] ?? 0) / level - (sums.costInput[j] ?? 0)
    }
    slopes = timesVector(inverse, right)
  }
  const levels = known.map(levelOf)
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length
  return candidates.map((sums) => {
    const level = sums.costWeight > 0 ? levelOf(sums) : mean
    return slopes.map((slope, j) => level * (isConstant(j) ? 1 : slope))
  })
}

const LEVEL_SCALE_MIN = 0.2
