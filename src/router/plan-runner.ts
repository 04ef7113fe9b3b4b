import type { ActorRef } from '../actors/actor-ref.ts'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import type { PlannedTask } from '../core/planning/order-by-dependencies.ts'
import { createPlanGraph } from '../core/planning/plan-graph.ts'
import { plannedState, type PlanState } from '../core/planning/plan-state.ts'
import { startTaskGraph } from './graph/start-task-graph.ts'
import type { ExecuteStep } from './graph/step-turn.ts'
import type { TaskGraph, TaskGraphInit } from './graph/task-graph.ts'

export type PlanRunnerComponents = {
  /** The plan of each task is run by actors of this system, */
  readonly actors: ActorSystem
  /** below this supervisor; absent: the system's own. */
  readonly plans?: ActorRef
}

export type WholeTaskInit = {
  readonly taskId: string
  /** Models that may be asked. */
  readonly attemptsMax: number
  /** Must not reject. */
  readonly execute: ExecuteStep<PlannedTask>
}

/** A whole task, as the one step of a graph. */
const WHOLE: readonly PlannedTask[] = Object.freeze([Object.freeze({ id: 'task', depends_on: Object.freeze([]) })])
/** Few tasks have more models to ask. */
const KEPT_MAX = 32

/** Runs the plans of tasks as graphs. */
export class PlanRunner {
  private readonly components: PlanRunnerComponents
  /** Plans of whole tasks by their number of attempts: all but the name is the same for every task. */
  private readonly whole: (PlanState<PlannedTask> | undefined)[] = []

  constructor(components: PlanRunnerComponents) {
    this.components = components
  }

  /** @throws as `startTaskGraph`. */
  start<Task extends PlannedTask>(state: PlanState<Task>, init: TaskGraphInit<Task>): TaskGraph<Task> {
    const { actors, plans: supervisor } = this.components
    return startTaskGraph(actors, { state, supervisor }, init)
  }

  /**
   * Runs a task that is not split: a graph of one step with an attempt for each model. The caller's signal reaches each
   * attempt by the task's run. Resolves when the last attempt has ended.
   */
  runWhole({ taskId, attemptsMax, execute }: WholeTaskInit): Promise<unknown> {
    const state = this.wholePlan(attemptsMax)
    return this.start({ ...state, graph: { ...state.graph, id: taskId } }, { execute }).ended
  }

  private wholePlan(attemptsMax: number): PlanState<PlannedTask> {
    const known = this.whole[attemptsMax]
    if (known !== undefined) return known
    const state = plannedState(createPlanGraph({ subTasks: WHOLE, policy: { attemptsMax } }))
    if (attemptsMax <= KEPT_MAX) this.whole[attemptsMax] = state
    return state
  }
}
