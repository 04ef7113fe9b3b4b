import type { Clock } from '../../ports/clock.ts'

type Waiting = { readonly dueMs: number; readonly onDue: () => void; isOver: boolean }

/** What waits equally long, in the order in which it is due. */
type Line = Set<Waiting>

/**
 * Tells of answers that did not come in time. A signal of the clock for each question costs more than the question: the platform keeps weak references to it, which outlive every
 * cheap collection, so that pauses for collecting grow with the questions of the last minute. Here all that waits equally long shares one.
 */
export class Deadlines {
  private readonly clock: Pick<Clock, 'monotonicMs' | 'timeoutSignal'>
  private readonly lines = new Map<number, Line>()

  constructor(clock: Pick<Clock, 'monotonicMs' | 'timeoutSignal'>) {
    this.clock = clock
  }

  /** What is waited for now. */
  get count(): number {
    let count = 0
    for (const line of this.lines.values()) count += line.size
    return count
  }

  /**
   * @param onDue Called once when `delayMs` have passed, unless it was ended before.
   * @returns Ends it.
   */
  start(delayMs: number, onDue: () => void): () => void {
    const entry: Waiting = { dueMs: this.clock.monotonicMs() + delayMs, onDue, isOver: false }
    const line = this.lines.get(delayMs)
    if (line !== undefined) line.add(entry)
    else {
      this.lines.set(delayMs, new Set([entry]))
      this.time(delayMs, delayMs)
    }
    return () => {
      entry.isOver = true
      this.lines.get(delayMs)?.delete(entry)
    }
  }

  /** A line is timed as long as it is there. */
  private time(delayMs: number, leftMs: number): void {
    this.clock.timeoutSignal(leftMs).addEventListener('abort', () => this.tell(delayMs), { once: true })
  }

  private tell(delayMs: number): void {
    const line = this.lines.get(delayMs) ?? new Set()
    const nowMs = this.clock.monotonicMs()
    const due: Waiting[] = []
    let next: Waiting | undefined
    for (const entry of line) {
      // A clock may tell a little early.
      if (entry.dueMs > nowMs) {
        next = entry
        break
      }
      due.push(entry)
      line.delete(entry)
    }
    if (next === undefined) this.lines.delete(delayMs)
    else this.time(delayMs, Math.max(1, Math.ceil(next.dueMs - nowMs)))
    for (const entry of due) if (!entry.isOver) entry.onDue()
  }
}
