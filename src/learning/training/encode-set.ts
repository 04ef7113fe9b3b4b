import { fitRecipe } from '../../core/learning/fit-recipe.ts'
import { fitMoments } from '../../core/learning/training/fit-moments.ts'
import { writePromptInput } from '../../core/policy/encode-features.ts'
import { denseInputCount, type FeatureRecipe } from '../../core/policy/feature-recipe.ts'
import { PROMPT_FEATURES } from '../../core/policy/prompt-features.ts'
import type { TrainingSet } from './training-set.ts'

export type EncodedSet = TrainingSet & { readonly recipe: FeatureRecipe; readonly denseCount: number }

/**
 * Finds the recipe of the rows and writes their dense inputs in place of the raw features. To be called once for a set.
 *
 * @param withTemplates  Look for families of prompts, where there are few enough rows for it. They are told apart by the outcomes of all
 *   rows; no held-out row is scored by them: only the exact method reads their flags, and it looks for them anew without each fold.
 */
export function encodeSet(set: TrainingSet, withTemplates: boolean): EncodedSet {
  const { trainer, rowCount, prepared, bucketBits } = set
  const recipe =
    prepared === undefined
      ? fitMoments({ rowCount, read: (row, out) => out.set(rawOf(set, row)) }, bucketBits)
      : fitRecipe(prepared, { bucketBits, outcomes: outcomesOf(set), withTemplates })
  const denseCount = denseInputCount(recipe, false)
  const raw = new Float64Array(PROMPT_FEATURES.length)
  const input = new Float64Array(trainer.rows.shape.denseCount)
  for (let row = 0; row < rowCount; row += 1) {
    raw.set(prepared?.[row]?.raw ?? rawOf(set, row))
    writePromptInput(recipe, raw, input)
    trainer.rows.dense(row).set(input)
  }
  return { ...set, recipe, denseCount }
}

function rawOf({ trainer }: TrainingSet, row: number): Float32Array {
  return trainer.rows.dense(row).subarray(0, PROMPT_FEATURES.length)
}

/** Per row one outcome per candidate, NaN where it is not known or does not count. */
function outcomesOf({ rowCount, candidates }: TrainingSet): readonly Float64Array[] {
  return Array.from({ length: rowCount }, (_, row) =>
    Float64Array.from(candidates, ({ success, weights }) =>
      (weights[row] ?? 0) > 0 ? (success[row] ?? Number.NaN) : Number.NaN,
    ),
  )
}
