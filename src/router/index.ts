/**
 * The router as a service over ports: bring a model catalog, a policy, budgets, a cache, actors and a clock, and it runs tasks. `createNode` of
 * `kernell-os` brings all of these; use this door to run the router where there is no disk and no Node, in a browser or in a simulation. It opens
 * nothing by itself. Graphs of other work than a router's run by the same actors: `runTaskGraph`, and `createTaskGraphs` over a journal.
 *
 * ```ts
 * import { createRouter, type RouterComponents } from 'kernell-os/router'
 * import type { Router } from 'kernell-os/ports'
 *
 * export const routerOver = (components: RouterComponents): Router =>
 *   createRouter(components, { decompose: 'auto', contextTokensMax: 3000 })
 * ```
 *
 * A plan that a decomposer made, as a graph that goes on after a crash: the codec says how its steps are kept.
 *
 * ```ts
 * import type { ActorSystem } from 'kernell-os/actors'
 * import type { SubTask } from 'kernell-os/core'
 * import type { EventLog } from 'kernell-os/ports'
 * import { createTaskGraphs, SUB_TASK_CODEC, type ExecuteStep } from 'kernell-os/router'
 *
 * type Work = { id: string; subTasks: readonly SubTask[]; execute: ExecuteStep<SubTask> }
 *
 * export const runDurably = async (actors: ActorSystem, log: EventLog, { id, subTasks, execute }: Work): Promise<void> => {
 *   const graphs = createTaskGraphs({ actors, log, codec: SUB_TASK_CODEC })
 *   await graphs.start()
 *   const left = graphs.unfinished().find(({ graph }) => graph.id === id)
 *   const graph = left === undefined ? graphs.run({ id, subTasks }, { execute }) : graphs.resume(id, { execute })
 *   await graph.ended
 *   await graphs.stop()
 * }
 * ```
 *
 * Steps of your own need no more than an id and `depends_on`: `{ formatTask: (task) => ({ ...task }), parseTask: parsePlannedTask }`.
 */
export {
  createBudgetOwner,
  type BudgetLimit,
  type BudgetOwner,
  type BudgetOwnerComponents,
  type BudgetOwnerInit,
} from './budgets/budget-owner.ts'
export { createAnswerCheck, type CheckAnswerInit } from './check-answer.ts'
export {
  createTaskGraphs,
  type TaskGraphs,
  type TaskGraphsComponents,
  type TaskGraphsInit,
} from './graph/task-graphs.ts'
export { taskGraphsOf, type TenantTaskGraphs } from './graph/tenant-task-graphs.ts'
export { parsePlannedTask, SUB_TASK_CODEC, type TaskCodec } from '../core/planning/plan-codec.ts'
export { runTaskGraph } from './graph/run-task-graph.ts'
export type { GraphEvent } from './graph/graph-event.ts'
export type { ExecuteStep, StepOutcome, StepTurn } from './graph/step-turn.ts'
export type { TaskGraph, TaskGraphInit } from './graph/task-graph.ts'
export { AdmittedPlan, type StepAct } from './firewall/admitted-plan.ts'
export { carryOutPlan, type PlanOutcome, type PlanStepDone, type PlanWork } from './firewall/carry-out-plan.ts'
export { StepsGate, type PlanGate, type PlanPlace, type StepsGateInit } from './firewall/steps-gate.ts'
export {
  routeWithTools,
  type MadeCall,
  type ToolTaskComponents,
  type ToolTaskOptions,
  type ToolTaskResult,
} from './tools/route-with-tools.ts'
export { createAgentTools, type AgentToolsComponents, type AgentToolsInit } from './tools/agent-tools.ts'
export type { PlanAct, PlanHands, PlanText } from './firewall/plan-hands.ts'
export { IntentFirewall, type ApprovalInit, type IntentFirewallComponents } from './firewall/intent-firewall.ts'
export { TextGuard, type TextCount, type TextGuardInit } from './untrusted/text-guard.ts'
export { createRouter, type RouterComponents, type RouterInit } from './router-service.ts'
export type { SemanticCache } from './semantic-cache.ts'
