import { assert } from '../../base/assert.ts'
import type { Step } from '../machine.ts'
import type { PlannedTask } from './order-by-dependencies.ts'
import type { DependencyOutput, PlanEffect } from './plan-event.ts'
import { attemptKey, type PlanGraph, type StepPolicy } from './plan-graph.ts'
import { holdsSlot, isOpen, isReady, type PlanPhase, type PlanState, type SubTaskStatus } from './plan-state.ts'

/** The next state while it is made. */
export type Draft<Task extends PlannedTask> = {
  readonly graph: PlanGraph<Task>
  readonly phase: PlanPhase
  readonly statuses: SubTaskStatus[]
  readonly effects: PlanEffect<Task>[]
  runningCount: number
  openCount: number
  firstWaiting: number
  hasReady: boolean
  /** Steps that have ended, or wait again, since the draft was begun. */
  readonly touched: number[]
}

export function draftOf<Task extends PlannedTask>(state: PlanState<Task>, phase: PlanPhase): Draft<Task> {
  const { graph, runningCount, openCount, firstWaiting, hasReady } = state
  return {
    graph,
    phase,
    statuses: state.statuses.slice(),
    effects: [],
    runningCount,
    openCount,
    firstWaiting,
    hasReady,
    touched: [],
  }
}

export function setStatus<Task extends PlannedTask>(draft: Draft<Task>, index: number, status: SubTaskStatus): void {
  const before = draft.statuses[index]
  assert(before !== undefined && isOpen(before), 'a step that has ended stays as it is')
  draft.runningCount += Number(holdsSlot(status)) - Number(holdsSlot(before))
  draft.openCount += Number(isOpen(status)) - 1
  if (status.kind === 'waiting') draft.firstWaiting = Math.min(draft.firstWaiting, index)
  if (status.kind === 'waiting' || !isOpen(status)) draft.touched.push(index)
  draft.statuses[index] = status
}

/** Starts what can be started, and closes the draft. */
export function advance<Task extends PlannedTask>(draft: Draft<Task>): Step<PlanState<Task>, PlanEffect<Task>> {
  if (draft.phase === 'running') startReady(draft)
  const { graph, statuses, effects, runningCount, openCount, firstWaiting, hasReady } = draft
  const isFinished = openCount === 0
  if (isFinished) effects.push({ type: 'finish-plan' })
  assert(
    isFinished || runningCount > 0 || statuses.some(({ kind }) => kind === 'backing-off'),
    'a plan that has not finished has a step under way',
  )
  const phase = isFinished ? 'finished' : draft.phase
  return { state: { graph, phase, statuses, runningCount, openCount, firstWaiting, hasReady }, effects }
}

/** In the order of the plan. Looks at every step that waits, or, where the graph is large, at those that what has ended can have made ready. */
function startReady<Task extends PlannedTask>(draft: Draft<Task>): void {
  const { graph, statuses } = draft
  const candidates = draft.hasReady ? undefined : candidatesOf(draft)
  const count = candidates === undefined ? statuses.length : candidates.length
  draft.hasReady = false
  for (let at = candidates === undefined ? draft.firstWaiting : 0; at < count; at += 1) {
    const index = candidates === undefined ? at : (candidates[at] ?? 0)
    if (!isReady(draft, index)) continue
    if (draft.runningCount >= graph.parallelMax) {
      draft.hasReady = true
      break
    }
    const status = statuses[index]
    if (status?.kind === 'waiting') start(draft, index, status.attempt)
  }
  while (draft.firstWaiting < statuses.length && statuses[draft.firstWaiting]?.kind !== 'waiting')
    draft.firstWaiting += 1
}

/** `undefined`: all. */
function candidatesOf({ graph: { dependants }, touched }: Draft<PlannedTask>): readonly number[] | undefined {
  if (dependants === undefined) return undefined
  const candidates = new Set<number>()
  for (const index of touched) {
    candidates.add(index)
    for (const dependant of dependants[index] ?? []) candidates.add(dependant)
  }
  return [...candidates].sort((left, right) => left - right)
}

export function start<Task extends PlannedTask>(draft: Draft<Task>, index: number, attempt: number): void {
  setStatus(draft, index, { kind: 'running', attempt })
  tellStart(draft, index, attempt)
}

export function tellStart<Task extends PlannedTask>(draft: Draft<Task>, index: number, attempt: number): void {
  const { graph } = draft
  const subTask = graph.subTasks[index]
  assert(subTask !== undefined, 'a status is of a step')
  const { id } = subTask
  const dependencyOutputs = outputsFor(draft, index)
  const key = attemptKey(graph, id, attempt)
  draft.effects.push({ type: 'start-subtask', subTask, dependencyOutputs, attempt, key })
  const { timeLimitMs } = policyOf(draft, index)
  if (timeLimitMs !== undefined)
    draft.effects.push({ type: 'start-timer', timer: { kind: 'time-limit', id, attempt }, delayMs: timeLimitMs })
}

const NO_OUTPUTS: readonly DependencyOutput[] = Object.freeze([])

function outputsFor<Task extends PlannedTask>(
  { graph, statuses }: Draft<Task>,
  index: number,
): readonly DependencyOutput[] {
  const dependencies = graph.dependencies[index]
  if (dependencies === undefined || dependencies.length === 0) return NO_OUTPUTS
  const outputs: DependencyOutput[] = []
  for (const dependency of dependencies) {
    const status = statuses[dependency]
    if (status?.kind === 'succeeded') outputs.push({ id: idOf(graph, dependency), output: status.output })
  }
  return outputs
}

export function idOf(graph: PlanGraph<PlannedTask>, index: number): string {
  return graph.subTasks[index]?.id ?? ''
}

export function policyOf({ graph }: Pick<Draft<PlannedTask>, 'graph'>, index: number): StepPolicy {
  return graph.policies[index] ?? {}
}
