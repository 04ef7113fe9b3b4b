import type { ActorSystem } from '../../actors/system/actor-system.ts'
import { CodedError } from '../../base/errors.ts'
import type { PlannedTask } from '../../core/planning/order-by-dependencies.ts'
import type { TaskCodec } from '../../core/planning/plan-codec.ts'
import type { PlanEvent } from '../../core/planning/plan-event.ts'
import type { PlanInput } from '../../core/planning/plan-graph.ts'
import { planMachine } from '../../core/planning/plan-machine.ts'
import { isPlanFinished, plannedState, type PlanState } from '../../core/planning/plan-state.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Startable } from '../../ports/startable.ts'
import { corruptedError, GraphRecords, type GraphRecord } from './graph-record.ts'
import { startTaskGraph } from './start-task-graph.ts'
import type { GraphJournal, TaskGraph, TaskGraphInit } from './task-graph.ts'

/** What graphs that outlive the process take from outside: actors to run them, their journal, and how a step is written there. */
export type TaskGraphsComponents<Task extends PlannedTask> = {
  readonly actors: ActorSystem
  /** The journal of these graphs alone. It outlives them; whoever opened it closes it. It holds what the steps say and put out. */
  readonly log: EventLog
  readonly codec: TaskCodec<Task>
}

/** How many graphs may be under way at a time, and how large their journal may get before it is rewritten. */
export type TaskGraphsInit = {
  /** Graphs that have not ended, a whole number >= 1; more are refused with `GRAPH_OVERLOADED`. Default 1,000. */
  readonly graphsMax?: number
  /** Journal size that starts a compaction. Default 4 MiB. */
  readonly compactAtBytes?: number
}

/** Graphs that outlive the process: what a step has put out is on stable storage before anything follows from it. */
export interface TaskGraphs<Task extends PlannedTask> extends Startable {
  /**
   * Runs a graph. `plan.id` must never have been used: the keys of its steps are made of it.
   *
   * @throws `GRAPH_ID_TAKEN`, `GRAPH_OVERLOADED`, `STORE_NOT_OPEN`, `ACTOR_SYSTEM_STOPPED`; RangeError as `createPlanGraph`;
   *   the signal's reason when it has aborted.
   */
  run(plan: PlanInput<Task> & { readonly id: string }, init: TaskGraphInit<Task>): TaskGraph<Task>
  /** Graphs of earlier processes, and of this one where they failed, that nobody goes on with. */
  unfinished(): readonly PlanState<Task>[]
  /**
   * Goes on with an unfinished graph. Nothing that was recorded as done is done again; a step that was under way starts
   * again as the same attempt, with the same key.
   *
   * @throws `GRAPH_UNKNOWN`, and as `run`.
   */
  resume(id: string, init: TaskGraphInit<Task>): TaskGraph<Task>
  /** Gives an unfinished graph up; resolves when that is durable. Throws `GRAPH_UNKNOWN`. */
  forget(id: string): Promise<void>
  /**
   * Forgets the unfinished graphs whose ids are meant, and rewrites the journal, so that no file holds what they or any
   * graph that has ended put out. Graphs that run stay. Returns how many were forgotten. Throws the errors of the journal.
   */
  erase(isMeant: (id: string) => boolean): Promise<number>
}

const GRAPHS_MAX_DEFAULT = 1_000
const COMPACT_AT_BYTES_DEFAULT = 4 * 1024 * 1024

/** `start` reads the journal, and throws `STORE_CORRUPTED` or `STORE_FORMAT_NEWER` when that holds what this version cannot read. */
export function createTaskGraphs<Task extends PlannedTask>(
  components: TaskGraphsComponents<Task>,
  init: TaskGraphsInit = {},
): TaskGraphs<Task> {
  return new JournaledTaskGraphs(components, init)
}

class JournaledTaskGraphs<Task extends PlannedTask> implements TaskGraphs<Task> {
  readonly #actors: ActorSystem
  readonly #log: EventLog
  readonly #records: GraphRecords<Task>
  readonly #graphsMax: number
  readonly #compactAtBytes: number
  /** Of every graph that has not ended: the state after its last record, whether that is durable yet or not. */
  #heads = new Map<string, PlanState<Task>>()
  readonly #running = new Map<string, TaskGraph<Task>>()
  #isOpen = false
  #written: Promise<unknown> = Promise.resolve()
  #compaction: Promise<void> | undefined
  #snapshotBytes = 0
  #failure: { readonly cause: unknown } | undefined

  constructor({ actors, log, codec }: TaskGraphsComponents<Task>, init: TaskGraphsInit) {
    this.#actors = actors
    this.#log = log
    this.#records = new GraphRecords(codec)
    this.#graphsMax = init.graphsMax ?? GRAPHS_MAX_DEFAULT
    this.#compactAtBytes = init.compactAtBytes ?? COMPACT_AT_BYTES_DEFAULT
  }

  async start(): Promise<void> {
    if (this.#isOpen) return
    this.#heads = await this.#replay()
    this.#isOpen = true
  }

  /** Running graphs are left as they are in the journal: a later process may resume them. */
  async stop(): Promise<void> {
    this.#isOpen = false
    const left = new CodedError('ACTOR_STOPPED', { message: 'The task graphs are stopped; this one can be resumed' })
    for (const graph of this.#running.values()) graph.abandon(left)
    await this.#written
    await this.#compaction
  }

  run(plan: PlanInput<Task> & { readonly id: string }, init: TaskGraphInit<Task>): TaskGraph<Task> {
    this.#checkOpen()
    if (this.#heads.has(plan.id))
      throw new CodedError('GRAPH_ID_TAKEN', {
        message: `There is a graph ${plan.id} already`,
        details: { id: plan.id },
      })
    if (this.#heads.size >= this.#graphsMax) {
      throw new CodedError('GRAPH_OVERLOADED', {
        message: `${this.#heads.size} graphs have not ended`,
        details: { graphsMax: this.#graphsMax },
      })
    }
    return this.#start(planMachine.initial(plan), init)
  }

  unfinished(): readonly PlanState<Task>[] {
    return [...this.#heads.values()].filter(({ graph: { id } }) => !this.#running.has(id))
  }

  resume(id: string, init: TaskGraphInit<Task>): TaskGraph<Task> {
    this.#checkOpen()
    return this.#start(this.#unfinished(id), init)
  }

  async forget(id: string): Promise<void> {
    this.#checkOpen()
    this.#unfinished(id)
    this.#heads.delete(id)
    await this.#append([{ kind: 'forgotten', graph: id }])
  }

  async erase(isMeant: (id: string) => boolean): Promise<number> {
    this.#checkOpen()
    const ids = this.unfinished().map(({ graph: { id } }) => id)
    const meant = ids.filter(isMeant)
    await Promise.all(meant.map(async (id) => await this.forget(id)))
    // One that was begun before holds what was forgotten since.
    while (this.#compaction !== undefined) await this.#compaction
    await this.#compact()
    return meant.length
  }

  #start(state: PlanState<Task>, init: TaskGraphInit<Task>): TaskGraph<Task> {
    const { id } = state.graph
    const journal: GraphJournal<Task> = {
      record: (event, next) => this.#record(event, next),
      close: () => void this.#running.delete(id),
    }
    const graph = startTaskGraph(this.#actors, { state, journal }, init)
    this.#running.set(id, graph)
    this.#heads.set(id, state)
    return graph
  }

  #record(event: PlanEvent, state: PlanState<Task>): Promise<void> {
    const { id } = state.graph
    if (isPlanFinished(state)) this.#heads.delete(id)
    else this.#heads.set(id, state)
    const record: GraphRecord<Task> = { kind: 'event', graph: id, event }
    return this.#append(event.type === 'plan-started' ? [{ kind: 'opened', plan: state.graph }, record] : [record])
  }

  /** Resolves in the order of the calls. */
  async #append(records: readonly GraphRecord<Task>[]): Promise<void> {
    const before = this.#written
    const appended = this.#log.append(records.map((record) => this.#records.encode(record)))
    this.#compactWhenLarge()
    const written = appended.then(async () => {
      await before
      if (this.#failure !== undefined) throw this.#failure.cause
    })
    this.#written = written.catch((error: unknown) => {
      this.#failure ??= { cause: error }
    })
    await written
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new CodedError('STORE_NOT_OPEN', { message: 'The task graphs are not started' })
    if (this.#failure !== undefined) throw this.#failure.cause
  }

  #unfinished(id: string): PlanState<Task> {
    const state = this.#running.has(id) ? undefined : this.#heads.get(id)
    if (state === undefined)
      throw new CodedError('GRAPH_UNKNOWN', { message: `No unfinished graph ${id}`, details: { id } })
    return state
  }

  async #replay(): Promise<Map<string, PlanState<Task>>> {
    const { snapshot } = this.#log
    const heads = new Map<string, PlanState<Task>>()
    this.#snapshotBytes = snapshot?.payload.byteLength ?? 0
    if (snapshot !== undefined)
      for (const state of this.#records.decodeSnapshot(snapshot.payload)) heads.set(state.graph.id, state)
    for await (const { index, payload } of this.#log.read(snapshot?.nextIndex ?? 0)) {
      this.#apply(heads, this.#records.decode(payload, index), index)
    }
    return heads
  }

  #apply(heads: Map<string, PlanState<Task>>, record: GraphRecord<Task>, index: number): void {
    if (record.kind === 'opened') {
      heads.set(record.plan.id, plannedState(record.plan))
      return
    }
    const state = heads.get(record.graph)
    if (state === undefined) throw corruptedError(`record ${index} is of a graph that there is not`)
    if (record.kind === 'forgotten') {
      heads.delete(record.graph)
      return
    }
    const step = planMachine.transition(state, record.event)
    if (step.effects[0]?.type === 'event-refused')
      throw corruptedError(`record ${index} does not follow from the records before it`)
    if (isPlanFinished(step.state)) heads.delete(record.graph)
    else heads.set(record.graph, step.state)
  }

  /** The journal may grow as large as what it describes before it is rewritten: each byte is then rewritten once, on average. */
  #compactWhenLarge(): void {
    const { sizeBytes } = this.#log
    if (this.#compaction !== undefined || sizeBytes < Math.max(this.#compactAtBytes, this.#snapshotBytes)) return
    // The records are still there; what is wrong with the disk shows with the next append.
    this.#compact().catch(() => {})
  }

  async #compact(): Promise<void> {
    const payload = this.#records.encodeSnapshot(this.#heads.values())
    const written = this.#log.compact({ nextIndex: this.#log.nextIndex, payload }).then(() => {
      this.#snapshotBytes = payload.byteLength
    })
    this.#compaction = written
      .catch(() => {})
      .finally(() => {
        this.#compaction = undefined
      })
    await written
  }
}
