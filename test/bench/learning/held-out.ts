/** Mean log loss of raw scores as log odds, in nats, and the area under the ROC curve. */
export function judgeScores(
  scores: Float64Array,
  labels: Float32Array,
): { readonly logLoss: number; readonly auc: number } {
  let sum = 0
  for (const [row, score] of scores.entries()) sum += Math.log1p(Math.exp(labels[row] === 1 ? -score : score))
  const order = Array.from(scores.keys()).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0))
  let ranks = 0
  let rights = 0
  for (const [rank, row] of order.entries()) {
    if (labels[row] !== 1) continue
    ranks += rank + 1
    rights += 1
  }
  const wrongs = scores.length - rights
  return { logLoss: sum / scores.length, auc: (ranks - (rights * (rights + 1)) / 2) / (rights * wrongs) }
}
