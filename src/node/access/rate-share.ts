import type { RateKind, RateReport, RateSlice } from '../../ports/rate-store.ts'

/** What one gateway has of a rate that several share, and what it knows of the rest. */
export class RateShare {
  readonly scope: string
  readonly kind: RateKind
  limit: number
  /** May be used without asking; below zero where more was used than was there. */
  has = 0
  /** Requests that are running. */
  inUse = 0
  /** What those want that wait. */
  needs = 0
  /** Nobody had any when it was asked for last, and there is little hope before then. */
  emptyUntilMs = 0
  private usedTotal = 0
  private isNew = true
  private validUntilMs = 0
  private left = 0
  private usedNow = 0
  private usedBefore = 0
  private reportedMs = Number.NEGATIVE_INFINITY
  private reportedTotal = 0

  constructor(scope: string, kind: RateKind, limit: number) {
    this.scope = scope
    this.kind = kind
    this.limit = limit
  }

  /** What may be used now. A slice whose time is over is nobody's any more. */
  availableAt(nowMs: number): number {
    return nowMs < this.validUntilMs ? this.has : Math.min(this.has, 0)
  }

  /** Of requests at a time one is running from now on; of the others so many are used. */
  take(amount: number): void {
    this.has -= amount
    this.usedNow += Math.max(amount, 1)
    if (this.kind === 'running') this.inUse += amount
    else this.usedTotal += amount
  }

  /** A request is over. */
  end(count: number): void {
    this.inUse -= count
    this.has += count
  }

  /** Whole units that are left to all, as far as this gateway knows. */
  get leftToAll(): number {
    return Math.max(0, Math.floor(this.has)) + Math.max(0, this.left)
  }

  /** Until so many may be there. */
  waitMs(amount: number): number {
    if (this.kind === 'running') return RUNNING_WAIT_MS
    const missing = Math.min(amount, this.limit) - Math.max(0, this.has) - this.left
    return Math.max(1, Math.ceil((missing * MINUTE_MS) / this.limit))
  }

  /** Whether to ask for more before it is needed. */
  isLowAt(nowMs: number): boolean {
    return this.availableAt(nowMs) * 2 < this.spare && this.emptyUntilMs <= nowMs
  }

  /** Whether there is something to say. */
  isDueAt(nowMs: number, leaseMs: number): boolean {
    if (this.needs > 0 || this.isIdle || this.isLowAt(nowMs)) return true
    if (this.usedTotal !== this.reportedTotal || this.availableAt(nowMs) > this.keepOf(nowMs)) return true
    return nowMs - this.reportedMs > leaseMs / 3
  }

  beat(): void {
    this.usedBefore = this.usedNow
    this.usedNow = 0
  }

  /** Says what is so; what is not kept is not used any more from here on. */
  report(nowMs: number): RateReport {
    const isLeaving = this.isIdle && this.inUse === 0
    const keep = this.keepOf(nowMs)
    this.has = keep
    this.reportedMs = nowMs
    this.reportedTotal = this.usedTotal
    return {
      scope: this.scope,
      kind: this.kind,
      limit: this.limit,
      usedTotal: this.usedTotal,
      has: keep + this.inUse,
      wants: this.isIdle ? 0 : Math.max(0, this.needs + this.spare - keep),
      isNew: this.isNew,
      isLeaving,
    }
  }

  /** @returns Whether nothing is left of it. */
  answered(
    report: RateReport,
    { has, left }: RateSlice,
    { nowMs, leaseMs }: { readonly nowMs: number; readonly leaseMs: number },
  ): boolean {
    this.left = left
    this.validUntilMs = this.reportedMs + leaseMs
    this.has += has - report.has
    this.isNew = report.isLeaving
    if (report.isLeaving) {
      this.usedTotal -= report.usedTotal
      this.reportedTotal = 0
      return this.usedTotal === 0 && this.inUse === 0 && this.needs === 0
    }
    if (has - report.has < report.wants)
      this.emptyUntilMs = nowMs + Math.min(EMPTY_MS_MAX, Math.max(EMPTY_MS_MIN, this.waitMs(1)))
    return false
  }

  /** Unused for a whole beat. */
  private get isIdle(): boolean {
    return this.usedNow === 0 && this.usedBefore === 0 && this.needs === 0
  }

  /** What it likes to have beside what is needed: enough for a second as the last one was, and never more than a quarter of the limit. */
  private get spare(): number {
    if (this.kind === 'running') return Math.floor(this.limit / 16)
    const recent = 2 * Math.max(this.usedNow, this.usedBefore)
    return Math.min(Math.floor(this.limit / 4), Math.max(Math.floor(this.limit / 32), recent))
  }

  private keepOf(nowMs: number): number {
    const available = Math.max(0, this.availableAt(nowMs))
    return this.isIdle ? 0 : Math.min(available, this.needs + 2 * this.spare)
  }
}

const MINUTE_MS = 60_000
const RUNNING_WAIT_MS = 1_000
const EMPTY_MS_MIN = 20
/** What others give back is seen after so long. */
const EMPTY_MS_MAX = 250
