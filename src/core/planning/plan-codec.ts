import type { JsonValue } from '../../base/canonical-json.ts'
import { MODEL_TIERS } from '../models/model-entry.ts'
import type { PlannedTask } from './order-by-dependencies.ts'
import type { PlanEvent, PlanTimer } from './plan-event.ts'
import { createPlanGraph, type PlanGraph, type PlanInput, type StepPolicy } from './plan-graph.ts'
import { holdsSlot, isOpen, planViolations, type PlanPhase, type PlanState, type SubTaskStatus } from './plan-state.ts'
import { SUB_TASK_DOMAINS, type SubTask } from './sub-task.ts'

/** How the steps of a plan are kept: what they are besides id and dependencies is the matter of whoever runs them. */
export type TaskCodec<Task extends PlannedTask> = {
  formatTask(task: Task): JsonValue
  /** Reads what `formatTask` wrote; `undefined` for anything else. */
  parseTask(json: unknown): Task | undefined
}

/** JSON of an event for a journal. */
export function formatPlanEvent(event: PlanEvent): JsonValue {
  return event.type === 'timer-fired' ? { ...event, timer: { ...event.timer } } : { ...event }
}

/** Reads what `formatPlanEvent` wrote; `undefined` for anything else. */
export function parsePlanEvent(json: unknown): PlanEvent | undefined {
  const type = member(json, 'type')
  if (type === 'plan-started' || type === 'plan-resumed') return { type }
  const reason = textOf(member(json, 'reason'))
  if (type === 'plan-cancelled') return reason === undefined ? undefined : { type, reason }
  if (type === 'timer-fired') {
    const timer = parseTimer(member(json, 'timer'))
    return timer === undefined ? undefined : { type, timer }
  }
  const id = textOf(member(json, 'id'))
  if (id === undefined) return undefined
  if (type === 'subtask-cancelled') return reason === undefined ? undefined : { type, id, reason }
  const attempt = numberOf(member(json, 'attempt'))
  const ofAttempt = attempt === undefined ? {} : { attempt }
  if (type === 'subtask-succeeded') {
    const output = textOf(member(json, 'output'))
    return output === undefined ? undefined : { type, id, output, ...ofAttempt }
  }
  if (type !== 'subtask-failed' || reason === undefined) return undefined
  return { type, id, reason, ...ofAttempt, ...(member(json, 'isRetryable') === false && { isRetryable: false }) }
}

/** JSON of the part of a plan that never changes. */
export function formatPlanGraph<Task extends PlannedTask>(graph: PlanGraph<Task>, codec: TaskCodec<Task>): JsonValue {
  // Without a prototype no id of a step means anything else.
  const policies = Object.create(null) as Record<string, JsonValue>
  for (const [index, { id }] of graph.subTasks.entries()) {
    const policy = graph.policies[index]
    if (policy !== undefined && Object.keys(policy).length > 0) policies[id] = formatPolicy(policy)
  }
  return {
    id: graph.id,
    subTasks: graph.subTasks.map((task) => codec.formatTask(task)),
    parallelMax: graph.parallelMax,
    stopGraceMs: graph.stopGraceMs,
    policies,
  }
}

/** Reads what `formatPlanGraph` wrote; `undefined` for anything else. */
export function parsePlanGraph<Task extends PlannedTask>(
  json: unknown,
  codec: TaskCodec<Task>,
): PlanGraph<Task> | undefined {
  const input = parsePlanInput(json, codec)
  try {
    return input && createPlanGraph(input)
  } catch (error: unknown) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** JSON of a state without its graph. */
export function formatPlanProgress(state: PlanState<PlannedTask>): JsonValue {
  return { phase: state.phase, statuses: state.statuses.map((status) => ({ ...status })) }
}

/** Reads what `formatPlanProgress` wrote of a plan with this graph; `undefined` for anything else. */
export function parsePlanProgress<Task extends PlannedTask>(
  json: unknown,
  graph: PlanGraph<Task>,
): PlanState<Task> | undefined {
  const phase = PHASES.find((name) => name === member(json, 'phase'))
  const listed = member(json, 'statuses')
  if (phase === undefined || !Array.isArray(listed) || listed.length !== graph.subTasks.length) return undefined
  const statuses: SubTaskStatus[] = []
  for (const item of listed as readonly unknown[]) {
    const status = parseStatus(item)
    if (status === undefined) return undefined
    statuses.push(status)
  }
  const firstWaiting = statuses.findIndex(({ kind }) => kind === 'waiting')
  const state = {
    graph,
    phase,
    statuses,
    runningCount: statuses.filter(holdsSlot).length,
    openCount: statuses.filter(isOpen).length,
    firstWaiting: firstWaiting < 0 ? statuses.length : firstWaiting,
    hasReady: true,
  }
  return planViolations(state).length === 0 ? state : undefined
}

const PHASES: readonly PlanPhase[] = ['planned', 'running', 'cancelling', 'finished']

/** The codec of the steps that a decomposer made. */
export const SUB_TASK_CODEC: TaskCodec<SubTask> = {
  formatTask: (task) => ({ ...task }),
  parseTask: parseStoredSubTask,
}

function parseStoredSubTask(json: unknown): SubTask | undefined {
  const task = parsePlannedTask(json)
  const description = textOf(member(json, 'description'))
  const difficulty = ([1, 2, 3, 4, 5] as const).find((level) => level === member(json, 'difficulty'))
  const domain = SUB_TASK_DOMAINS.find((name) => name === member(json, 'domain'))
  const tier = MODEL_TIERS.find((name) => name === member(json, 'target_tier'))
  const confidence = numberOf(member(json, 'confidence'))
  const escalates = flagOf(member(json, 'escalate_if_fail'))
  const isParallel = flagOf(member(json, 'parallel_ok'))
  const context = member(json, 'context_needed')
  if (task === undefined || description === undefined || difficulty === undefined || domain === undefined)
    return undefined
  if (tier === undefined || confidence === undefined || escalates === undefined || isParallel === undefined)
    return undefined
  if (context !== null && typeof context !== 'string') return undefined
  return {
    ...task,
    description,
    difficulty,
    domain,
    target_tier: tier,
    confidence,
    escalate_if_fail: escalates,
    parallel_ok: isParallel,
    context_needed: context,
  }
}

/** What every step has; `undefined` for what has not. */
export function parsePlannedTask(json: unknown): PlannedTask | undefined {
  const id = textOf(member(json, 'id'))
  const listed = member(json, 'depends_on')
  if (id === undefined || !Array.isArray(listed)) return undefined
  const dependencies = listed.filter((name) => typeof name === 'string')
  return dependencies.length === listed.length ? { id, depends_on: dependencies } : undefined
}

function parsePlanInput<Task extends PlannedTask>(json: unknown, codec: TaskCodec<Task>): PlanInput<Task> | undefined {
  const id = textOf(member(json, 'id'))
  const listed = member(json, 'subTasks')
  const parallelMax = numberOf(member(json, 'parallelMax'))
  const stopGraceMs = numberOf(member(json, 'stopGraceMs'))
  const policyList = member(json, 'policies')
  if (id === undefined || !Array.isArray(listed) || parallelMax === undefined || stopGraceMs === undefined)
    return undefined
  if (typeof policyList !== 'object' || policyList === null) return undefined
  const subTasks: Task[] = []
  for (const item of listed as readonly unknown[]) {
    const task = codec.parseTask(item)
    if (task === undefined) return undefined
    subTasks.push(task)
  }
  const policies = Object.create(null) as Record<string, StepPolicy>
  for (const [step, policy] of Object.entries(policyList)) policies[step] = parsePolicy(policy)
  return { id, subTasks, parallelMax, stopGraceMs, policies }
}

function formatPolicy({ backOff, ...policy }: StepPolicy): JsonValue {
  return { ...policy, ...(backOff !== undefined && { backOff: { ...backOff } }) }
}

/** Ranges are checked by `createPlanGraph`. */
function parsePolicy(json: unknown): StepPolicy {
  const attemptsMax = numberOf(member(json, 'attemptsMax'))
  const timeLimitMs = numberOf(member(json, 'timeLimitMs'))
  const firstMs = numberOf(member(member(json, 'backOff'), 'firstMs'))
  const maxMs = numberOf(member(member(json, 'backOff'), 'maxMs'))
  return {
    ...(attemptsMax !== undefined && { attemptsMax }),
    ...(timeLimitMs !== undefined && { timeLimitMs }),
    ...(firstMs !== undefined && maxMs !== undefined && { backOff: { firstMs, maxMs } }),
    ...(member(json, 'isOptional') === true && { isOptional: true }),
  }
}

function parseStatus(json: unknown): SubTaskStatus | undefined {
  const kind = member(json, 'kind')
  const attempt = numberOf(member(json, 'attempt'))
  const reason = textOf(member(json, 'reason'))
  if (kind === 'waiting' || kind === 'running' || kind === 'backing-off')
    return attempt === undefined ? undefined : { kind, attempt }
  if (kind === 'failed' || kind === 'cancelled') return reason === undefined ? undefined : { kind, reason }
  if (kind === 'succeeded') {
    const output = textOf(member(json, 'output'))
    return output === undefined ? undefined : { kind, output }
  }
  if (kind === 'stopped') {
    const failedDependency = textOf(member(json, 'failedDependency'))
    return failedDependency === undefined ? undefined : { kind, failedDependency }
  }
  const cause = (['cancelled', 'time-limit'] as const).find((name) => name === member(json, 'cause'))
  if (kind !== 'stopping' || attempt === undefined || reason === undefined || cause === undefined) return undefined
  return { kind, attempt, cause, reason }
}

function parseTimer(json: unknown): PlanTimer | undefined {
  const kind = (['time-limit', 'back-off', 'stop-grace'] as const).find((name) => name === member(json, 'kind'))
  const id = textOf(member(json, 'id'))
  const attempt = numberOf(member(json, 'attempt'))
  return kind === undefined || id === undefined || attempt === undefined ? undefined : { kind, id, attempt }
}

function member(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function flagOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}
