import { modelTierRank, type ModelDifficulty, type ModelEntry, type ModelTier } from '../models/model-entry.ts'
import type { TaskDomain } from '../routing/task-outcome.ts'

/** Chance that the default tier of a difficulty does not suffice (the estimator's documented priors), TRIVIAL to EXPERT. */
export const ESCALATION_PRIORS: readonly number[] = [0.02, 0.08, 0.15, 0.35, 0.9]

/** Tokens in and out that a task of a difficulty takes, TRIVIAL to EXPERT, where nothing better is known. */
export const TOKEN_PRIORS: readonly { readonly in: number; readonly out: number }[] = [
  { in: 200, out: 100 },
  { in: 500, out: 300 },
  { in: 1000, out: 600 },
  { in: 2000, out: 1200 },
  { in: 4000, out: 2500 },
]

/** The tier to which a prior refers: nano for TRIVIAL up to a large local model for HARD and EXPERT. */
const REFERENCE_TIERS: readonly ModelTier[] = [
  'local_nano',
  'local_small',
  'local_medium',
  'local_large',
  'local_large',
]

/** A prior that nobody measured promises no more than nine in ten, however easy a task looks and however strong the model is. */
const FAILURE_MIN = 0.1
const FAILURE_MIN_MEASURED = 0.005
const FAILURE_MAX = 0.98

/**
 * P(success) of a model for a task when no trained policy knows the model. The failure rate of the reference tier is the
 * documented escalation prior; every tier above halves it, every tier below doubles it. A difficulty beyond the model's stated limit
 * doubles it once per level, a stated specialty takes a fifth off. A measured quality is read as the success rate at MEDIUM and
 * replaces the tier. Without one the result is at most 0.9.
 */
export function priorSuccess(
  entry: Pick<ModelEntry, 'tier' | 'difficultyMax' | 'specialties' | 'measured'>,
  task: { readonly difficulty: ModelDifficulty; readonly domain: TaskDomain },
): number {
  const escalation = ESCALATION_PRIORS[task.difficulty - 1] ?? 0.9
  const measured = entry.measured?.quality
  let failure = escalation
  if (measured !== undefined) failure = (1 - measured) * (escalation / (ESCALATION_PRIORS[2] ?? 1))
  else {
    const reference = REFERENCE_TIERS[task.difficulty - 1] ?? 'local_large'
    for (let steps = modelTierRank(entry.tier) - modelTierRank(reference); steps > 0; steps -= 1) failure /= 2
    for (let steps = modelTierRank(reference) - modelTierRank(entry.tier); steps > 0; steps -= 1) failure *= 2
  }
  for (let level = entry.difficultyMax; level < task.difficulty; level += 1) failure *= 2
  if (task.domain !== 'general' && entry.specialties.includes(task.domain)) failure *= 0.8
  // Whoever sells wrong answers does so on easy tasks as well.
  if (entry.tier === 'peer' && measured !== undefined) failure = Math.max(failure, 1 - measured)
  const least = measured === undefined ? FAILURE_MIN : FAILURE_MIN_MEASURED
  return 1 - Math.min(FAILURE_MAX, Math.max(least, failure))
}
