import { canonicalJson } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import type { LoggedTask } from '../../../core/learning/logged-task.ts'
import type { ModelEntry } from '../../../core/models/model-entry.ts'
import { formatPolicyArtefact, policyVersionOf } from '../../../core/policy/policy-artefact.ts'
import type { TrainingFile } from '../../../core/policy/training-record.ts'
import { createOnlineLearning, type LearnedTasks } from '../../../learning/online/online-learning.ts'
import { startOnline, unanswered, withFeatures } from '../../../learning/online/start-online.ts'
import { unknownModels } from '../../../learning/closed-loop/streamed-task.ts'
import { TrainedTaskCollector } from '../../../learning/training/trained-task-collector.ts'
import { nativeSha256Hex } from '../../open-answer-cache.ts'
import { readPackageVersion } from '../../package-version.ts'

export type PolicyLearningInit = {
  readonly tasks: readonly LoggedTask[]
  /** The file that they are from; absent: they are records of a node. */
  readonly file?: TrainingFile
  readonly findEntry: (modelId: string) => ModelEntry | undefined
  /** Version of the policy that this one follows. */
  readonly parent?: string
}

export type PolicyLearning = {
  /** The artefact as a file holds it. */
  readonly text: string
  readonly version: string
  readonly tasks: LearnedTasks
  /** Outcomes learned of each model. */
  readonly models: readonly { readonly name: string; readonly outcomes: number; readonly mean: number }[]
}

/** Models that are learned: those with the most outcomes. */
const MODELS_MAX = 100

/**
 * Learns a policy from tasks, one after another in the order given, as a node would while it runs: from the documented priors, with how sure it
 * is of every prediction. Throws `TRAINING_DATA_INVALID` when there is no outcome to learn from.
 */
export function learnPolicy({ tasks: logged, file, findEntry, parent }: PolicyLearningInit): PolicyLearning {
  const tasks = withFeatures(logged)
  const counts = countOutcomes(tasks)
  const names = [...counts.keys()]
    .toSorted((a, b) => (counts.get(b)?.outcomes ?? 0) - (counts.get(a)?.outcomes ?? 0) || (a < b ? -1 : 1))
    .slice(0, MODELS_MAX)
    .toSorted()
  if (names.length === 0)
    throw new CodedError('TRAINING_DATA_INVALID', { message: 'There is no outcome of a model to learn from' })
  const models = names.map((name) => ({ ...entryOf(name, findEntry), id: name }))
  const learning = createOnlineLearning(startOnline(models, unanswered(tasks)), {
    register: async () =>
      await Promise.reject(new TypeError('Whoever learns from files registers the artefact itself')),
  })
  const learned = learning.learn(tasks)
  const dataCardHash = nativeSha256Hex(canonicalJson({ tasks: tasks.map(({ taskHash }) => taskHash), names }))
  const collector = new TrainedTaskCollector(nativeSha256Hex)
  for (const task of tasks) collector.add(task)
  const trained = collector.pack(dataCardHash)
  const artefact = learning.artefact({
    dataCardHash,
    codeVersion: readPackageVersion(),
    ...(parent !== undefined && { parent }),
    training: { files: file === undefined ? [] : [file], ...(trained !== undefined && { tasks: trained }) },
    metrics: { outcomes: learning.weight, tasks: tasks.length },
  })
  return {
    text: formatPolicyArtefact(artefact),
    version: policyVersionOf(artefact),
    tasks: learned,
    models: names.map((name) => {
      const { outcomes = 0, success = 0 } = counts.get(name) ?? {}
      return { name, outcomes, mean: success / outcomes }
    }),
  }
}

function entryOf(name: string, findEntry: PolicyLearningInit['findEntry']): ModelEntry {
  const known = findEntry(name)
  if (known !== undefined) return known
  const [unknown] = unknownModels([name])
  if (unknown === undefined) throw new TypeError('A name makes an entry')
  return unknown
}

type Count = { readonly outcomes: number; readonly success: number }

/** Outcomes that the learner takes: of tasks with features, and of no model that was called only because another had failed. */
function countOutcomes(tasks: readonly LoggedTask[]): ReadonlyMap<string, Count> {
  const counts = new Map<string, Count>()
  for (const { features, action, observed } of tasks) {
    if (features === undefined) continue
    for (const [model, { source, success }] of observed) {
      if (model !== action && source !== 'shadow' && source !== 'recorded') continue
      const before = counts.get(model)
      counts.set(model, { outcomes: (before?.outcomes ?? 0) + 1, success: (before?.success ?? 0) + success })
    }
  }
  return counts
}
