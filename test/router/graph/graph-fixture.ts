import type { Cell } from '../../../src/actors/cell/cell.ts'
import type { ActorEnvironment } from '../../../src/actors/environment.ts'
import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { createSystemEnvironment } from '../../../src/actors/system/system-environment.ts'
import type { PlannedTask } from '../../../src/core/planning/order-by-dependencies.ts'
import type { PlanInput } from '../../../src/core/planning/plan-graph.ts'
import { planMachine } from '../../../src/core/planning/plan-machine.ts'
import { statusOf, type PlanState } from '../../../src/core/planning/plan-state.ts'
import type { GraphEvent } from '../../../src/router/graph/graph-event.ts'
import { startTaskGraph } from '../../../src/router/graph/start-task-graph.ts'
import type { StepOutcome, StepTurn } from '../../../src/router/graph/step-turn.ts'
import type { TaskGraph, TaskGraphInit } from '../../../src/router/graph/task-graph.ts'
import { SimulatedEnvironment } from '../../actors/simulated-environment.ts'

export type Turn = StepTurn<PlannedTask>

export const step = (id: string, ...depends_on: readonly string[]): PlannedTask => ({ id, depends_on })
export const succeed = (output: string): StepOutcome => ({ kind: 'succeeded', output })
export const fail = (reason: string): StepOutcome => ({ kind: 'failed', reason })

/** A system whose turns are real and whose time passes when a test says so. */
export function createTimedSystem(): { readonly system: ActorSystem; readonly time: SimulatedEnvironment } {
  const time = new SimulatedEnvironment()
  const { clock, timers } = time
  const environment: ActorEnvironment = { ...createSystemEnvironment(), clock, timers }
  const system = new ActorSystem({ environment, isInline: false })
  system.onSupervision(() => {})
  return { system, time }
}

/** The actors of a system that have not ended, parents before children. */
export function liveActors(system: ActorSystem): readonly Cell[] {
  const found: Cell[] = []
  const visit = (cell: Cell | undefined): void => {
    for (let child = cell?.firstChild; child !== undefined; child = child.older) {
      found.push(child)
      visit(child)
    }
  }
  visit(system.root)
  return found
}

/** Until everything that can happen without time passing has happened. */
export async function quiet(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve))
}

export type Begun = {
  readonly graph: TaskGraph<PlannedTask>
  /** What was executed, as `ID/ATTEMPT`, in order. */
  readonly turns: Turn[]
  readonly system: ActorSystem
  readonly time: SimulatedEnvironment
}

export function begin(
  plan: Omit<PlanInput<PlannedTask>, 'subTasks'> & { readonly subTasks: readonly PlannedTask[] },
  execute: (turn: Turn) => Promise<StepOutcome>,
  init: Partial<TaskGraphInit<PlannedTask>> = {},
): Begun {
  const { system, time } = createTimedSystem()
  const turns: Turn[] = []
  const graph = startTaskGraph<PlannedTask>(
    system,
    { state: planMachine.initial(plan) },
    {
      ...init,
      execute: (turn) => {
        turns.push(turn)
        return execute(turn)
      },
    },
  )
  return { graph, turns, system, time }
}

export const namesOf = (turns: readonly Turn[]): readonly string[] =>
  turns.map(({ subTask, attempt }) => `${subTask.id}/${attempt}`)

export const kindsOf = (state: PlanState<PlannedTask>): readonly string[] =>
  state.graph.subTasks.map(({ id }) => `${id} ${statusOf(state, id)?.kind}`)

/** Everything until the end, in short. */
export async function collect(events: AsyncIterable<GraphEvent>): Promise<readonly string[]> {
  const seen: string[] = []
  for await (const event of events) seen.push(short(event))
  return seen
}

export function short(event: GraphEvent): string {
  switch (event.type) {
    case 'step-started':
      return `${event.id} started ${event.attempt}`
    case 'step-text':
      return `${event.id} text ${event.text}`
    case 'step-succeeded':
      return `${event.id} succeeded ${event.output}`
    case 'attempt-failed':
      return `${event.id} attempt failed ${event.reason}`
    case 'step-failed':
      return `${event.id} failed ${event.reason}`
    case 'step-cancelled':
      return `${event.id} cancelled ${event.reason}`
    case 'step-stopped':
      return `${event.id} stopped by ${event.failedDependency}`
  }
}

/** Rejects with the signal's reason when it aborts, and does nothing else. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
