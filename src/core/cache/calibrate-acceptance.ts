import { acceptanceScore, type AcceptanceModel } from './acceptance-model.ts'
import type { CacheCalibration } from './cache-calibration.ts'
import { chooseThreshold, type ScoredHit, type ThresholdChoice } from './error-bound.ts'
import type { PromptForm } from './prompt-form.ts'
import { trainAcceptance, type AcceptanceExample } from './train-acceptance.ts'

/** A candidate that a lookup of the training files met and that no guard refused. */
export type CalibrationExample = AcceptanceExample & {
  /** Number of the lookup; its best-scored candidate is the one that would be served. */
  readonly lookup: number
  readonly form: PromptForm
}

export type CalibrateInit = {
  readonly rarity: Uint8Array
  /** Lookups of the training files that the exact tier answered, by form. */
  readonly exactHits: Readonly<Record<PromptForm, number>>
  readonly maxWrong: number
  readonly confidence: number
  /** Told after each of `CALIBRATION_STEPS` steps. */
  readonly onStep?: (step: number) => void
}

const FOLDS = 8
export const CALIBRATION_STEPS: number = FOLDS + 1

/**
 * Trains the scorer and chooses its thresholds. Scores for the choice come from models that saw neither the query nor any question tied to it
 * (cross-fitting by group), so that the bound speaks of data not trained on; the model returned saw everything.
 * `undefined` when there is nothing to learn from: no right or no wrong example.
 */
export function calibrateAcceptance(
  examples: readonly CalibrationExample[],
  init: CalibrateInit,
): { readonly model: AcceptanceModel; readonly thresholds: CacheCalibration['thresholds'] } | undefined {
  if (!isLearnable(examples)) return undefined
  const best = new Map<number, ScoredHit & { readonly form: PromptForm }>()
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const seen = examples.filter(({ queryGroup }) => foldOf(queryGroup) !== fold)
    const model = isLearnable(seen) ? trainAcceptance(seen, init.rarity) : undefined
    for (const example of examples) {
      if (model === undefined || foldOf(example.queryGroup) !== fold) continue
      const score = acceptanceScore(model, example.measures)
      const known = best.get(example.lookup)
      if (known === undefined || score > known.score)
        best.set(example.lookup, { score, isRight: example.isRight, form: example.form })
    }
    init.onStep?.(fold + 1)
  }
  const model = trainAcceptance(examples, init.rarity)
  init.onStep?.(CALIBRATION_STEPS)
  const thresholdOf = (form: PromptForm): ThresholdChoice | undefined =>
    chooseThreshold(
      [...best.values()].filter((hit) => hit.form === form),
      { exactHits: init.exactHits[form], maxWrong: init.maxWrong, confidence: init.confidence },
    )
  const question = thresholdOf('question')
  const statement = thresholdOf('statement')
  return { model, thresholds: { ...(question && { question }), ...(statement && { statement }) } }
}

/** Folds by other bits of the group than the inner folds of the training, which take the remainder. */
function foldOf(group: number): number {
  return Math.floor(group / 4096) % FOLDS
}

function isLearnable(examples: readonly CalibrationExample[]): boolean {
  return examples.some(({ isRight }) => isRight) && examples.some(({ isRight }) => !isRight)
}
