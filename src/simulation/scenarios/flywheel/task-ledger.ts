import type { MetricValue } from '../../scenario/scenario.ts'
import { PHASES } from './phases.ts'

/** One task that was answered, and what the world knows of it. */
export type LedgerTask = {
  readonly phase: number
  readonly atMs: number
  readonly taskId: string
  /** Model whose answer it was; `cache` for an answer from before. */
  readonly model: string
  /** 1 for a right answer. */
  readonly score: number
  readonly usd: number
  /** What the premium model would have cost, and how right it would have been. */
  readonly premiumUsd: number
  readonly premiumScore: number
  /** Dollars by which the best choice was better than this answer, as `bestValueOf` has it. */
  readonly regretUsd: number
}

/** Tasks over which regret is told before a change, behind it and at the end. */
const WINDOW = 150

/** What became of the tasks. */
export class TaskLedger {
  readonly tasks: LedgerTask[] = []
  failed = 0

  add(task: LedgerTask): void {
    this.tasks.push(task)
  }

  /**
   * For each phase: `saved_share` of what the premium model would have cost, `quality` as the share of right answers and that of the premium model on the same tasks,
   * `regret_usd` as the mean of the whole phase, of its first 150 tasks and of its last 150.
   */
  byPhase(): readonly MetricValue[] {
    return PHASES.map(({ name }, phase) => {
      const own = this.tasks.filter((task) => task.phase === phase)
      return {
        phase: name,
        tasks: own.length,
        saved_share: 1 - sum(own, ({ usd }) => usd) / sum(own, ({ premiumUsd }) => premiumUsd),
        quality: mean(own, ({ score }) => score),
        premium_quality: mean(own, ({ premiumScore }) => premiumScore),
        regret_usd: regretOf(own),
        regret_first_usd: regretOf(own.slice(0, WINDOW)),
        regret_last_usd: regretOf(own.slice(-WINDOW)),
      }
    })
  }

  /**
   * Mean regret of 150 tasks each: `start`, before anything was learned; `before`, the last ones before the first change of the world; `after`, the worst of those that come
   * first behind a change; `peak`, the worst in a row at any time behind the first change; `end`, the last ones of the play.
   */
  regret(): MetricValue {
    const { tasks } = this
    const firsts = PHASES.map((_, phase) => tasks.findIndex((task) => task.phase === phase)).filter((at) => at > 0)
    const [first = tasks.length] = firsts
    return {
      start_usd: regretOf(tasks.slice(0, WINDOW)),
      before_usd: regretOf(tasks.slice(Math.max(0, first - WINDOW), first)),
      after_usd: firsts.reduce((most, at) => Math.max(most, regretOf(tasks.slice(at, at + WINDOW))), 0),
      peak_usd: this.peak(first),
      end_usd: regretOf(tasks.slice(-WINDOW)),
    }
  }

  /** Looked for in steps of a tenth of a window, and at the end. */
  private peak(first: number): number {
    const { tasks } = this
    let most = regretOf(tasks.slice(Math.max(first, tasks.length - WINDOW)))
    for (let from = first; from + WINDOW <= tasks.length; from += WINDOW / 10)
      most = Math.max(most, regretOf(tasks.slice(from, from + WINDOW)))
    return most
  }
}

function regretOf(tasks: readonly LedgerTask[]): number {
  return mean(tasks, ({ regretUsd }) => regretUsd)
}

function sum<Item>(items: readonly Item[], read: (item: Item) => number): number {
  return items.reduce((total, item) => total + read(item), 0)
}

export function mean<Item>(items: readonly Item[], read: (item: Item) => number): number {
  return items.length === 0 ? 0 : sum(items, read) / items.length
}
