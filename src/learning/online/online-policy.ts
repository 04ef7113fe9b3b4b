import { canonicalJson } from '../../base/canonical-json.ts'
import { sha256Hex, sha256HexOfBytes } from '../../base/sha256.ts'
import type { LoggedTask } from '../../core/learning/logged-task.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import { floatBytes } from '../../core/policy/float-text.ts'
import type { PolicyLineage } from '../../core/policy/policy-artefact.ts'
import { createOnlineLearning, type OnlineLearning } from './online-learning.ts'
import type { SavedLearning } from './online-state.ts'
import { startOnline, unanswered, withFeatures } from './start-online.ts'
import { TrainedTaskCollector } from '../training/trained-task-collector.ts'
import type { OnlineCounts, SavedOnlinePolicy } from './online-policy-state.ts'

/** Tasks with features that the scales of the features are made from; before there are so many, nothing is learned. */
export const START_TASKS_MIN = 20
const START_TASKS_MAX = 5_000
/** Models that are learned at most. */
const MODELS_MAX = 100
/** Tasks of which it can be said later that they were learned from; of more, a version does not say it. */
const NOTED_TASKS_MAX = 1_000_000
/** Tasks learned between two moments in which the process does something else. */
const SLICE_TASKS = 64

export type OnlinePolicyComponents = {
  /** Models of this node. */
  readonly models: readonly ModelEntry[]
  /** Keeps an artefact in the registry. */
  readonly register: (text: string) => Promise<{ readonly version: string }>
  readonly now: () => string
  /** Version of the program, for lineages. */
  readonly codeVersion: string
  /** Resolves when the process has done something else. */
  readonly rest: () => Promise<void>
}

type KeptVersions = Pick<OnlineCounts, 'versions' | 'lastVersionAt'>

/**
 * What a node has learned from its own tasks, by the same learner as `kernell policy learn`. It knows nothing of queues and stores; one call at a
 * time.
 */
export class OnlinePolicy {
  readonly #components: OnlinePolicyComponents
  #init: SavedLearning['init'] | undefined
  #learning: OnlineLearning | undefined
  /** Until the learner can start. */
  #waiting: LoggedTask[] = []
  #noted: TrainedTaskCollector
  #counts: OnlineCounts

  /** @param kept  Versions of a learner that this one takes the place of. */
  constructor(components: OnlinePolicyComponents, saved?: SavedOnlinePolicy, kept: KeptVersions = NOTHING_LEARNED) {
    const { versions, lastVersionAt } = kept
    this.#components = components
    this.#counts = saved?.counts ?? { ...NOTHING_LEARNED, versions, lastVersionAt }
    this.#noted = new TrainedTaskCollector(sha256Hex, NOTED_TASKS_MAX)
    for (const number of saved?.notedTasks ?? []) this.#noted.addNumber(number)
    if (saved !== undefined) this.#start(saved.learning.init, saved.learning.state)
  }

  get counts(): OnlineCounts {
    return this.#counts
  }

  /** Tasks that wait for the learner to start; 0 once it has. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  get isStarted(): boolean {
    return this.#learning !== undefined
  }

  /** What a restart goes on from; `undefined` before the learner has started. */
  get saved(): SavedOnlinePolicy | undefined {
    if (this.#learning === undefined || this.#init === undefined) return undefined
    const learning = { init: this.#init, state: this.#learning.state() }
    return { learning, counts: this.#counts, notedTasks: this.#noted.numbers, savedAt: this.#components.now() }
  }

  /** Whether every model of the node can be learned. Not so after the operator has added one: then learning begins anew from the records. */
  get knowsAllModels(): boolean {
    const known = new Set(this.#init?.candidates)
    return this.#learning === undefined || this.#models().every(({ id }) => known.has(id))
  }

  async learn(tasks: readonly LoggedTask[]): Promise<void> {
    if (this.#learning === undefined) {
      this.#waiting.push(...withFeatures(tasks).filter(({ features }) => features !== undefined))
      if (this.#waiting.length < START_TASKS_MIN) return
      const waiting = this.#waiting
      this.#waiting = []
      const scaled = waiting.slice(0, START_TASKS_MAX)
      this.#start(startOnline(this.#models(), unanswered(scaled)))
      await this.#learnSlices(waiting)
      return
    }
    await this.#learnSlices(withFeatures(tasks))
  }

  /** Registers the policy as of now; the version, or `undefined` when nothing was learned yet. Throws as `register`. */
  async propose(parent: string | undefined): Promise<string | undefined> {
    const learning = this.#learning
    if (learning === undefined) return undefined
    const version = await learning.propose(this.#lineage(learning, parent))
    const { versions } = this.#counts
    this.#counts = {
      ...this.#counts,
      sinceVersion: 0,
      versions: [...versions.filter((known) => known !== version), version],
      lastVersionAt: this.#components.now(),
    }
    return version
  }

  /** Versions that the registry need not keep any more for this learner's sake. */
  dropVersions(dropped: readonly string[]): void {
    const versions = this.#counts.versions.filter((version) => !dropped.includes(version))
    this.#counts = { ...this.#counts, versions }
  }

  #start(init: SavedLearning['init'], state?: SavedLearning['state']): void {
    this.#init = init
    const { register } = this.#components
    this.#learning = createOnlineLearning(init, { register, sha256Hex }, state)
  }

  async #learnSlices(tasks: readonly LoggedTask[]): Promise<void> {
    for (let from = 0; from < tasks.length; from += SLICE_TASKS) {
      const slice = tasks.slice(from, from + SLICE_TASKS)
      for (const task of slice) {
        const { learned = 0, revised = 0, skipped = 0 } = this.#learning?.learn([task]) ?? {}
        // A task whose outcome is only looked at again is noted already.
        if (learned > 0) this.#noted.add(task)
        const before = this.#counts
        this.#counts = {
          ...before,
          learned: before.learned + learned,
          revised: before.revised + revised,
          skipped: before.skipped + skipped,
          sinceVersion: before.sinceVersion + learned + revised,
        }
      }
      await this.#components.rest()
    }
  }

  #lineage(learning: OnlineLearning, parent: string | undefined): PolicyLineage {
    const numbers = this.#noted.numbers
    const { learned, revised } = this.#counts
    const names = this.#init?.candidates ?? []
    const dataCardHash = sha256Hex(
      canonicalJson({
        models: names,
        outcomes: learning.weight,
        tasks: numbers === undefined ? null : sha256HexOfBytes(floatBytes(numbers)),
      }),
    )
    const tasks = this.#noted.pack(dataCardHash)
    return {
      dataCardHash,
      codeVersion: this.#components.codeVersion,
      ...(parent !== undefined && { parent }),
      training: { files: [], ...(tasks !== undefined && { tasks }) },
      metrics: { rows: learned, outcomes: learning.weight, revised },
    }
  }

  #models(): readonly ModelEntry[] {
    return this.#components.models.slice(0, MODELS_MAX)
  }
}

const NOTHING_LEARNED: OnlineCounts = {
  learned: 0,
  revised: 0,
  skipped: 0,
  sinceVersion: 0,
  versions: [],
  lastVersionAt: undefined,
}
