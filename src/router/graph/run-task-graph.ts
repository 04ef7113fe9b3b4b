import type { ActorSystem } from '../../actors/system/actor-system.ts'
import type { PlannedTask } from '../../core/planning/order-by-dependencies.ts'
import type { PlanInput } from '../../core/planning/plan-graph.ts'
import { planMachine } from '../../core/planning/plan-machine.ts'
import { startTaskGraph } from './start-task-graph.ts'
import type { TaskGraph, TaskGraphInit } from './task-graph.ts'

/**
 * Runs a graph of steps with actors of `actors`, in memory: it ends with the process. See `createTaskGraphs` for graphs that
 * go on after a crash.
 *
 * ```ts
 * import { createActorSystem } from 'kernell-os/actors'
 *
 * const actors = createActorSystem()
 * const subTasks = [
 *   { id: 'read', depends_on: [] },
 *   { id: 'sum', depends_on: ['read'] },
 * ]
 * const graph = runTaskGraph(actors, { subTasks, policy: { attemptsMax: 3 } }, {
 *   execute: async ({ subTask, dependencyOutputs }) => ({ kind: 'succeeded', output: `${subTask.id} ${dependencyOutputs.length}` }),
 * })
 * for await (const event of graph.events()) console.log(event.type, event.id)
 * console.log((await graph.ended).phase) // 'finished'
 * await actors.stop()
 * ```
 *
 * @throws RangeError as `createPlanGraph`, `ACTOR_SYSTEM_STOPPED`, the signal's reason when it has aborted.
 */
export function runTaskGraph<Task extends PlannedTask>(
  actors: ActorSystem,
  plan: PlanInput<Task>,
  init: TaskGraphInit<Task>,
): TaskGraph<Task> {
  return startTaskGraph(actors, { state: planMachine.initial(plan) }, init)
}
