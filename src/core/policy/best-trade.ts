/** What a candidate is worth in a trade: predicted success, less its dollars times the weight of a dollar. */
export function tradeValue(success: number, usd: number, successPerUsd: number): number {
  return success - successPerUsd * usd
}

/** Place of the candidate worth most; the first among equals. Both arrays have one entry per candidate, at least one. */
export function bestTradeIndex(success: ArrayLike<number>, usd: ArrayLike<number>, successPerUsd: number): number {
  let best = 0
  let bestValue = Number.NEGATIVE_INFINITY
  for (let place = 0; place < success.length; place += 1) {
    const value = tradeValue(success[place] ?? 0, usd[place] ?? 0, successPerUsd)
    if (value > bestValue) {
      best = place
      bestValue = value
    }
  }
  return best
}
