import { assert } from '../../base/assert.ts'
import { orderByDependencies } from './order-by-dependencies.ts'
import type { SubTask } from './sub-task.ts'

export type SubTaskStatus =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running' }
  | { readonly kind: 'succeeded'; readonly output: string }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Never ran, because this step, which it depends on directly or through others, failed. */
  | { readonly kind: 'stopped'; readonly failedDependency: string }

export type PlanState = {
  /** Every step after those it depends on. */
  readonly subTasks: readonly SubTask[]
  readonly statuses: ReadonlyMap<string, SubTaskStatus>
  readonly parallelMax: number
  readonly isStarted: boolean
}

export type PlanEvent =
  | { readonly type: 'plan-started' }
  | { readonly type: 'subtask-succeeded'; readonly id: string; readonly output: string }
  | { readonly type: 'subtask-failed'; readonly id: string; readonly reason: string }

export type DependencyOutput = { readonly id: string; readonly output: string }

export type PlanEffect =
  /** Execute the step; it sees these outputs and nothing else of the plan. */
  | {
      readonly type: 'start-subtask'
      readonly subTask: SubTask
      readonly dependencyOutputs: readonly DependencyOutput[]
    }
  /** The step will not run, because `failedDependency` failed. */
  | { readonly type: 'report-stopped'; readonly id: string; readonly failedDependency: string }
  /** Every step has succeeded, failed or been stopped; see `composePlanOutput`. Emitted once. */
  | { readonly type: 'finish-plan' }
  | { readonly type: 'event-refused'; readonly code: 'PLAN_EVENT_REFUSED'; readonly detail: string }

export type PlanInput = {
  /** A parsed plan: unique ids, known dependencies, no cycles (see `parseSubTasks`). */
  readonly subTasks: readonly SubTask[]
  /** Most steps running at once, a whole number >= 1; 4 when absent. */
  readonly parallelMax?: number
}

export type PlanStep = { readonly state: PlanState; readonly effects: readonly PlanEffect[] }

/** Most steps of one plan that run at once unless the caller says otherwise. */
export const PLAN_PARALLEL_MAX_DEFAULT = 4

/**
 * Executes a plan as a pure machine: (state, event) -> (state, effects). Steps start as soon as all their dependencies
 * succeeded, independent ones side by side; a failed step stops everything that depends on it and nothing else.
 * Whether steps are independent is read from `depends_on` alone, not from `parallel_ok`: a step is a question to a model
 * without side effects, so the graph says all there is to know.
 */
export const planMachine: {
  readonly name: 'plan'
  initial(input: PlanInput): PlanState
  transition(state: PlanState, event: PlanEvent): PlanStep
  violations(state: PlanState): readonly string[]
} = { name: 'plan', initial, transition, violations }

/** @throws RangeError when the plan is empty, not a graph without cycles, or `parallelMax` is below 1. */
function initial({ subTasks, parallelMax = PLAN_PARALLEL_MAX_DEFAULT }: PlanInput): PlanState {
  const ordered = orderByDependencies(subTasks)
  const statuses = new Map<string, SubTaskStatus>(subTasks.map(({ id }) => [id, { kind: 'waiting' }]))
  if (ordered === undefined || subTasks.length === 0 || statuses.size !== subTasks.length) {
    throw new RangeError('a plan needs at least one step, unique ids and dependencies without cycles')
  }
  if (!Number.isInteger(parallelMax) || parallelMax < 1)
    throw new RangeError(`parallelMax ${parallelMax} is not a whole number >= 1`)
  return { subTasks: ordered, statuses, parallelMax, isStarted: false }
}

/** Total: an event that does not apply leaves the state unchanged and yields one `event-refused`. */
function transition(state: PlanState, event: PlanEvent): PlanStep {
  switch (event.type) {
    case 'plan-started':
      if (state.isStarted) return refuse(state, 'the plan has already started')
      return startReady({ ...state, isStarted: true }, [])
    case 'subtask-succeeded':
      if (state.statuses.get(event.id)?.kind !== 'running') return refuse(state, `step ${event.id} is not running`)
      return startReady(withStatus(state, event.id, { kind: 'succeeded', output: event.output }), [])
    case 'subtask-failed':
      if (state.statuses.get(event.id)?.kind !== 'running') return refuse(state, `step ${event.id} is not running`)
      return stopDependants(withStatus(state, event.id, { kind: 'failed', reason: event.reason }), event.id)
  }
}

function refuse(state: PlanState, detail: string): PlanStep {
  return { state, effects: [{ type: 'event-refused', code: 'PLAN_EVENT_REFUSED', detail }] }
}

function withStatus(state: PlanState, id: string, status: SubTaskStatus): PlanState {
  return { ...state, statuses: new Map(state.statuses).set(id, status) }
}

/** Steps are in dependency order, so one pass reaches dependants of dependants. */
function stopDependants(state: PlanState, failedId: string): PlanStep {
  const statuses = new Map(state.statuses)
  const blocked = new Set([failedId])
  const effects: PlanEffect[] = []
  for (const { id, depends_on } of state.subTasks) {
    if (statuses.get(id)?.kind !== 'waiting' || !depends_on.some((dependency) => blocked.has(dependency))) continue
    blocked.add(id)
    statuses.set(id, { kind: 'stopped', failedDependency: failedId })
    effects.push({ type: 'report-stopped', id, failedDependency: failedId })
  }
  return startReady({ ...state, statuses }, effects)
}

function startReady(state: PlanState, before: readonly PlanEffect[]): PlanStep {
  const statuses = new Map(state.statuses)
  const effects = [...before]
  let running = countOf(state, 'running')
  for (const subTask of state.subTasks) {
    if (running >= state.parallelMax) break
    if (statuses.get(subTask.id)?.kind !== 'waiting') continue
    const dependencyOutputs = outputsOf(state, subTask.depends_on)
    if (dependencyOutputs === undefined) continue
    statuses.set(subTask.id, { kind: 'running' })
    running += 1
    effects.push({ type: 'start-subtask', subTask, dependencyOutputs })
  }
  const next = { ...state, statuses }
  if (isPlanFinished(next)) effects.push({ type: 'finish-plan' })
  assert(isPlanFinished(next) || running > 0, 'an unfinished plan has a running step')
  return { state: next, effects }
}

/** Outputs of the steps named, or `undefined` unless all of them succeeded. */
function outputsOf(state: PlanState, ids: readonly string[]): readonly DependencyOutput[] | undefined {
  const outputs: DependencyOutput[] = []
  for (const id of ids) {
    const status = state.statuses.get(id)
    if (status?.kind !== 'succeeded') return undefined
    outputs.push({ id, output: status.output })
  }
  return outputs
}

function countOf(state: PlanState, kind: SubTaskStatus['kind']): number {
  let count = 0
  for (const status of state.statuses.values()) if (status.kind === kind) count += 1
  return count
}

/** Whether no step can change any more. */
export function isPlanFinished(state: PlanState): boolean {
  return countOf(state, 'waiting') === 0 && countOf(state, 'running') === 0
}

function violations(state: PlanState): readonly string[] {
  const broken: string[] = []
  if (countOf(state, 'running') > state.parallelMax) broken.push('more steps run than parallelMax allows')
  for (const { id, depends_on } of state.subTasks) {
    const status = state.statuses.get(id)
    const hasRun = status?.kind === 'running' || status?.kind === 'succeeded' || status?.kind === 'failed'
    if (hasRun && outputsOf(state, depends_on) === undefined)
      broken.push(`step ${id} ran before its dependencies succeeded`)
    if (status?.kind === 'stopped' && state.statuses.get(status.failedDependency)?.kind !== 'failed') {
      broken.push(`step ${id} is stopped by a step that did not fail`)
    }
  }
  return broken
}
