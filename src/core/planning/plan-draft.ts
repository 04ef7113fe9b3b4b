import { assert } from '../../base/assert.ts'
import type { Step } from '../machine.ts'
import type { PlannedTask } from './order-by-dependencies.ts'
import type { DependencyOutput, PlanEffect } from './plan-event.ts'
import { attemptKey, type PlanGraph, type StepPolicy } from './plan-graph.ts'
import { holdsSlot, isOpen, isSettled, type PlanPhase, type PlanState, type SubTaskStatus } from './plan-state.ts'

/** The next state while it is made. */
export type Draft<Task extends PlannedTask> = {
  readonly graph: PlanGraph<Task>
  readonly phase: PlanPhase
  readonly statuses: SubTaskStatus[]
  readonly effects: PlanEffect<Task>[]
  runningCount: number
  openCount: number
  firstWaiting: number
}

export function draftOf<Task extends PlannedTask>(state: PlanState<Task>, phase: PlanPhase): Draft<Task> {
  const { graph, runningCount, openCount, firstWaiting } = state
  return { graph, phase, statuses: state.statuses.slice(), effects: [], runningCount, openCount, firstWaiting }
}

export function setStatus<Task extends PlannedTask>(draft: Draft<Task>, index: number, status: SubTaskStatus): void {
  const before = draft.statuses[index]
  assert(before !== undefined && isOpen(before), 'a step that has ended stays as it is')
  draft.runningCount += Number(holdsSlot(status)) - Number(holdsSlot(before))
  draft.openCount += Number(isOpen(status)) - 1
  if (status.kind === 'waiting') draft.firstWaiting = Math.min(draft.firstWaiting, index)
  draft.statuses[index] = status
}

/** Starts what can be started, and closes the draft. */
export function advance<Task extends PlannedTask>(draft: Draft<Task>): Step<PlanState<Task>, PlanEffect<Task>> {
  if (draft.phase === 'running') startReady(draft)
  const { graph, statuses, effects, runningCount, openCount, firstWaiting } = draft
  const isFinished = openCount === 0
  if (isFinished) effects.push({ type: 'finish-plan' })
  assert(
    isFinished || runningCount > 0 || statuses.some(({ kind }) => kind === 'backing-off'),
    'a plan that has not finished has a step under way',
  )
  const phase = isFinished ? 'finished' : draft.phase
  return { state: { graph, phase, statuses, runningCount, openCount, firstWaiting }, effects }
}

function startReady<Task extends PlannedTask>(draft: Draft<Task>): void {
  const { graph, statuses } = draft
  let isFirst = true
  for (let index = draft.firstWaiting; index < statuses.length; index += 1) {
    const status = statuses[index]
    if (status?.kind !== 'waiting') continue
    if (isFirst) draft.firstWaiting = index
    if (draft.runningCount >= graph.parallelMax) return
    if (graph.dependencies[index]?.every((dependency) => isSettled(draft, dependency)) === true) {
      start(draft, index, status.attempt)
    } else isFirst = false
  }
  if (isFirst) draft.firstWaiting = statuses.length
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
