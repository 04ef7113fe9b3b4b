import type { PlannedTask } from './order-by-dependencies.ts'
import { indexOfStep, type PlanGraph } from './plan-graph.ts'
import type { SubTask } from './sub-task.ts'

/** Why a step that runs was told to stop. */
export type StopCause = 'cancelled' | 'time-limit'

/** Where one step of a plan stands. `succeeded`, `failed`, `stopped` and `cancelled` are final. */
export type SubTaskStatus =
  /** For its dependencies, or for its turn; `attempt` is the one that it will be, 1 is the first. */
  | { readonly kind: 'waiting'; readonly attempt: number }
  | { readonly kind: 'running'; readonly attempt: number }
  /** Was told to stop and has not ended yet; still counts as running. `reason` is for people. */
  | { readonly kind: 'stopping'; readonly attempt: number; readonly cause: StopCause; readonly reason: string }
  /** Attempt `attempt` starts when the timer has fired. */
  | { readonly kind: 'backing-off'; readonly attempt: number }
  | { readonly kind: 'succeeded'; readonly output: string }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Never ran, because this step, which it depends on directly or through others, failed or was cancelled. */
  | { readonly kind: 'stopped'; readonly failedDependency: string }
  | { readonly kind: 'cancelled'; readonly reason: string }

/**
 * ```text
 * planned --> running --> finished
 *    |           |           ^
 *    |           v           |
 *    +-----> cancelling -----+        from planned at once; from running when every step under way has ended
 * ```
 */
export type PlanPhase = 'planned' | 'running' | 'cancelling' | 'finished'

/** Where a plan stands, with all that is needed for it to go on after a restart (`plan-resumed`). */
export type PlanState<Task extends PlannedTask = SubTask> = {
  readonly graph: PlanGraph<Task>
  readonly phase: PlanPhase
  /** By index of the step. */
  readonly statuses: readonly SubTaskStatus[]
  /** Steps that run or are stopping. */
  readonly runningCount: number
  /** Steps that can still change. */
  readonly openCount: number
  /** No step with a smaller index is waiting. */
  readonly firstWaiting: number
  /** Steps may be waiting for nothing but their turn. False: only a step that ends can let another run. */
  readonly hasReady: boolean
}

const FIRST: SubTaskStatus = Object.freeze({ kind: 'waiting', attempt: 1 })

/** A plan that was not started. */
export function plannedState<Task extends PlannedTask>(graph: PlanGraph<Task>): PlanState<Task> {
  const statuses = graph.subTasks.map(() => FIRST)
  return {
    graph,
    phase: 'planned',
    statuses,
    runningCount: 0,
    openCount: statuses.length,
    firstWaiting: 0,
    hasReady: true,
  }
}

/** `undefined`: the plan has no step of that id. */
export function statusOf(state: PlanState<PlannedTask>, id: string): SubTaskStatus | undefined {
  return state.statuses[indexOfStep(state.graph, id)]
}

/** Whether no step can change any more. */
export function isPlanFinished(state: PlanState<PlannedTask>): boolean {
  return state.openCount === 0
}

export function isOpen({ kind }: SubTaskStatus): boolean {
  return kind === 'waiting' || kind === 'running' || kind === 'stopping' || kind === 'backing-off'
}

export function holdsSlot({ kind }: SubTaskStatus): boolean {
  return kind === 'running' || kind === 'stopping'
}

/** Whether steps that depend on this one may run as far as it is concerned. */
export function isSettled(state: Pick<PlanState<PlannedTask>, 'graph' | 'statuses'>, index: number): boolean {
  const status = state.statuses[index]
  if (status === undefined) return false
  return status.kind === 'succeeded' || (state.graph.policies[index]?.isOptional === true && !isOpen(status))
}

/** Whether a step waits for nothing but its turn. */
export function isReady(state: Pick<PlanState<PlannedTask>, 'graph' | 'statuses'>, index: number): boolean {
  if (state.statuses[index]?.kind !== 'waiting') return false
  return state.graph.dependencies[index]?.every((dependency) => isSettled(state, dependency)) === true
}

/** Names of broken invariants; empty when sound. */
export function planViolations(state: PlanState<PlannedTask>): readonly string[] {
  const { graph, phase, statuses } = state
  const broken: string[] = []
  if (statuses.filter(holdsSlot).length !== state.runningCount) broken.push('running steps are counted')
  if (statuses.filter(isOpen).length !== state.openCount) broken.push('open steps are counted')
  if (state.runningCount > graph.parallelMax) broken.push('at most parallelMax steps run')
  if ((phase === 'finished') !== (state.openCount === 0)) broken.push('a plan has finished when no step is open')
  if (statuses.slice(0, state.firstWaiting).some(({ kind }) => kind === 'waiting'))
    broken.push('no step before firstWaiting waits')
  if (phase === 'cancelling' && statuses.some((status) => isOpen(status) && status.kind !== 'stopping'))
    broken.push('a cancelled plan only waits for steps that stop')
  if (phase === 'running' && !state.hasReady && statuses.some((_status, index) => isReady(state, index)))
    broken.push('every step runs that can')
  if (phase === 'running' && !statuses.some(({ kind }) => kind !== 'waiting' && kind !== 'stopped'))
    broken.push('a running plan has begun a step')
  for (const [index, status] of statuses.entries()) broken.push(...stepViolations(state, index, status))
  return broken
}

function stepViolations(state: PlanState<PlannedTask>, index: number, status: SubTaskStatus): readonly string[] {
  const { graph } = state
  const broken: string[] = []
  const id = graph.subTasks[index]?.id ?? ''
  const mayRun = graph.dependencies[index]?.every((dependency) => isSettled(state, dependency)) === true
  const hasRun = holdsSlot(status) || ['backing-off', 'succeeded', 'failed'].includes(status.kind)
  if (hasRun && !mayRun) broken.push(`step ${id} ran before its dependencies had ended well`)
  if (hasRun && state.phase === 'planned') broken.push(`step ${id} ran before the plan was started`)
  if ('attempt' in status && (status.attempt < 1 || status.attempt > (graph.policies[index]?.attemptsMax ?? 1)))
    broken.push(`step ${id} has as many attempts as its policy allows`)
  if (status.kind !== 'stopped') return broken
  const cause = statusOf(state, status.failedDependency)
  if (cause?.kind !== 'failed' && cause?.kind !== 'cancelled')
    broken.push(`step ${id} is stopped by a step that did not fail`)
  return broken
}
