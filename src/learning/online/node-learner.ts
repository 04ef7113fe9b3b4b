import { CodedError } from '../../base/errors.ts'
import type { LoggedTask } from '../../core/learning/logged-task.ts'
import type { OnlineStatus } from '../../core/learning/online/online-status.ts'
import { instantOfIso, isoOfInstant } from '../../core/models/civil-date.ts'
import { promptFeatureSet } from '../../core/policy/prompt-feature-set.ts'
import { loggedTaskOf } from '../dataset/logged-task-of.ts'
import { labelTask } from '../labels/label-task.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { RegisteredPolicy } from '../../ports/policy-registry.ts'
import type { EncodeFloats } from './online-state.ts'
import { OnlinePolicy, type OnlinePolicyComponents } from './online-policy.ts'
import { encodeOnlinePolicy, type SavedOnlinePolicy } from './online-policy-state.ts'

/** A task, or all tasks of a trace, of a tenant. */
export type TaskName = { readonly tenant: string; readonly kind: 'event' | 'trace'; readonly id: string }

/** The records of the node, with what followed on them. */
export type LearningRecords = {
  /** Those of that name that can be read; what waits to be stored is stored first. */
  find(names: readonly TaskName[]): Promise<readonly TelemetryEvent[]>
  /** All of them, oldest first. */
  all(): AsyncIterable<TelemetryEvent>
  /** Those from an instant on, oldest first; of many the newest. */
  since(from: string): Promise<readonly TelemetryEvent[]>
}

export type NodeLearnerComponents = Omit<OnlinePolicyComponents, 'register'> & {
  readonly records: LearningRecords
  readonly registry: {
    register(text: string): Promise<{ readonly version: string }>
    describe(version: string): Promise<Pick<RegisteredPolicy, 'gates'>>
    /** Throws `POLICY_IN_USE`. */
    remove(version: string): Promise<boolean>
  }
  /** Remembers that a version was made from records. */
  readonly onVersion: (version: string, rows: number) => Promise<void>
  /** A trained policy that serves, which the first version is to follow; `undefined` on priors. */
  readonly serving: () => string | undefined
  /** Absent: the portable one. */
  readonly encodeFloats?: EncodeFloats
  /** A store of the learner's own. */
  readonly store: KeyValueStore
  readonly timers: Timers
  readonly onError: (error: unknown) => void
}

export type NodeLearnerInit = {
  /** A version is registered after so many outcomes. */
  readonly everyOutcomes: number
  /** Tasks that may wait to be learned from; of more, the new ones are dropped. */
  readonly queueMax: number
  readonly saved: SavedOnlinePolicy | undefined
}

export const STATE_KEY = 'state'
/** Feedback often follows within moments, and records are written in batches anyway. */
const SETTLE_MS = 300
/** Longest that what was learned is in memory alone. */
const SAVE_MS = 30_000
/** Records from so long before the state was written down are read again at the start: what a crash took is learned then, and nothing twice. */
const REREAD_MS = 600_000
const BATCH_TASKS = 64
/** Its own versions that the registry keeps, besides those that serve, are tried, or were judged by a gate. */
const VERSIONS_KEPT = 20

/**
 * Learns in the background from the tasks of a node: each that ended, and each that somebody has said something of since. It registers a version every
 * so many outcomes and serves none.
 */
export class NodeLearner {
  readonly #components: NodeLearnerComponents
  readonly #init: NodeLearnerInit
  readonly #featureSet = promptFeatureSet()
  readonly #queue = new Map<string, TaskName>()
  #policy: OnlinePolicy
  #last: Promise<void> = Promise.resolve()
  #timer: ScheduledTimer | undefined
  #saving: ScheduledTimer | undefined
  #isDirty = false
  /** False while it begins anew: half of the records are no state to go on from. */
  #isWhole = true
  #isStopped = false
  #dropped = 0
  #failure: string | undefined

  constructor(components: NodeLearnerComponents, init: NodeLearnerInit) {
    this.#components = components
    this.#init = init
    this.#policy = this.#open(init.saved)
    // A learner without a state, or of other models, begins with what the records say.
    if (init.saved === undefined || !this.#policy.knowsAllModels) this.relearn()
    else this.#catchUp(init.saved.savedAt)
  }

  /** Told of every task that ended and every judgement; never throws, and returns at once. */
  notice(name: TaskName): void {
    if (this.#isStopped) return
    const key = `${name.kind} ${name.tenant} ${name.id}`
    if (!this.#queue.has(key) && this.#queue.size >= this.#init.queueMax) {
      this.#dropped += 1
      return
    }
    this.#queue.set(key, name)
    this.#timer ??= this.#components.timers.schedule(SETTLE_MS, () => {
      this.#timer = undefined
      this.#run(async () => await this.#drain())
    })
  }

  /** Forgets everything that was learned, on the disk too: records are about to be deleted. Versions that were registered stay. */
  async forget(): Promise<void> {
    this.#queue.clear()
    await this.settled()
    this.#policy = this.#open(undefined, this.#policy)
    this.#isDirty = false
    await this.#components.store.delete(STATE_KEY, { sync: true })
  }

  /** Begins anew, in the background, with the records that there are. */
  relearn(): void {
    this.#run(async () => {
      this.#policy = this.#open(undefined, this.#policy)
      this.#isWhole = false
      let batch: TelemetryEvent[] = []
      for await (const event of this.#components.records.all()) {
        if (this.#isStopped) return
        if (batch.push(event) < BATCH_TASKS) continue
        await this.#learn(batch)
        batch = []
      }
      await this.#learn(batch)
      this.#isWhole = true
      await this.#proposeWhenDue()
    })
  }

  status(): OnlineStatus {
    const { learned, revised, skipped, sinceVersion, versions, lastVersionAt } = this.#policy.counts
    return {
      learned,
      revised,
      skipped,
      queued: this.#queue.size,
      dropped: this.#dropped,
      startTasks: this.#policy.isStarted ? null : this.#policy.waitingCount,
      everyOutcomes: this.#init.everyOutcomes,
      sinceVersion,
      lastVersion: versions.at(-1) ?? null,
      lastVersionAt: lastVersionAt ?? null,
      failure: this.#failure ?? null,
    }
  }

  /** Resolves when the work that has begun is done. */
  async settled(): Promise<void> {
    await this.#last
  }

  /** Learns from what waits, writes the state down, and takes nothing more. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#timer?.cancel()
    this.#saving?.cancel()
    this.#run(async () => await this.#drain())
    this.#run(async () => await this.#save())
    await this.settled()
  }

  #open(saved: SavedOnlinePolicy | undefined, before?: OnlinePolicy): OnlinePolicy {
    const { registry, ...parts } = this.#components
    return new OnlinePolicy(
      { ...parts, register: async (text) => await registry.register(text) },
      saved,
      before?.counts,
    )
  }

  #catchUp(savedAt: string): void {
    this.#run(async () => {
      const from = isoOfInstant(Math.max(0, (instantOfIso(savedAt) ?? 0) - REREAD_MS))
      const events = await this.#components.records.since(from)
      for (let at = 0; at < events.length && !this.#isStopped; at += BATCH_TASKS)
        await this.#learn(events.slice(at, at + BATCH_TASKS))
    })
  }

  /** One after another; a failure is told and stops nothing that comes after it. */
  #run(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).then(
      () => {
        this.#failure = undefined
      },
      (error: unknown) => {
        this.#failure = error instanceof Error ? error.message : String(error)
        this.#components.onError(error)
      },
    )
  }

  async #drain(): Promise<void> {
    while (this.#queue.size > 0) {
      const taken = [...this.#queue].slice(0, BATCH_TASKS)
      for (const [key] of taken) this.#queue.delete(key)
      await this.#learn(await this.#components.records.find(taken.map(([, name]) => name)))
    }
  }

  async #learn(events: readonly TelemetryEvent[]): Promise<void> {
    const tasks = events.flatMap((event) => this.#taskOf(event) ?? [])
    if (tasks.length === 0) return
    await this.#policy.learn(tasks)
    this.#isDirty = true
    await this.#proposeWhenDue()
  }

  /** A task as `kernell policy learn` reads it, if anybody has said whether its answer was right: a verifier, a person, a program, or a failure. */
  #taskOf(event: TelemetryEvent): LoggedTask | undefined {
    const { success, verifier_accepted: verdict, feedback = [], shadows = [] } = event
    if (success && verdict === null && feedback.length === 0 && shadows.length === 0) return undefined
    const labelled = labelTask(event)
    return 'row' in labelled ? loggedTaskOf(labelled.row, this.#featureSet) : undefined
  }

  /** Of records that are read again there is one version, at the end. */
  async #proposeWhenDue(): Promise<void> {
    if (this.#isWhole && this.#policy.counts.sinceVersion >= this.#init.everyOutcomes) await this.#propose()
    else if (this.#isDirty) this.#saveSoon()
  }

  async #propose(): Promise<void> {
    const { serving, onVersion } = this.#components
    const { versions } = this.#policy.counts
    const version = await this.#policy.propose(versions.at(-1) ?? serving())
    if (version === undefined) return
    await onVersion(version, this.#policy.counts.learned)
    await this.#dropOldVersions()
    await this.#save()
  }

  async #dropOldVersions(): Promise<void> {
    const { versions } = this.#policy.counts
    const dropped = versions.slice(0, Math.max(0, versions.length - VERSIONS_KEPT))
    for (const version of dropped) await this.#removeUnlessNeeded(version)
    this.#policy.dropVersions(dropped)
  }

  async #removeUnlessNeeded(version: string): Promise<void> {
    const { registry } = this.#components
    try {
      const { gates } = await registry.describe(version)
      if (gates.length === 0) await registry.remove(version)
    } catch (error: unknown) {
      const isKept = (['POLICY_IN_USE', 'POLICY_UNKNOWN', 'POLICY_DAMAGED'] as const).some((code) =>
        CodedError.is(error, code),
      )
      if (!isKept) throw error
    }
  }

  #saveSoon(): void {
    if (this.#isStopped) return
    this.#saving ??= this.#components.timers.schedule(SAVE_MS, () => {
      this.#saving = undefined
      this.#run(async () => await this.#save())
    })
  }

  async #save(): Promise<void> {
    const { saved } = this.#policy
    if (!this.#isDirty || !this.#isWhole || saved === undefined) return
    this.#isDirty = false
    await this.#components.store.put(STATE_KEY, encodeOnlinePolicy(saved, this.#components.encodeFloats), {
      sync: true,
    })
  }
}
