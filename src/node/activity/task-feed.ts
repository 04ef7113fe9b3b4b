import type { Amount } from '../../base/money.ts'
import type { TaskOutcome } from '../../core/routing/task-outcome.ts'
import { type AttemptRow, attemptRowsOf, type KeptTask, keptTaskOf, type TaskRow, taskRowOf } from './task-row.ts'
import { TaskSeries } from './task-series.ts'
import { TaskTotals } from './task-totals.ts'

/** Tasks that are kept in memory, without their text. */
export const FEED_ROWS_MAX = 10_000
/** Tenants, models and tiers of which totals are kept apart; what is beyond is counted under `other`. */
const NAMES_MAX = 200
export const OTHER_NAME = 'other'

/** Totals by the name of something. */
export type NamedTotals = ReadonlyMap<string, TaskTotals>

/** The tasks that ended since the start of the node: the last ones, and what all of them came to. */
export class TaskFeed {
  readonly totals: TaskTotals = new TaskTotals()
  readonly series: TaskSeries = new TaskSeries()
  private readonly byTier = new Map<string, TaskTotals>()
  private readonly byModel = new Map<string, TaskTotals>()
  private readonly byTenant = new Map<string, TaskTotals>()
  /** By `seq % FEED_ROWS_MAX`. */
  private readonly kept: KeptTask[] = []
  private readonly ofTask = new Map<string, KeptTask>()
  private nextSeq = 0
  private readonly onTask: () => void

  /** @param onTask  Told of each task. Must not throw. */
  constructor(onTask: () => void = () => undefined) {
    this.onTask = onTask
  }

  /** Seq of the next task. */
  get end(): number {
    return this.nextSeq
  }

  /** Seq of the oldest task that is kept. */
  get start(): number {
    return Math.max(0, this.nextSeq - FEED_ROWS_MAX)
  }

  get tiers(): NamedTotals {
    return this.byTier
  }

  get models(): NamedTotals {
    return this.byModel
  }

  get tenants(): NamedTotals {
    return this.byTenant
  }

  /** On the hot path: never throws and never waits. */
  take(outcome: TaskOutcome): void {
    const task = keptTaskOf(outcome, this.nextSeq)
    const place = this.nextSeq % FEED_ROWS_MAX
    const replaced = this.kept[place]
    if (replaced !== undefined && this.ofTask.get(replaced.decisionId) === replaced)
      this.ofTask.delete(replaced.decisionId)
    this.kept[place] = task
    this.ofTask.set(task.decisionId, task)
    this.nextSeq += 1
    for (const totals of this.totalsOf(task)) totals.add(outcome)
    this.onTask()
  }

  /** What the task would have cost at the premium model, which is known a moment later. */
  compare(taskId: string, premium: Amount | undefined): void {
    const task = this.ofTask.get(taskId)
    if (task === undefined || task.premiumNanos !== undefined || premium === undefined) return
    task.premiumNanos = premium
    const { costNanos } = task
    if (costNanos !== undefined) for (const totals of this.totalsOf(task)) totals.compare(costNanos, premium)
  }

  /** The last task of this id. */
  find(taskId: string): { readonly row: TaskRow; readonly attempts: readonly AttemptRow[] } | undefined {
    const task = this.ofTask.get(taskId)
    return task && { row: taskRowOf(task), attempts: attemptRowsOf(task) }
  }

  /** Tasks from `from` on, oldest first, at most so many: the newest of them. */
  rows(from: number, limit: number): readonly TaskRow[] {
    const first = Math.max(from, this.start, this.nextSeq - limit)
    return this.slice(first, this.nextSeq)
  }

  /** Tasks before `before`, newest first, at most so many. */
  rowsBefore(before: number, limit: number): readonly TaskRow[] {
    const end = Math.min(before, this.nextSeq)
    return this.slice(Math.max(this.start, end - limit), end).toReversed()
  }

  private slice(first: number, end: number): TaskRow[] {
    const rows: TaskRow[] = []
    for (let seq = first; seq < end; seq += 1) {
      const kept = this.kept[seq % FEED_ROWS_MAX]
      if (kept?.seq === seq) rows.push(taskRowOf(kept))
    }
    return rows
  }

  private totalsOf({ at, actualTier, modelUsed, tenant }: KeptTask): readonly TaskTotals[] {
    return [
      this.totals,
      ...this.series.bucketsAt(at),
      namedTotals(this.byTier, actualTier ?? 'none'),
      namedTotals(this.byTenant, tenant),
      ...(modelUsed === undefined ? [] : [namedTotals(this.byModel, modelUsed)]),
    ]
  }
}

function namedTotals(totals: Map<string, TaskTotals>, name: string): TaskTotals {
  const place = totals.has(name) || totals.size < NAMES_MAX ? name : OTHER_NAME
  const known = totals.get(place)
  if (known !== undefined) return known
  const made = new TaskTotals()
  totals.set(place, made)
  return made
}
