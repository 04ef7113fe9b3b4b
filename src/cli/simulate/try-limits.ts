/** A candidate may take so many times as long as the run that failed, and this long in any case. */
const TIMES = 10
const LEAST_MS = 10_000

/** How long each of the runs of shrinking may take: what is smaller than a run that failed takes hardly longer than it. */
export class TryLimits {
  private readonly timeoutMs: number
  private begunMs: number | undefined
  private wholeMs: number | undefined

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
  }

  /** Called as a run begins; the second one begins where the first has ended. */
  next(nowMs: number): number {
    if (this.begunMs === undefined) {
      this.begunMs = nowMs
      return this.timeoutMs
    }
    this.wholeMs ??= nowMs - this.begunMs
    return Math.min(this.timeoutMs, Math.max(LEAST_MS, TIMES * this.wholeMs))
  }
}
