import type { AcceptanceModel } from './acceptance-model.ts'
import type { CacheCalibration } from './cache-calibration.ts'
import { chooseThreshold, type ScoredHit, type ThresholdChoice } from './error-bound.ts'
import type { PromptForm } from './prompt-form.ts'
import { trainAcceptance, type AcceptanceExample, type OnTrainingStep } from './train-acceptance.ts'

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
  readonly onStep?: OnTrainingStep
}

/**
 * Trains the scorer and chooses its thresholds by the scores of trees that had not seen the query nor any question tied to it, so that the
 * bound speaks of data not trained on. `undefined` when there is nothing to learn from: no right or no wrong example.
 */
export function calibrateAcceptance(
  examples: readonly CalibrationExample[],
  init: CalibrateInit,
): { readonly model: AcceptanceModel; readonly thresholds: CacheCalibration['thresholds'] } | undefined {
  if (!examples.some(({ isRight }) => isRight) || !examples.some(({ isRight }) => !isRight)) return undefined
  const { model, unseenScores } = trainAcceptance(examples, init.rarity, init.onStep)
  const best = new Map<number, ScoredHit & { readonly form: PromptForm }>()
  for (const [at, { lookup, isRight, form }] of examples.entries()) {
    const score = unseenScores[at] ?? 0
    const known = best.get(lookup)
    if (known === undefined || score > known.score) best.set(lookup, { score, isRight, form })
  }
  const thresholdOf = (form: PromptForm): ThresholdChoice | undefined =>
    chooseThreshold(
      [...best.values()].filter((hit) => hit.form === form),
      { exactHits: init.exactHits[form], maxWrong: init.maxWrong, confidence: init.confidence },
    )
  const question = thresholdOf('question')
  const statement = thresholdOf('statement')
  return { model, thresholds: { ...(question && { question }), ...(statement && { statement }) } }
}
