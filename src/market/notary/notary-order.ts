import type { Certificate } from '../../core/notary/certificate.ts'
import type { Admitted, Dismissed } from './admission.ts'
import type { ArchivedEntry } from './books/archive-contents.ts'

/** Who puts admitted envelopes into the log and answers them: a member alone, or one among several. */
export type NotaryOrder = {
  /** How long to wait at least between two looks for timers, milliseconds. */
  readonly pauseMs: number
  push(items: readonly (Admitted | Dismissed)[]): void
  /** Looks for timers that are due. */
  wake(): void
  /** Reads when nothing is under way that a crash could take back. */
  quiet<Value>(read: () => Value): Promise<Value>
  /** Runs `work` between two blocks: nothing is booked meanwhile. Absent where blocks come from others, who do not wait. Rejects as the work, and after the end. */
  alone?<Value>(work: () => Promise<Value>): Promise<Value>
  certificateOf(entry: ArchivedEntry): Promise<Certificate | undefined>
  receiptOf(entry: ArchivedEntry): Promise<Uint8Array | undefined>
  /** Ends what is under way and rejects what waits with `cause`. Idempotent. */
  stop(cause: unknown): Promise<void>
}
