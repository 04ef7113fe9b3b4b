import { orderByDependencies, type PlannedTask } from './order-by-dependencies.ts'

/** What happens to a step that fails or takes too long. */
export type StepPolicy = {
  /** Times the step may be tried, a whole number 1..`ATTEMPTS_MAX`. Default 1. */
  readonly attemptsMax?: number
  /** Wait before the n-th further attempt: `firstMs` doubled n - 1 times, at most `maxMs`; finite, 0 <= `firstMs` <= `maxMs`. Default none. */
  readonly backOff?: { readonly firstMs: number; readonly maxMs: number }
  /** Longest that one attempt may take, milliseconds, finite, > 0. Default no limit. */
  readonly timeLimitMs?: number
  /** True: what depends on this step runs without its output where there is none. Default false. */
  readonly isOptional?: boolean
}

export type PlanInput<Task extends PlannedTask> = {
  /** Names the plan in the keys of its steps; 1 to 256 characters, unique among the plans that share an executor. Default `plan`. */
  readonly id?: string
  /** Unique ids, known dependencies, no cycles (see `parseSubTasks`); 1 to `PLAN_STEPS_MAX`. */
  readonly subTasks: readonly Task[]
  /** Most steps running at once, a whole number >= 1; `PLAN_PARALLEL_MAX_DEFAULT` when absent. */
  readonly parallelMax?: number
  /** Of every step that `policies` does not name. */
  readonly policy?: StepPolicy
  readonly policies?: Readonly<Record<string, StepPolicy>>
  /** How long a step that was told to stop may take to end before it is given up, milliseconds, finite, >= 0. Default 5,000. */
  readonly stopGraceMs?: number
}

/** The part of a plan that never changes. Steps are known by their index: every step comes after those it depends on. */
export type PlanGraph<Task extends PlannedTask> = {
  readonly id: string
  readonly subTasks: readonly Task[]
  readonly indexes: ReadonlyMap<string, number>
  /** By index of the step. */
  readonly dependencies: readonly (readonly number[])[]
  readonly policies: readonly StepPolicy[]
  readonly parallelMax: number
  readonly stopGraceMs: number
}

/** Most steps of one plan that run at once unless the caller says otherwise. */
export const PLAN_PARALLEL_MAX_DEFAULT = 4
export const PLAN_STEPS_MAX = 10_000
export const ATTEMPTS_MAX = 1_000
const STOP_GRACE_MS_DEFAULT = 5_000
const ONCE: StepPolicy = Object.freeze({})
const NOTHING: readonly number[] = Object.freeze([])

/** @throws RangeError when the plan is empty, too large or not a graph without cycles, or a bound is out of its range. */
export function createPlanGraph<Task extends PlannedTask>(input: PlanInput<Task>): PlanGraph<Task> {
  const { id = 'plan', parallelMax = PLAN_PARALLEL_MAX_DEFAULT, stopGraceMs = STOP_GRACE_MS_DEFAULT } = input
  const subTasks = input.subTasks.length > PLAN_STEPS_MAX ? undefined : orderByDependencies(input.subTasks)
  const indexes = new Map<string, number>()
  for (const { id: step } of subTasks ?? []) if (isStepId(step)) indexes.set(step, indexes.size)
  if (subTasks === undefined || subTasks.length === 0 || indexes.size !== subTasks.length) {
    throw new RangeError(
      `a plan needs 1 to ${PLAN_STEPS_MAX} steps with unique ids, and dependencies between them without cycles`,
    )
  }
  if (id.length === 0 || id.length > 256) throw new RangeError('the id of a plan has 1 to 256 characters')
  if (!Number.isInteger(parallelMax) || parallelMax < 1)
    throw new RangeError(`parallelMax ${parallelMax} is not a whole number >= 1`)
  if (!isWait(stopGraceMs)) throw new RangeError(`stopGraceMs ${stopGraceMs} is not finite and >= 0`)
  return {
    id,
    subTasks,
    indexes,
    dependencies: subTasks.map(({ depends_on }) =>
      depends_on.length === 0 ? NOTHING : depends_on.map((dependency) => indexes.get(dependency) ?? -1),
    ),
    policies: policiesOf(subTasks, input),
    parallelMax,
    stopGraceMs,
  }
}

function policiesOf<Task extends PlannedTask>(
  subTasks: readonly Task[],
  { policy = ONCE, policies }: PlanInput<Task>,
): readonly StepPolicy[] {
  if (policy !== ONCE) checkPolicy(policy)
  if (policies === undefined) return subTasks.map(() => policy)
  return subTasks.map(({ id }) => {
    const own = Object.hasOwn(policies, id) ? policies[id] : undefined
    if (own !== undefined) checkPolicy(own)
    return own ?? policy
  })
}

function checkPolicy({ attemptsMax = 1, backOff, timeLimitMs }: StepPolicy): void {
  if (!Number.isInteger(attemptsMax) || attemptsMax < 1 || attemptsMax > ATTEMPTS_MAX)
    throw new RangeError(`attemptsMax ${attemptsMax} is not a whole number 1..${ATTEMPTS_MAX}`)
  if (backOff !== undefined && !(isWait(backOff.firstMs) && isWait(backOff.maxMs) && backOff.firstMs <= backOff.maxMs))
    throw new RangeError('the back-off of a step needs 0 <= firstMs <= maxMs')
  if (timeLimitMs !== undefined && !(isWait(timeLimitMs) && timeLimitMs > 0))
    throw new RangeError(`timeLimitMs ${timeLimitMs} is not finite and above 0`)
}

/** Without a slash, so that the key of an attempt says which step of which plan it is of. */
function isStepId(id: string): boolean {
  return id.length >= 1 && id.length <= 256 && !id.includes('/')
}

function isWait(ms: number): boolean {
  return Number.isFinite(ms) && ms >= 0
}

/** Milliseconds between the end of attempt `attempt` (1 is the first) and the next. */
export function backOffAfter({ backOff }: StepPolicy, attempt: number): number {
  if (backOff === undefined) return 0
  let delayMs = backOff.firstMs
  for (let doubled = 1; doubled < attempt && delayMs < backOff.maxMs; doubled += 1) delayMs *= 2
  return Math.min(delayMs, backOff.maxMs)
}

/** What an executor is to be told with an attempt, so that whoever has seen it before does nothing twice. */
export function attemptKey(graph: { readonly id: string }, id: string, attempt: number): string {
  return `${graph.id}/${id}/${attempt}`
}
