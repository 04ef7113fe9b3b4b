import { CodedError } from '../../base/errors.ts'
import type { ContractId } from '../../core/evidence/names.ts'
import type { Timers } from '../../ports/timers.ts'

/** Questions that wait for news at most. */
const FOLLOWERS_MAX = 4_096

/** Who waits for a contract to move on. */
export class Followers {
  private readonly timers: Timers
  private readonly waiting = new Map<ContractId, Set<() => void>>()
  private count = 0

  constructor(timers: Timers) {
    this.timers = timers
  }

  /** Resolves when the contract moves, when the time is over, or when nobody tells any more. Throws `NOTARY_OVERLOADED`, and the signal's reason. */
  async wait(
    contract: ContractId,
    { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    if (this.count >= FOLLOWERS_MAX)
      throw new CodedError('NOTARY_OVERLOADED', { message: `${this.count} questions wait for news` })
    this.count += 1
    try {
      await new Promise<void>((resolve) => {
        const others = this.waiting.get(contract) ?? new Set<() => void>()
        this.waiting.set(contract, others)
        const done = (): void => {
          timer.cancel()
          others.delete(done)
          if (others.size === 0 && this.waiting.get(contract) === others) this.waiting.delete(contract)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        const timer = this.timers.schedule(waitMs, done)
        others.add(done)
        signal?.addEventListener('abort', done, { once: true })
      })
    } finally {
      this.count -= 1
    }
    signal?.throwIfAborted()
  }

  tell(contract: ContractId): void {
    for (const done of this.waiting.get(contract) ?? []) done()
  }

  close(): void {
    for (const contract of this.waiting.keys()) this.tell(contract)
  }
}
