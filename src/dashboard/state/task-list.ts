import { signal, type Signal } from '@preact/signals'
import { isTrue, type Json, type JsonObject, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'

/** Rows that the page keeps; the node keeps as many. */
export const ROWS_MAX = 10_000
/** Rows beyond that which may gather before the oldest are let go, so that not every frame moves all of them. */
const ROWS_SLACK = 2_000

/** A task as a row shows it. */
export type TaskRow = {
  readonly seq: number
  readonly id: string
  readonly at: number | undefined
  readonly tenant: string
  readonly domain: string
  readonly risk: string
  readonly route: string
  readonly tier: string
  readonly model: string
  readonly policy: string
  readonly isSuccess: boolean
  readonly isCached: boolean
  readonly isEscalated: boolean
  readonly isAccepted: boolean | undefined
  readonly costUsd: number | undefined
  readonly latencyMs: number | undefined
  readonly trigger: string
}

export function taskRowOf(row: JsonObject): TaskRow {
  const accepted = row['is_accepted']
  return {
    seq: numberOf(row['seq']) ?? -1,
    id: textOf(row['id']),
    at: numberOf(row['at']),
    tenant: textOf(row['tenant']),
    domain: textOf(row['domain']),
    risk: textOf(row['risk']),
    route: textOf(row['route']),
    tier: textOf(row['tier'], 'none'),
    model: textOf(row['model']),
    policy: textOf(row['policy']),
    isSuccess: isTrue(row['success']),
    isCached: isTrue(row['is_cached']),
    isEscalated: isTrue(row['is_escalated']),
    isAccepted: typeof accepted === 'boolean' ? accepted : undefined,
    costUsd: numberOf(row['cost_usd']),
    latencyMs: numberOf(row['latency_ms']),
    trigger: textOf(row['trigger']),
  }
}

/**
 * The last tasks of the node, oldest first. What comes in is put in place once per frame of the screen, however many come; `version` then counts
 * up.
 */
export class TaskList {
  readonly version: Signal<number> = signal(0)
  /** Tasks that this page did not get one by one. */
  readonly skipped: Signal<number> = signal(0)
  private rows: TaskRow[] = []
  private waiting: TaskRow[] = []
  private isPlanned = false

  /** Oldest first; the same array until `version` counts up. */
  get all(): readonly TaskRow[] {
    return this.rows
  }

  take(data: JsonObject): void {
    for (const row of rowsOf(data['tasks'])) this.waiting.push(taskRowOf(row))
    this.skipped.value += numberOf(data['skipped']) ?? 0
    if (this.waiting.length > ROWS_MAX + ROWS_SLACK) this.waiting = this.waiting.slice(-ROWS_MAX)
    this.plan()
  }

  /** What the node has, newest first; rows that came since stay. */
  replace(view: Json): void {
    const given = rowsOf(objectOf(view)['tasks']).map(taskRowOf).toReversed()
    const newest = given.at(-1)?.seq ?? -1
    this.rows = [...given, ...this.rows.filter(({ seq }) => seq > newest && this.isOf(view, seq))]
    this.skipped.value = 0
    this.plan()
  }

  clear(): void {
    this.rows = []
    this.waiting = []
    this.skipped.value = 0
    this.version.value += 1
  }

  /** A node that was started again counts from the beginning. */
  private isOf(view: Json, seq: number): boolean {
    return seq >= (numberOf(objectOf(view)['end']) ?? 0)
  }

  private plan(): void {
    if (this.isPlanned) return
    this.isPlanned = true
    requestAnimationFrame(() => {
      this.isPlanned = false
      this.settle()
    })
  }

  private settle(): void {
    const newest = this.rows.at(-1)?.seq ?? -1
    for (const row of this.waiting) if (row.seq > newest) this.rows.push(row)
    this.waiting = []
    if (this.rows.length > ROWS_MAX + ROWS_SLACK) this.rows = this.rows.slice(-ROWS_MAX)
    this.version.value += 1
  }
}
