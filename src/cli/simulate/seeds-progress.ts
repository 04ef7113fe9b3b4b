import { formatDuration } from '../../base/format.ts'
import type { SeedTotals } from '../../simulation/seeds/seed-totals.ts'
import type { Terminal } from '../terminal.ts'

export type SeedsProgressInit = {
  readonly terminal: Terminal
  /** Seeds that are to be played. */
  readonly total: number
  readonly totals: SeedTotals
  /** Milliseconds of the platform. */
  readonly nowMs: () => number
}

/** Plain lines are no more frequent than this. */
const LINE_EVERY_MS = 10_000

/** Says how far many seeds are, as a bar on a terminal and as plain lines elsewhere. */
export class SeedsProgress {
  private readonly init: SeedsProgressInit
  private readonly bar: ReturnType<Terminal['startProgress']>
  private readonly startedMs: number
  private saidMs: number
  private done = 0

  constructor(init: SeedsProgressInit) {
    this.init = init
    this.bar = init.terminal.startProgress('seeds', init.total)
    this.startedMs = init.nowMs()
    this.saidMs = this.startedMs
  }

  /** One more seed is finished, or has failed. */
  advance(): void {
    const { terminal, total, nowMs } = this.init
    this.done += 1
    const now = nowMs()
    const rate = (1_000 * this.done) / Math.max(1, now - this.startedMs)
    const found = this.found
    this.bar.advance(this.done, `${rate.toFixed(1)} a second${found === '' ? '' : `, ${found}`}`)
    if (terminal.hasBars || now - this.saidMs < LINE_EVERY_MS || this.done === total) return
    this.saidMs = now
    const left = formatDuration((1_000 * (total - this.done)) / rate)
    terminal.note(
      `${this.done} of ${total} seeds, ${rate.toFixed(1)} a second, ${found === '' ? 'nothing found' : found}, ${left} left`,
    )
  }

  finish(): void {
    this.bar.finish()
  }

  private get found(): string {
    const { violations, unequal, failures } = this.init.totals
    const parts = [
      [violations.found, 'violations'],
      [unequal.found, 'unequal hashes'],
      [failures.found, 'failures'],
    ] as const
    return parts
      .filter(([count]) => count > 0)
      .map(([count, name]) => `${count} ${name}`)
      .join(', ')
  }
}
