import type { ActorRef } from '../../actors/actor-ref.ts'
import type { PlannedTask } from '../../core/planning/order-by-dependencies.ts'
import type { PlanEvent } from '../../core/planning/plan-event.ts'
import type { PlanState } from '../../core/planning/plan-state.ts'
import type { GraphEvent } from './graph-event.ts'
import type { ExecuteStep } from './step-turn.ts'

/** Who carries out the steps of a graph, and what cancels it. None of it is stored: who resumes a graph gives it anew. */
export type TaskGraphInit<Task extends PlannedTask> = {
  readonly execute: ExecuteStep<Task>
  /** Cancels the graph: steps that run are told to stop, and `ended` resolves when they have. */
  readonly signal?: AbortSignal | undefined
  /** Pieces of text that may wait for the reader of the graph's events. Default 256. */
  readonly textsMax?: number
}

/** A graph on its way. */
export interface TaskGraph<Task extends PlannedTask> {
  readonly id: string
  /** As of now; of a journaled graph not all of it may be on stable storage yet. */
  readonly state: PlanState<Task>
  /**
   * The state when every step has ended. Rejects when the graph itself failed: `ACTOR_STOPPED` when its system was stopped,
   * the error of the journal, a broken invariant. Steps that run are then told to stop.
   */
  readonly ended: Promise<PlanState<Task>>
  /** What happens from now on, for one reader; who asks in the turn in which the graph was started misses nothing. It ends with the graph. */
  events(): AsyncIterableIterator<GraphEvent>
  /** Nothing more is started, and what runs is told to stop. */
  cancel(reason: string): void
  cancelStep(id: string, reason: string): void
  /** Leaves the graph as it is: what runs is told to stop, and `ended` rejects with `error`. A journaled graph can be resumed. */
  abandon(error: unknown): void
}

/** Where the events of a graph are made durable before anything follows from them. */
export type GraphJournal<Task extends PlannedTask> = {
  /** Resolves when the event, which has led to this state, is on stable storage; in the order of the calls. */
  readonly record: (event: PlanEvent, state: PlanState<Task>) => Promise<void>
  /** The graph has ended, or this process gives it up. */
  readonly close: () => void
}

export type TaskGraphStart<Task extends PlannedTask> = {
  readonly state: PlanState<Task>
  readonly journal?: GraphJournal<Task>
  /** Of the coordinator; absent: the system's own. */
  readonly supervisor?: ActorRef | undefined
}
