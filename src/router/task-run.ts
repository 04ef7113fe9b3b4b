import type { TaskId } from '../base/identifiers.ts'
import { addAmounts, ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { Timestamp } from '../base/time.ts'
import type { CivilDate } from '../core/models/civil-date.ts'
import type { TextReport } from '../core/injection/text-report.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'
import type { OverheadCall } from '../core/routing/task-outcome.ts'
import type { PolicyInput } from '../ports/policy.ts'
import type { RouteAttempt, RouteRequest } from '../ports/router.ts'
import type { Span } from '../ports/tracer.ts'
import type { CacheOutcome } from './semantic-cache.ts'
import type { RequestFacts } from './request-facts.ts'

/** What a task has spent so far; one object for all parts of a task, whoever pays. */
export type TaskMoney = {
  /** Sum of what is known; see `hasUnknownCost`. */
  readonly spentNanos: Amount
  readonly hasUnknownCost: boolean
  /** True when a part is not metered but estimated, or the most that a call can have cost. */
  readonly isEstimated: boolean
}

/** One task on its way: what was decided, and what has been called and spent so far. Only this file's functions change it. */
export type TaskRun = {
  readonly taskId: TaskId
  readonly route: RouteRequest
  readonly facts: RequestFacts
  /** That no policy was asked, until one was. */
  readonly decision: DecisionRecord
  /** What the policy was asked; absent until one was. */
  readonly policyInput?: PolicyInput
  readonly today: CivilDate
  readonly startedAt: Timestamp
  readonly startedMs: number
  readonly span: Span
  readonly signal: AbortSignal | undefined
  readonly attempts: RouteAttempt[]
  readonly overheadCalls: OverheadCall[]
  readonly money: TaskMoney
  /** Of a stream, milliseconds from `startedMs` to the first content. */
  readonly firstPartMs?: number
  /** The step of a split task that this run is; absent for a whole task. */
  readonly stepId?: string
  /** `undefined` when the cache was not asked. */
  readonly cache: CacheOutcome | undefined
}

/** The same object to this file's functions. */
type Writable<Value> = { -readonly [Name in keyof Value]: Value[Name] }

/** Sets how the task is executed, and what that was decided from. */
export function recordDecision(run: TaskRun, decision: DecisionRecord, input?: PolicyInput): void {
  const writable: Writable<TaskRun> = run
  const { texts } = run.decision
  writable.decision = texts === undefined ? decision : { ...decision, texts }
  if (input !== undefined) writable.policyInput = input
}

/** Sets what was found of the task's texts; every later decision of the task has it too. */
export function recordTexts(run: TaskRun, texts: readonly TextReport[]): void {
  const writable: Writable<TaskRun> = run
  writable.decision = { ...run.decision, texts }
}

/** Sets when the first content of a stream came. */
export function recordFirstPart(run: TaskRun, firstPartMs: number): void {
  const writable: Writable<TaskRun> = run
  writable.firstPartMs = firstPartMs
}

/** Sets what the cache said. */
export function recordCache(run: TaskRun, cache: CacheOutcome): void {
  const writable: Writable<TaskRun> = run
  writable.cache = cache
}

/** Adds a finished attempt to the record; its cost was charged when it was known. */
export function recordAttempt(run: TaskRun, attempt: RouteAttempt): void {
  run.attempts.push(run.stepId === undefined ? attempt : { ...attempt, stepId: run.stepId })
}

/** Adds a call that was made to decide or to check, and whose cost was charged already. */
export function recordOverhead(run: TaskRun, call: OverheadCall): void {
  run.overheadCalls.push(call)
}

/** What a call cost. */
export type Charge = {
  /** `undefined` when the price is unknown. */
  readonly costNanos: Amount | undefined
  /** True when nobody metered it. */
  readonly isEstimated: boolean
}

/** Adds what a call has cost, as soon as it is known: whatever is called next sees what is left. */
export function chargeTask(run: TaskRun, { costNanos, isEstimated }: Charge): void {
  const money: Writable<TaskMoney> = run.money
  money.isEstimated ||= isEstimated
  if (costNanos === undefined) money.hasUnknownCost = true
  else money.spentNanos = addAmounts(money.spentNanos, costNanos)
}

/** All that the task has cost; `undefined` when some price is unknown, which is not zero. */
export function totalCostOf(run: TaskRun): Amount | undefined {
  return run.money.hasUnknownCost ? undefined : run.money.spentNanos
}

/** What is left of the caller's own cap; `undefined` when there is none. Never negative. */
export function remainingCapOf(run: TaskRun): Amount | undefined {
  const cap = run.route.controls.maxCostNanos
  if (cap === undefined) return undefined
  const { spentNanos } = run.money
  return cap > spentNanos ? ((cap - spentNanos) as Amount) : ZERO_AMOUNT
}
