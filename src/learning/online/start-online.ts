import type { LoggedTask } from '../../core/learning/logged-task.ts'
import { fitRecipe } from '../../core/learning/fit-recipe.ts'
import type { OnlineLearnerInit } from '../../core/learning/online/online-learner.ts'
import { priorWeights, type UnansweredTask } from '../../core/learning/online/prior-weights.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import { createFeatureExtractor } from '../../core/policy/prompt-features.ts'
import { profileTask } from '../../core/policy/task-profile.ts'

/** Tasks that the scales of features and the priors are made from. */
const SCALED_TASKS_MAX = 5_000

/** Of a task whose text was not kept. */
const UNKNOWN_PROFILE: UnansweredTask['profile'] = { difficulty: 3, domain: 'general' }

/** A learner's start from the documented priors: scales of the features come from tasks, which are read without their outcomes. */
export function startOnline(models: readonly ModelEntry[], tasks: readonly UnansweredTask[]): OnlineLearnerInit {
  const scaled = tasks.slice(0, SCALED_TASKS_MAX)
  const recipe = fitRecipe(
    scaled.map(({ features }) => ({ raw: features, buckets: new Uint32Array(0), bucketValue: 0, answer: undefined })),
    { bucketBits: 0, outcomes: [], withTemplates: false },
  )
  return { recipe, candidates: models.map(({ id }) => id), priorWeights: priorWeights(recipe, models, scaled) }
}

/** Logged tasks with their features: those that were kept, or those of the text. A task that has neither is left as it is. */
export function withFeatures(tasks: readonly LoggedTask[]): readonly LoggedTask[] {
  const extractor = createFeatureExtractor()
  return tasks.map((task) =>
    task.features !== undefined || task.prompt === undefined
      ? task
      : { ...task, features: extractor.extract(task.prompt).dense.slice() },
  )
}

/** What logged tasks were before anybody answered them; those without features are left out. */
export function unanswered(tasks: readonly LoggedTask[]): readonly UnansweredTask[] {
  const extractor = createFeatureExtractor()
  return tasks.flatMap(({ features, prompt }) => {
    if (features === undefined) return []
    const profile = prompt === undefined ? UNKNOWN_PROFILE : profileTask(extractor.extract(prompt).scan)
    return [{ features, profile }]
  })
}
