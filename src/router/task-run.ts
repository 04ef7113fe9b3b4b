import type { TaskId } from '../base/identifiers.ts'
import { addAmounts, ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { Timestamp } from '../base/time.ts'
import type { CivilDate } from '../core/models/civil-date.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'
import type { OverheadCall } from '../core/routing/task-outcome.ts'
import type { RouteAttempt, RouteRequest } from '../ports/router.ts'
import type { Span } from '../ports/tracer.ts'
import type { CacheOutcome } from './semantic-cache.ts'
import type { RequestFacts } from './request-facts.ts'

/** One task on its way: what was decided, and what has been called and spent so far. Only this file's functions change it. */
export type TaskRun = {
  readonly taskId: TaskId
  readonly route: RouteRequest
  readonly facts: RequestFacts
  /** That no policy was asked, until one was. */
  decision: DecisionRecord
  readonly today: CivilDate
  readonly startedAt: Timestamp
  readonly startedMs: number
  readonly span: Span
  readonly signal: AbortSignal | undefined
  readonly attempts: RouteAttempt[]
  readonly overheadCalls: OverheadCall[]
  /** Sum of what is known; see `hasUnknownCost`. */
  spentNanos: Amount
  hasUnknownCost: boolean
  /** `undefined` when the cache was not asked. */
  cache: CacheOutcome | undefined
}

/** Adds a finished attempt to the record and its cost to the sum. */
export function recordAttempt(run: TaskRun, attempt: RouteAttempt): void {
  run.attempts.push(attempt)
  if (attempt.costNanos === undefined) run.hasUnknownCost = true
  else run.spentNanos = addAmounts(run.spentNanos, attempt.costNanos)
}

/** Adds a call that was made to decide or to check. */
export function recordOverhead(run: TaskRun, call: OverheadCall): void {
  run.overheadCalls.push(call)
  run.spentNanos = addAmounts(run.spentNanos, call.costNanos)
}

/** All that the task has cost; `undefined` when some price is unknown, which is not zero. */
export function totalCostOf(run: TaskRun): Amount | undefined {
  return run.hasUnknownCost ? undefined : run.spentNanos
}

/** What is left of the caller's own cap; `undefined` when there is none. Never negative. */
export function remainingCapOf(run: TaskRun): Amount | undefined {
  const cap = run.route.controls.maxCostNanos
  if (cap === undefined) return undefined
  return cap > run.spentNanos ? ((cap - run.spentNanos) as Amount) : ZERO_AMOUNT
}
