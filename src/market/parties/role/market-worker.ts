import type { Did } from '../../../core/evidence/names.ts'
import type { WorkProgress } from '../progress/progress-board.ts'

/** Does the work of a skill: bytes in, bytes out. It may be asked to do the same task again after a crash. */
export type MarketWorker = (input: Uint8Array, options: WorkOptions) => Promise<Uint8Array>

/**
 * What a `MarketWorker` is given besides the bytes of a task; made anew each time that the task is done, so that what is counted is of that run
 * alone.
 */
export type WorkOptions = {
  /** For whom it is; absent where the task of another worker is done again for arbiters. */
  readonly payer?: Did
  readonly signal: AbortSignal
  /** Counts more of a unit, such as `tokens.out`, besides task, bytes and time, which the node counts itself. Throws `RangeError` as `WorkMeter.count`. */
  readonly count: (unit: string, quantity: bigint) => void
  /** Tells the payer how far the work is, as often as the worker likes. Nothing is paid for it. */
  readonly progress: (made: WorkProgress) => void
}

/** Workers by the name of their agent, beside the built-in ones; `undefined` for a name that there is none of. */
export type FindWorker = (agent: string) => Promise<MarketWorker | undefined>
