/**
 * A step function from raw to calibrated confidence: raw values up to and including `upTo` map to `value`. Steps are
 * sorted by `upTo`; values never fall (isotonic). Empty: the identity.
 */
export type ConfidenceCalibration = { readonly steps: readonly CalibrationStep[] }

export type CalibrationStep = { readonly upTo: number; readonly value: number }

/** One verified answer and how it turned out. */
export type ConfidenceOutcome = { readonly confidence: number; readonly isRight: boolean }

/** The calibrated confidence of a raw one, 0..1; raw values beyond the last step take its value. */
export function calibrateConfidence(raw: number, { steps }: ConfidenceCalibration): number {
  const step = steps.find(({ upTo }) => raw <= upTo) ?? steps.at(-1)
  return step === undefined ? raw : Math.min(1, Math.max(0, step.value))
}

/** Fewest outcomes behind one step; smaller groups are merged with their neighbours before fitting. */
const GROUP_SIZE_MIN_DEFAULT = 25

export type FitCalibrationInit = { readonly groupSizeMin?: number }

type Group = { upTo: number; right: number; count: number }

/**
 * Fits a calibration to outcomes: groups of at least `groupSizeMin` by raw confidence, each with Laplace's rate
 * (right + 1) / (n + 2), made monotone by pooling adjacent violators (Ayer et al. 1955).
 */
export function fitCalibration(
  outcomes: readonly ConfidenceOutcome[],
  init: FitCalibrationInit = {},
): ConfidenceCalibration {
  const pooled: Group[] = []
  for (const group of groupOutcomes(outcomes, init.groupSizeMin ?? GROUP_SIZE_MIN_DEFAULT)) {
    pooled.push(group)
    for (let last = pooled.length - 1; last > 0; last--) {
      const [earlier, later] = [pooled[last - 1], pooled[last]]
      if (earlier === undefined || later === undefined || rateOf(earlier) <= rateOf(later)) break
      pooled.splice(last - 1, 2, merge(earlier, later))
    }
  }
  return { steps: pooled.map((group) => ({ upTo: group.upTo, value: rateOf(group) })) }
}

function groupOutcomes(outcomes: readonly ConfidenceOutcome[], sizeMin: number): readonly Group[] {
  const groups: Group[] = []
  for (const { confidence, isRight } of outcomes.toSorted((a, b) => a.confidence - b.confidence)) {
    const current = groups.at(-1)
    const isFull = current === undefined || (current.count >= sizeMin && current.upTo < confidence)
    if (isFull) groups.push({ upTo: confidence, right: Number(isRight), count: 1 })
    else Object.assign(current, { upTo: confidence, right: current.right + Number(isRight), count: current.count + 1 })
  }
  const last = groups.at(-1)
  const previous = groups.at(-2)
  if (last === undefined || previous === undefined || last.count >= sizeMin) return groups
  return [...groups.slice(0, -2), merge(previous, last)]
}

function merge(earlier: Group, later: Group): Group {
  return { upTo: later.upTo, right: earlier.right + later.right, count: earlier.count + later.count }
}

function rateOf({ right, count }: Group): number {
  return (right + 1) / (count + 2)
}
