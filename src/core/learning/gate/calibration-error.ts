/** Predictions and what came of them; equally long. */
export type PredictedOutcomes = {
  /** P(right) as predicted, 0 to 1. */
  readonly predicted: Float64Array
  /** 0 to 1. */
  readonly right: Float64Array
  /** How much each counts; all 1 for a plain mean. */
  readonly weights: Float64Array
}

export type CalibrationBin = {
  /** Weighted means within the bin. */
  readonly predicted: number
  readonly right: number
  /** Of all weight. */
  readonly share: number
}

export type CalibrationFigures = {
  /** Mean distance of prediction and outcome over the bins, by weight (expected calibration error); `undefined` without rows. */
  readonly error: number | undefined
  readonly bins: readonly CalibrationBin[]
}

const BINS = 10

/** Expected calibration error over ten bins of equal weight (Naeini, Cooper and Hauskrecht, 2015, with bins of equal mass). */
export function calibrationError({ predicted, right, weights }: PredictedOutcomes): CalibrationFigures {
  const order = [...predicted.keys()]
    .filter((row) => (weights[row] ?? 0) > 0)
    .toSorted((a, b) => (predicted[a] ?? 0) - (predicted[b] ?? 0) || a - b)
  const total = order.reduce((sum, row) => sum + (weights[row] ?? 0), 0)
  if (total === 0) return { error: undefined, bins: [] }
  const sums = Array.from({ length: BINS }, () => ({ weight: 0, predicted: 0, right: 0 }))
  let passed = 0
  for (const row of order) {
    const weight = weights[row] ?? 0
    const bin = sums[Math.min(BINS - 1, Math.floor(((passed + weight / 2) / total) * BINS))]
    passed += weight
    if (bin === undefined) continue
    bin.weight += weight
    bin.predicted += weight * (predicted[row] ?? 0)
    bin.right += weight * (right[row] ?? 0)
  }
  const bins = sums
    .filter(({ weight }) => weight > 0)
    .map((bin) => ({ predicted: bin.predicted / bin.weight, right: bin.right / bin.weight, share: bin.weight / total }))
  return { error: bins.reduce((sum, bin) => sum + bin.share * Math.abs(bin.predicted - bin.right), 0), bins }
}
