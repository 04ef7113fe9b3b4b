import type { LoggedTask } from '../../../core/learning/logged-task.ts'
import { loggedTaskOf } from '../../../learning/dataset/logged-task-of.ts'
import { labelTask } from '../../../learning/labels/label-task.ts'
import { createOnlineLearning } from '../../../learning/online/online-learning.ts'
import { startOnline, unanswered, withFeatures } from '../../../learning/online/start-online.ts'
import type { RouterWork } from '../../router/boot-router.ts'
import type { ChaosModels } from './chaos-models.ts'

export type LearnedFromRecords = {
  readonly weight: number
  /** Learned for the first time, and once more when the same records were fed again. */
  readonly outcomes: number
  readonly again: number
}

/** Learns from the records of a machine by the product's own learner, and then from the same records once more. */
export async function learnFromRecords(
  records: RouterWork['records']['store'],
  { prices }: ChaosModels,
): Promise<LearnedFromRecords> {
  const tasks: LoggedTask[] = []
  for await (const event of records.list()) {
    const labelled = labelTask(event)
    if ('row' in labelled) tasks.push(loggedTaskOf(labelled.row))
  }
  const known = withFeatures(tasks)
  if (known.length === 0) return { weight: 0, outcomes: 0, again: 0 }
  const learning = createOnlineLearning(startOnline(prices.registry.entries, unanswered(known)), {
    register: async () => await Promise.reject(new TypeError('Nothing is proposed here')),
  })
  const { learned: outcomes, revised } = learning.learn(known)
  const weight = learning.weight
  const { learned, revised: changed } = learning.learn(known)
  // A task that was asked twice has two outcomes under one name, each a correction of the other.
  return { weight, outcomes, again: learned + Math.max(0, changed - 2 * revised) }
}
