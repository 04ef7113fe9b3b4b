/** One outcome of one model, with the task's encoded features. */
export type OnlineOutcome = {
  /** Place of the model among the candidates. */
  readonly candidate: number
  /** Dense input of the recipe. */
  readonly input: Float64Array
  /** 0 to 1. */
  readonly success: number
  /** Dollars; `undefined` when not known. */
  readonly costUsd: number | undefined
  /** What it counts: 1 for a verified outcome, less for a doubtful one; negative takes an outcome back that was learned before. */
  readonly weight: number
}

/** Sums over the outcomes of one candidate. All that is learned follows from sums, so outcomes may come in any order, one at a time. */
export type CandidateSums = {
  weight: number
  /** Sum of w x x', `size * size`, row-major. */
  readonly gram: Float64Array
  /** Sum of w x (success - prior mean). */
  readonly residual: Float64Array
  costWeight: number
  costUsd: number
  /** Sum of w x over the outcomes of known cost. */
  readonly costInput: Float64Array
  /** Sum of w x costUsd. */
  readonly costMoment: Float64Array
}

/** Sums per candidate, and over all candidates of known cost. */
export type OutcomeSums = {
  readonly size: number
  readonly candidates: readonly CandidateSums[]
  readonly costGram: Float64Array
}

export function createOutcomeSums(candidateCount: number, size: number): OutcomeSums {
  return {
    size,
    costGram: new Float64Array(size * size),
    candidates: Array.from({ length: candidateCount }, () => ({
      weight: 0,
      gram: new Float64Array(size * size),
      residual: new Float64Array(size),
      costWeight: 0,
      costUsd: 0,
      costInput: new Float64Array(size),
      costMoment: new Float64Array(size),
    })),
  }
}

/** Adds an outcome to the sums, in place. `prior`: success that was expected of this candidate for this task before anything was learned. */
export function addOutcome(sums: OutcomeSums, outcome: OnlineOutcome, prior: number): void {
  const { input, weight, success, costUsd } = outcome
  const own = sums.candidates[outcome.candidate]
  if (own === undefined) throw new RangeError(`There is no candidate ${outcome.candidate}`)
  own.weight += weight
  addOuterProduct(own.gram, input, weight)
  addScaled(own.residual, input, weight * (success - prior))
  if (costUsd === undefined) return
  own.costWeight += weight
  own.costUsd += weight * costUsd
  addScaled(own.costInput, input, weight)
  addScaled(own.costMoment, input, weight * costUsd)
  addOuterProduct(sums.costGram, input, weight)
}

function addScaled(out: Float64Array, vector: Float64Array, factor: number): void {
  for (let j = 0; j < out.length; j += 1) out[j] = (out[j] ?? 0) + factor * (vector[j] ?? 0)
}

function addOuterProduct(out: Float64Array, vector: Float64Array, factor: number): void {
  const size = vector.length
  for (let row = 0; row < size; row += 1) {
    const value = factor * (vector[row] ?? 0)
    if (value === 0) continue
    const at = row * size
    for (let column = 0; column < size; column += 1)
      out[at + column] = (out[at + column] ?? 0) + value * (vector[column] ?? 0)
  }
}
