import { CodedError } from '../../base/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'

/** Appends to a log, in order. After a failure nothing is taken any more. */
export class JournalWriter {
  private readonly log: EventLog
  private failure: CodedError | undefined
  private last: Promise<unknown> = Promise.resolve()

  constructor(log: EventLog) {
    this.log = log
  }

  /** Resolves when everything so far is durable; rejects when that failed. */
  get written(): Promise<unknown> {
    return this.last
  }

  write(lines: readonly Uint8Array[]): void {
    const appended = this.log.append(lines)
    const before = this.last
    this.last = appended.then(
      async () => await before,
      (cause: unknown) => {
        this.fail(cause)
        throw this.failure ?? cause
      },
    )
    // Whoever waits hears of it; without a waiter it is kept in `failure`.
    this.last.catch(() => {})
  }

  fail(cause: unknown): void {
    this.failure ??= new CodedError('LEDGER_JOURNAL_CLOSED', { message: 'The journal takes nothing any more', cause })
  }

  /** Throws `LEDGER_JOURNAL_CLOSED` after a failure or the end. */
  check(): void {
    if (this.failure !== undefined) throw this.failure
  }

  async close(): Promise<void> {
    await this.last.catch(() => {})
    this.failure ??= new CodedError('LEDGER_JOURNAL_CLOSED', { message: 'The journal is closed' })
  }
}
