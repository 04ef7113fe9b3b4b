import { clusterSums, type TaskClusters } from './task-clusters.ts'

/** What was logged: in each row the probabilities of all actions, and the action that was taken. */
export type ActionLog = {
  /** By row, one probability per action of that row; they may have different actions. */
  readonly logged: readonly Float64Array[]
  /** By row: place of the action that was taken. Its logged probability is above 0. */
  readonly actions: Int32Array
  /** Which rows are of one task; absent: all are of different ones. */
  readonly clusters?: TaskClusters
}

/** P(policy takes action) by row, in the places of the log's actions; each row sums to 1. */
export type PolicyProbabilities = readonly Float64Array[]

/** How well a log can say what a policy is worth. */
export type WeightDiagnostics = {
  readonly rows: number
  /** Tasks that a direct sample of the same precision would have: (sum w)^2 / sum w^2 over tasks (Kish, 1965). */
  readonly effectiveRows: number
  /** The largest weight before clipping. */
  readonly weightMax: number
  /** Share of rows whose weight was clipped. */
  readonly clippedShare: number
  /** Share of what the policy does that the log cannot speak of: actions that were never taken, and weight above the clip. */
  readonly unseenShare: number
}

export type ImportanceWeights = {
  /** P(policy takes the logged action) / P(it was logged), by row, at most `weightClip`. */
  readonly weights: Float64Array
  /** Weight above the clip, mean over rows. */
  readonly clippedMass: number
  readonly diagnostics: WeightDiagnostics
}

/** From here on a single row would stand for hundreds; what is clipped widens intervals instead of vanishing. */
export const WEIGHT_CLIP_DEFAULT = 200

export function importanceWeights(
  { logged, actions, clusters }: ActionLog,
  policy: PolicyProbabilities,
  weightClip: number = WEIGHT_CLIP_DEFAULT,
): ImportanceWeights {
  const rows = actions.length
  const weights = new Float64Array(rows)
  let weightMax = 0
  let clipped = 0
  let clippedMass = 0
  let unseen = 0
  for (let row = 0; row < rows; row += 1) {
    const place = actions[row] ?? 0
    const weight = (policy[row]?.[place] ?? 0) / (logged[row]?.[place] ?? 0)
    const kept = Math.min(weight, weightClip)
    weights[row] = kept
    weightMax = Math.max(weightMax, weight)
    if (weight > weightClip) clipped += 1
    clippedMass += weight - kept
    unseen += unsupportedOf(logged[row], policy[row])
  }
  return {
    weights,
    clippedMass: rows === 0 ? 0 : clippedMass / rows,
    diagnostics: {
      rows,
      effectiveRows: kishOf(clusters === undefined ? weights : clusterSums(weights, clusters)),
      weightMax,
      clippedShare: rows === 0 ? 0 : clipped / rows,
      unseenShare: rows === 0 ? 0 : (unseen + clippedMass) / rows,
    },
  }
}

/** Probability that the policy takes an action of this row that the log never takes. */
function unsupportedOf(logged: Float64Array | undefined, policy: Float64Array | undefined): number {
  let mass = 0
  for (const [place, probability] of (policy ?? []).entries()) if (!((logged?.[place] ?? 0) > 0)) mass += probability
  return mass
}

/** Tasks that speak of the difference of two policies: where both do the same, their weights cancel. */
export function effectiveDisagreement(
  candidate: Float64Array,
  incumbent: Float64Array,
  clusters?: TaskClusters,
): number {
  const differences = candidate.map((weight, row) => Math.abs(weight - (incumbent[row] ?? 0)))
  return kishOf(clusters === undefined ? differences : clusterSums(differences, clusters))
}

function kishOf(weights: Float64Array): number {
  let sum = 0
  let squares = 0
  for (const weight of weights) {
    sum += weight
    squares += weight * weight
  }
  return squares > 0 ? (sum * sum) / squares : 0
}
