import { assert, assertNever } from '../../base/assert.ts'
import type { Step } from '../machine.ts'
import type { PlannedTask } from './order-by-dependencies.ts'
import { advance, draftOf, idOf, policyOf, setStatus, start, tellStart, type Draft } from './plan-draft.ts'
import type { PlanEffect, PlanEvent, PlanTimer } from './plan-event.ts'
import { backOffAfter, createPlanGraph, indexOfStep, type PlanInput } from './plan-graph.ts'
import { isOpen, plannedState, planViolations, type PlanState, type SubTaskStatus } from './plan-state.ts'

/**
 * Executes a plan as a pure machine: (state, event) -> (state, effects). Steps start as soon as all their dependencies
 * have succeeded, independent ones side by side. A step that fails is tried again as its policy says; one that failed for
 * good stops everything that depends on it and nothing else, unless it is optional. Whether steps are independent is read
 * from `depends_on` alone, not from `parallel_ok`: a step is a question to a model without side effects, so the graph says
 * all there is to know.
 *
 * ```text
 * waiting --> running --> succeeded | failed | backing-off --> waiting
 *                |
 *                +--> stopping --> cancelled, or, after a time limit, as after running
 * any open ------> cancelled          waiting ------> stopped
 * ```
 */
export const planMachine: {
  readonly name: 'plan'
  /** @throws RangeError as `createPlanGraph`. */
  initial<Task extends PlannedTask>(input: PlanInput<Task>): PlanState<Task>
  /** Total: an event that does not apply leaves the state unchanged and yields one `event-refused`. */
  transition<Task extends PlannedTask>(
    state: PlanState<Task>,
    event: PlanEvent,
  ): Step<PlanState<Task>, PlanEffect<Task>>
  violations(state: PlanState<PlannedTask>): readonly string[]
} = { name: 'plan', initial, transition, violations: planViolations }

function initial<Task extends PlannedTask>(input: PlanInput<Task>): PlanState<Task> {
  return plannedState(createPlanGraph(input))
}

type PlanStep<Task extends PlannedTask> = Step<PlanState<Task>, PlanEffect<Task>>

function transition<Task extends PlannedTask>(state: PlanState<Task>, event: PlanEvent): PlanStep<Task> {
  switch (event.type) {
    case 'plan-started':
      if (state.phase !== 'planned') return refuse(state, 'the plan has already started')
      return advance(draftOf(state, 'running'))
    case 'plan-resumed':
      if (state.phase === 'planned' || state.phase === 'finished') return refuse(state, `the plan is ${state.phase}`)
      return advance(resumed(draftOf(state, state.phase)))
    case 'plan-cancelled':
      if (state.phase === 'finished' || state.phase === 'cancelling')
        return refuse(state, `the plan is ${state.phase} already`)
      return advance(cancelled(draftOf(state, 'cancelling'), event.reason))
    case 'subtask-succeeded':
    case 'subtask-failed':
      return ended(state, event)
    case 'subtask-cancelled':
      return cancelStep(state, event)
    case 'timer-fired':
      return timerFired(state, event.timer)
    default:
      return assertNever(event)
  }
}

function refuse<Task extends PlannedTask>(state: PlanState<Task>, detail: string): PlanStep<Task> {
  return { state, effects: [{ type: 'event-refused', code: 'PLAN_EVENT_REFUSED', detail }] }
}

type StepEnded = Extract<PlanEvent, { type: 'subtask-succeeded' | 'subtask-failed' }>

function ended<Task extends PlannedTask>(state: PlanState<Task>, event: StepEnded): PlanStep<Task> {
  const index = indexOfStep(state.graph, event.id)
  const status = state.statuses[index]
  if (status === undefined || (status.kind !== 'running' && status.kind !== 'stopping'))
    return refuse(state, `step ${event.id} is not running`)
  if (event.attempt !== undefined && event.attempt !== status.attempt)
    return refuse(state, `attempt ${event.attempt} of step ${event.id} is not the one that runs`)
  const draft = draftOf(state, state.phase)
  if (status.kind === 'stopping' || policyOf(draft, index).timeLimitMs !== undefined)
    draft.effects.push({ type: 'cancel-timer', id: event.id })
  if (status.kind === 'stopping' && status.cause === 'cancelled') endWithout(draft, index, status)
  else if (event.type === 'subtask-succeeded') setStatus(draft, index, { kind: 'succeeded', output: event.output })
  else attemptFailed(draft, index, status.kind === 'stopping' ? { reason: status.reason } : event)
  return advance(draft)
}

/** An attempt came to nothing: there is another, or the step has failed. */
function attemptFailed<Task extends PlannedTask>(
  draft: Draft<Task>,
  index: number,
  { reason, isRetryable = true }: { readonly reason: string; readonly isRetryable?: boolean },
): void {
  const status = draft.statuses[index]
  const policy = policyOf(draft, index)
  assert(status !== undefined && 'attempt' in status, 'an attempt that failed is of an open step')
  const { attempt } = status
  if (!isRetryable || attempt >= (policy.attemptsMax ?? 1)) {
    setStatus(draft, index, { kind: 'failed', reason })
    stopDependants(draft, index)
    return
  }
  const delayMs = backOffAfter(policy, attempt)
  if (delayMs === 0) {
    start(draft, index, attempt + 1)
    return
  }
  setStatus(draft, index, { kind: 'backing-off', attempt: attempt + 1 })
  const timer: PlanTimer = { kind: 'back-off', id: idOf(draft.graph, index), attempt: attempt + 1 }
  draft.effects.push({ type: 'start-timer', timer, delayMs })
}

/** Ends a step that is stopping, and that nobody waits for any more or that has had its time. */
function endWithout<Task extends PlannedTask>(
  draft: Draft<Task>,
  index: number,
  { cause, reason }: Extract<SubTaskStatus, { kind: 'stopping' }>,
): void {
  if (cause === 'time-limit') {
    attemptFailed(draft, index, { reason })
    return
  }
  setStatus(draft, index, { kind: 'cancelled', reason })
  stopDependants(draft, index)
}

/** Steps are in dependency order, so one pass reaches dependants of dependants. What an optional step stops goes no further than itself. */
function stopDependants<Task extends PlannedTask>(draft: Draft<Task>, failed: number): void {
  if (policyOf(draft, failed).isOptional === true) return
  const { graph, statuses } = draft
  const failedDependency = idOf(graph, failed)
  const blocked = new Set([failed])
  for (let index = failed + 1; index < statuses.length; index += 1) {
    if (statuses[index]?.kind !== 'waiting') continue
    if (graph.dependencies[index]?.some((dependency) => blocked.has(dependency)) !== true) continue
    if (policyOf(draft, index).isOptional !== true) blocked.add(index)
    setStatus(draft, index, { kind: 'stopped', failedDependency })
    draft.effects.push({ type: 'report-stopped', id: idOf(graph, index), failedDependency })
  }
}

/** Tells a step that runs to stop. */
function stop<Task extends PlannedTask>(
  draft: Draft<Task>,
  index: number,
  status: Extract<SubTaskStatus, { kind: 'stopping' }>,
): void {
  const { attempt, cause } = status
  const id = idOf(draft.graph, index)
  setStatus(draft, index, status)
  draft.effects.push({ type: 'stop-subtask', id, attempt, cause })
  const timer: PlanTimer = { kind: 'stop-grace', id, attempt }
  draft.effects.push({ type: 'start-timer', timer, delayMs: draft.graph.stopGraceMs })
}

function cancelStep<Task extends PlannedTask>(
  state: PlanState<Task>,
  { id, reason }: Extract<PlanEvent, { type: 'subtask-cancelled' }>,
): PlanStep<Task> {
  const index = indexOfStep(state.graph, id)
  const status = state.statuses[index]
  if (state.phase !== 'running' || status === undefined || !isOpen(status))
    return refuse(state, `step ${id} cannot be cancelled now`)
  if (status.kind === 'stopping' && status.cause === 'cancelled')
    return refuse(state, `step ${id} is cancelled already`)
  const draft = draftOf(state, state.phase)
  cancelOne(draft, index, reason)
  if (draft.statuses[index]?.kind === 'cancelled') stopDependants(draft, index)
  return advance(draft)
}

function cancelOne<Task extends PlannedTask>(draft: Draft<Task>, index: number, reason: string): void {
  const status = draft.statuses[index]
  if (status === undefined || !isOpen(status)) return
  if (status.kind === 'running') stop(draft, index, { ...status, kind: 'stopping', cause: 'cancelled', reason })
  else if (status.kind === 'stopping') setStatus(draft, index, { ...status, cause: 'cancelled', reason })
  else {
    if (status.kind === 'backing-off') draft.effects.push({ type: 'cancel-timer', id: idOf(draft.graph, index) })
    setStatus(draft, index, { kind: 'cancelled', reason })
  }
}

function cancelled<Task extends PlannedTask>(draft: Draft<Task>, reason: string): Draft<Task> {
  for (let index = 0; index < draft.statuses.length; index += 1) cancelOne(draft, index, reason)
  return draft
}

/** Nothing runs: what did starts again, what was stopping has stopped, and timers start anew. */
function resumed<Task extends PlannedTask>(draft: Draft<Task>): Draft<Task> {
  for (const [index, status] of draft.statuses.entries()) {
    const id = idOf(draft.graph, index)
    if (status.kind === 'running') tellStart(draft, index, status.attempt)
    else if (status.kind === 'stopping') endWithout(draft, index, status)
    else if (status.kind === 'backing-off') {
      const delayMs = backOffAfter(policyOf(draft, index), status.attempt - 1)
      const timer: PlanTimer = { kind: 'back-off', id, attempt: status.attempt }
      draft.effects.push({ type: 'start-timer', timer, delayMs })
    }
  }
  return draft
}

function timerFired<Task extends PlannedTask>(state: PlanState<Task>, timer: PlanTimer): PlanStep<Task> {
  const index = indexOfStep(state.graph, timer.id)
  const status = state.statuses[index]
  if (status === undefined || !('attempt' in status) || status.attempt !== timer.attempt)
    return refuse(state, `nobody waits for this timer of step ${timer.id}`)
  const draft = draftOf(state, state.phase)
  if (timer.kind === 'time-limit' && status.kind === 'running') {
    const reason = `took longer than ${policyOf(draft, index).timeLimitMs} ms`
    stop(draft, index, { ...status, kind: 'stopping', cause: 'time-limit', reason })
  } else if (timer.kind === 'back-off' && status.kind === 'backing-off') {
    setStatus(draft, index, { kind: 'waiting', attempt: status.attempt })
  } else if (timer.kind === 'stop-grace' && status.kind === 'stopping') {
    draft.effects.push({ type: 'abandon-subtask', id: timer.id, attempt: timer.attempt })
    endWithout(draft, index, status)
  } else return refuse(state, `nobody waits for this timer of step ${timer.id}`)
  return advance(draft)
}
