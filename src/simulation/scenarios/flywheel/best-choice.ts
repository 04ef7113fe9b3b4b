import type { DrawnOutcomes } from '../../models/drawn-outcomes.ts'
import type { SimulatedTask } from '../../models/simulated-task.ts'
import type { ModelTruth } from './measured-tasks.ts'

export type ChoiceWorld = {
  readonly outcomes: DrawnOutcomes
  /** Dollars that a right answer is worth. */
  readonly rightUsd: number
}

/**
 * What the best policy that the world knows expects of a task, in dollars: it knows of what kind the task is, how hard it is, how often each model is right on such tasks as it
 * is now, and what each charges now. It does not know a model's luck, so that a policy can be as good as it; on a single task one may even do better.
 */
export function bestValueOf(
  { outcomes, rightUsd }: ChoiceWorld,
  task: SimulatedTask,
  truths: readonly ModelTruth[],
): number {
  return Math.max(...truths.map(({ id, usd }) => rightUsd * outcomes.chanceOn(id, task) - usd))
}
