import type { ModelEntry } from '../../models/model-entry.ts'
import { writePromptInput } from '../../policy/encode-features.ts'
import { denseInputCount, type FeatureRecipe } from '../../policy/feature-recipe.ts'
import { priorSuccess } from '../../policy/success-priors.ts'
import type { TaskProfile } from '../../policy/task-profile.ts'
import { invertPositiveDefinite, timesVector } from './positive-definite.ts'

/** A task as it is before anybody answered it. */
export type UnansweredTask = {
  /** Raw prompt features in the order of `PROMPT_FEATURES`. */
  readonly features: Float64Array
  readonly profile: Pick<TaskProfile, 'difficulty' | 'domain'>
}

/** Pull of the weights to 0, in tasks. */
const PENALTY = 1

/**
 * The documented priors of success as linear weights, one vector per model: the least-squares fit of `priorSuccess` over tasks. It reads
 * prompts only, no outcome.
 */
export function priorWeights(
  recipe: FeatureRecipe,
  entries: readonly ModelEntry[],
  tasks: readonly UnansweredTask[],
): readonly Float64Array[] {
  const size = denseInputCount(recipe, false)
  const inputs = tasks.map(({ features }) => {
    const input = new Float64Array(size)
    writePromptInput(recipe, features, input)
    return input
  })
  const gram = new Float64Array(size * size)
  for (let j = 0; j < size; j += 1) gram[j * size + j] = PENALTY
  for (const input of inputs)
    for (let row = 0; row < size; row += 1)
      for (let column = 0; column < size; column += 1)
        gram[row * size + column] = (gram[row * size + column] ?? 0) + (input[row] ?? 0) * (input[column] ?? 0)
  const inverse = invertPositiveDefinite(gram, size)
  return entries.map((entry) => {
    const moment = new Float64Array(size)
    for (const [index, input] of inputs.entries()) {
      const task = tasks[index]
      if (task === undefined) continue
      const prior = priorSuccess(entry, task.profile)
      for (let j = 0; j < size; j += 1) moment[j] = (moment[j] ?? 0) + prior * (input[j] ?? 0)
    }
    return timesVector(inverse, moment)
  })
}
