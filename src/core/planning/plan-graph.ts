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

/** A plan as it is handed in: its steps, and how each is retried, limited and stopped. What is out of range throws `RangeError` (`createPlanGraph`). */
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
  /** Of more steps than are found faster by looking at each; see `indexOfStep`. */
  readonly indexes: ReadonlyMap<string, number> | undefined
  /** By index of the step. */
  readonly dependencies: readonly (readonly number[])[]
  /** The reverse, of graphs so large that looking at every step is too much. */
  readonly dependants: readonly (readonly number[])[] | undefined
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
  if (subTasks === undefined || subTasks.length === 0 || !haveOwnIds(subTasks)) {
    throw new RangeError(
      `a plan needs 1 to ${PLAN_STEPS_MAX} steps with unique ids, and dependencies between them without cycles`,
    )
  }
  if (id.length === 0 || id.length > 256) throw new RangeError('the id of a plan has 1 to 256 characters')
  if (!Number.isInteger(parallelMax) || parallelMax < 1)
    throw new RangeError(`parallelMax ${parallelMax} is not a whole number >= 1`)
  if (!isWait(stopGraceMs)) throw new RangeError(`stopGraceMs ${stopGraceMs} is not finite and >= 0`)
  const indexes = subTasks.length > LOOKED_AT_MAX ? new Map(subTasks.map((task, index) => [task.id, index])) : undefined
  const dependencies = subTasks.map(({ depends_on }) =>
    depends_on.length === 0 ? NOTHING : depends_on.map((dependency) => indexOfStep({ subTasks, indexes }, dependency)),
  )
  return {
    id,
    subTasks,
    indexes,
    dependencies,
    dependants: indexes === undefined ? undefined : reverse(dependencies),
    policies: policiesOf(subTasks, input),
    parallelMax,
    stopGraceMs,
  }
}

function reverse(dependencies: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const dependants: number[][] = dependencies.map(() => [])
  for (const [index, before] of dependencies.entries())
    for (const dependency of before) dependants[dependency]?.push(index)
  return dependants
}

/** Up to so many steps are looked at one by one: most plans have few, and a map costs more than it saves. */
const LOOKED_AT_MAX = 8

/** -1 for a step that there is not. */
export function indexOfStep(
  { subTasks, indexes }: Pick<PlanGraph<PlannedTask>, 'subTasks' | 'indexes'>,
  id: string,
): number {
  if (indexes !== undefined) return indexes.get(id) ?? -1
  for (let index = 0; index < subTasks.length; index += 1) if (subTasks[index]?.id === id) return index
  return -1
}

function haveOwnIds(subTasks: readonly PlannedTask[]): boolean {
  if (subTasks.length === 1) return subTasks.every(({ id }) => isStepId(id))
  return subTasks.every(({ id }) => isStepId(id)) && new Set(subTasks.map(({ id }) => id)).size === subTasks.length
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
