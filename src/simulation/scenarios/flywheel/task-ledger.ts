import type { RouteResult } from '../../../ports/router.ts'
import type { MetricValue } from '../../scenario/scenario.ts'
import { PHASES } from './phases.ts'

/** One task that was answered, and what the world knows of it. */
export type LedgerTask = {
  readonly phase: number
  readonly atMs: number
  /** 1 for a right answer. */
  readonly score: number
  readonly usd: number
  /** What the premium model would have cost, and how right it would have been. */
  readonly premiumUsd: number
  readonly premiumScore: number
  /** Dollars by which the best model for this task would have been better, a right answer being worth what the operator says. */
  readonly regretUsd: number
  readonly result: RouteResult
}

/** Tasks of a moving mean. */
const WINDOW = 150
/** Regret is back where it was, to within a quarter. */
const RECOVERED = 1.25

/** What became of the tasks, by phase. */
export class TaskLedger {
  readonly tasks: LedgerTask[] = []
  failed = 0
  /** When each phase began, virtual milliseconds. */
  readonly begun: number[] = []

  add(task: LedgerTask): void {
    this.tasks.push(task)
  }

  byPhase(changesAtMs: readonly number[]): readonly MetricValue[] {
    return PHASES.map(({ name }, phase) => {
      const own = this.tasks.filter((task) => task.phase === phase)
      const begunAt = this.begun[phase] ?? 0
      const nextAt = this.begun[phase + 1] ?? Number.POSITIVE_INFINITY
      const noticed = changesAtMs.find((atMs) => atMs > begunAt && atMs < nextAt)
      return {
        phase: name,
        tasks: own.length,
        saved_share: 1 - sum(own, ({ usd }) => usd) / sum(own, ({ premiumUsd }) => premiumUsd),
        quality: mean(own, ({ score }) => score),
        premium_quality: mean(own, ({ premiumScore }) => premiumScore),
        regret_usd: mean(own, ({ regretUsd }) => regretUsd),
        noticed_after_ms: phase === 0 || noticed === undefined ? null : noticed - begunAt,
        recovered_after_ms: phase === 0 ? null : this.recovered(phase),
      }
    })
  }

  private recovered(phase: number): number | null {
    const first = this.tasks.findIndex((task) => task.phase === phase)
    if (first < 0) return null
    const before = mean(this.tasks.slice(Math.max(0, first - WINDOW), first), ({ regretUsd }) => regretUsd)
    for (let at = first + WINDOW; at < this.tasks.length && this.tasks[at]?.phase === phase; at += 1) {
      const now = mean(this.tasks.slice(at - WINDOW, at), ({ regretUsd }) => regretUsd)
      if (now <= RECOVERED * before) return (this.tasks[at]?.atMs ?? 0) - (this.begun[phase] ?? 0)
    }
    return null
  }
}

function sum<Item>(items: readonly Item[], read: (item: Item) => number): number {
  return items.reduce((total, item) => total + read(item), 0)
}

function mean<Item>(items: readonly Item[], read: (item: Item) => number): number {
  return items.length === 0 ? 0 : sum(items, read) / items.length
}
