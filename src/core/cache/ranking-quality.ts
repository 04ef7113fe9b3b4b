/**
 * Area under the ROC curve: the chance that a positive is ranked above a negative, ties counting half. 0.5 when one kind is missing.
 * `scores` and `isPositive` have the same length.
 */
export function rankingQuality(scores: readonly number[], isPositive: readonly boolean[]): number {
  const order = scores.map((_, at) => at).sort((one, other) => (scores[one] ?? 0) - (scores[other] ?? 0))
  let positives = 0
  let rankSum = 0
  for (let start = 0; start < order.length;) {
    let end = start
    let tiedPositives = 0
    while (end < order.length && scores[order[end] ?? 0] === scores[order[start] ?? 0]) {
      if (isPositive[order[end] ?? 0] === true) tiedPositives += 1
      end += 1
    }
    rankSum += tiedPositives * ((start + 1 + end) / 2)
    positives += tiedPositives
    start = end
  }
  const negatives = scores.length - positives
  if (positives === 0 || negatives === 0) return 0.5
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}
