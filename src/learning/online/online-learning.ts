import { sha256Hex as portableSha256Hex, type Sha256Hex } from '../../base/sha256.ts'
import { formatPolicyArtefact, type PolicyArtefact, type PolicyLineage } from '../../core/policy/policy-artefact.ts'
import type { LoggedTask, ObservedOutcome } from '../../core/learning/logged-task.ts'
import {
  createOnlineLearner,
  type ExecutedOutcome,
  type OnlineLearnerInit,
  type OnlineLearnerState,
} from '../../core/learning/online/online-learner.ts'

/** What online learning needs from outside: a place for the policies that it proposes. */
export type OnlineLearningComponents = {
  /** Keeps an artefact where the gate can judge it; `PolicyRegistry.register` does. */
  readonly register: (artefact: string) => Promise<{ readonly version: string }>
  /** A native hash where the platform has one. */
  readonly sha256Hex?: Sha256Hex
}

/** What became of tasks that were fed. */
export type LearnedTasks = {
  /** Outcomes learned for the first time. */
  readonly learned: number
  /** Outcomes that were known already and had changed: what was learned of them was taken back first. */
  readonly revised: number
  /** Outcomes that nothing can be learned from: no features, no candidate, or a model that was called only because another had failed. */
  readonly skipped: number
}

/**
 * Learns from finished tasks while a node runs: verified outcomes, feedback that came later, shadows. It never changes what is served: a
 * policy that it proposes is registered, and gets into service through the gate like any other.
 */
export type OnlineLearning = {
  /** Sum of the weights learned. */
  readonly weight: number
  /** Learns from tasks; one that comes again with another outcome (a person has judged it since) is corrected. */
  learn(tasks: Iterable<LoggedTask>): LearnedTasks
  /** The policy as of now. */
  artefact(lineage: PolicyLineage): PolicyArtefact
  /** What learning goes on from after a restart. Its arrays are in use: write them down at once. */
  state(): OnlineLearningState
  /** Registers the policy as of now and resolves with its version. Throws as `register`. */
  propose(lineage: PolicyLineage): Promise<string>
}

/** A learner's state, and the outcomes that can still be corrected, oldest first. */
export type OnlineLearningState = {
  readonly learner: OnlineLearnerState
  readonly known: ReadonlyMap<string, ExecutedOutcome>
}

/** Outcomes that can still be corrected; of older ones a correction counts as a new outcome. */
const REVISABLE_MAX = 10_000

/** Hexadecimal digits by which an outcome is known again: enough for these few, and no hash of a task that anybody could look for. */
const KEY_DIGITS = 13

/**
 * Learning that begins with the priors of `init`, or goes on from `state`. The last 10,000 outcomes can still be corrected; of an older one a correction counts
 * as a new outcome.
 */
export function createOnlineLearning(
  init: OnlineLearnerInit,
  { register, sha256Hex = portableSha256Hex }: OnlineLearningComponents,
  state?: OnlineLearningState,
): OnlineLearning {
  const learner = createOnlineLearner(init, state?.learner)
  const candidates = new Set(init.candidates)
  const known = new Map(state?.known)
  const keyOf = (taskHash: string, model: string): string => sha256Hex(`${taskHash} ${model}`).slice(0, KEY_DIGITS)
  const learnOne = (key: string, outcome: ExecutedOutcome): 'learned' | 'revised' | 'same' => {
    const before = known.get(key)
    if (before !== undefined && before.success === outcome.success && before.costUsd === outcome.costUsd) return 'same'
    if (before !== undefined) learner.learn({ ...before, weight: -before.weight })
    learner.learn(outcome)
    known.delete(key)
    known.set(key, outcome)
    const [oldest] = known.keys()
    if (known.size > REVISABLE_MAX && oldest !== undefined) known.delete(oldest)
    return before === undefined ? 'learned' : 'revised'
  }
  return {
    get weight() {
      return learner.weight
    },
    learn(tasks) {
      const counts = { learned: 0, revised: 0, skipped: 0, same: 0 }
      for (const task of tasks) {
        for (const [model, outcome] of task.observed) {
          const { features } = task
          const isUsable = features !== undefined && candidates.has(model) && isUnselected(task, model, outcome)
          if (!isUsable) counts.skipped += 1
          else {
            const { success, costUsd } = outcome
            counts[learnOne(keyOf(task.taskHash, model), { model, features, success, costUsd, weight: 1 })] += 1
          }
        }
      }
      return { learned: counts.learned, revised: counts.revised, skipped: counts.skipped }
    },
    artefact: (lineage) => learner.artefact(lineage),
    state: () => ({ learner: learner.state(), known }),
    propose: async (lineage) => (await register(formatPolicyArtefact(learner.artefact(lineage)))).version,
  }
}

/** A model that was called because another had failed saw harder tasks than their features show; to learn from it would be unfair to it. */
function isUnselected({ action }: LoggedTask, model: string, { source }: ObservedOutcome): boolean {
  return model === action || source === 'shadow' || source === 'recorded'
}
