/** Mean score and cost of a model. */
export type ModelMeans = { readonly score: number; readonly usd: number }

/** Send this share of the tasks to the first model and the rest to the second, whatever they are. */
export type RandomMix = { readonly first: number; readonly second: number; readonly firstShare: number }

/**
 * The cheapest mix of two models (or one) whose mean score reaches `score`: what any router has to beat, since it looks at nothing.
 *
 * @returns `undefined` when no model reaches the score.
 */
export function cheapestMix(models: readonly ModelMeans[], score: number): RandomMix | undefined {
  let best: RandomMix | undefined
  let bestUsd = Number.POSITIVE_INFINITY
  for (const [first, strong] of models.entries()) {
    if (strong.score < score) continue
    for (const [second, weak] of models.entries()) {
      // A second model that reaches the score by itself is looked at as a first one.
      if (second !== first && weak.score >= score) continue
      const firstShare = second === first ? 1 : (score - weak.score) / (strong.score - weak.score)
      const usd = firstShare * strong.usd + (1 - firstShare) * weak.usd
      if (usd < bestUsd) {
        best = { first, second, firstShare }
        bestUsd = usd
      }
    }
  }
  return best
}
