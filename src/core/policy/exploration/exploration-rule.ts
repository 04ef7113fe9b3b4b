/**
 * How the first model of a plan is drawn.
 *
 * `epsilon`: the best model by prediction; only the floors try others.
 * `linucb`: the model whose upper bound (prediction plus `width` standard deviations) is best.
 * `thompson`: every model with the probability that it is the best one, given how sure the predictions are.
 *
 * @see Li, Chu, Langford, Schapire (2010), A contextual-bandit approach (LinUCB); Thompson (1933), as probability matching.
 */
export type ExplorationMethod = 'epsilon' | 'linucb' | 'thompson'

export const EXPLORATION_METHODS: readonly ExplorationMethod[] = ['epsilon', 'linucb', 'thompson']

/** What exploration may do in one decision. Part of the rule, so that the decision can be computed again. */
export type ExplorationRule = {
  readonly method: ExplorationMethod
  /** Share of the draws, 0 to 1, spread evenly over all candidates that may be drawn: no propensity is lower than its part. */
  readonly floor: number
  /** Share of the draws, 0 to 1, spread evenly over candidates that no cheaper one is known to surpass. Together with `floor` at most 1. */
  readonly contenders: number
  /** Standard deviations of the upper bound of `linucb`, 0 or more. */
  readonly width: number
  /** What may still be given up before exploration stops; a member that is absent has no limit. */
  readonly regretLeft: Partial<ExplorationRegret>
}

/** What a draw is expected to cost beside the best prediction. Both are 0 or more. */
export type ExplorationRegret = {
  /**
   * Right answers. Where cost is traded, dollars are counted at the rule's weight; where a bound is kept, success above the bound
   * counts no more than the bound.
   */
  readonly utility: number
  /** Dollars above those of the model that would have been called. */
  readonly usd: number
}
