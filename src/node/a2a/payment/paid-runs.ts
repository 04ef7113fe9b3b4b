import type { CodedError } from '../../../base/errors.ts'
import type { Hash } from '../../../core/evidence/names.ts'

/** Failures that are remembered, of works that nobody has asked for yet. */
const FAILED_MAX = 1_024

/** What whoever waits for paid work is told while the market does it: the market itself says nothing of a failure, since the contract ends by its timers. */
export class PaidRuns {
  readonly #failed = new Map<Hash, CodedError>()
  readonly #waiting = new Map<Hash, Set<(error: CodedError) => void>>()

  /** It is done anew: what failed before may do now. */
  begin(input: Hash): void {
    this.#failed.delete(input)
  }

  fail(input: Hash, error: CodedError): void {
    this.#failed.set(input, error)
    for (const [oldest] of this.#failed) {
      if (this.#failed.size <= FAILED_MAX) break
      this.#failed.delete(oldest)
    }
    for (const tell of this.#waiting.get(input) ?? []) tell(error)
  }

  /** Told of the failure of a work, once. @returns Ends it. */
  onFailure(input: Hash, tell: (error: CodedError) => void): () => void {
    const known = this.#failed.get(input)
    if (known !== undefined) {
      tell(known)
      return () => undefined
    }
    const waiting = this.#waiting.get(input) ?? new Set()
    this.#waiting.set(input, waiting.add(tell))
    return () => {
      waiting.delete(tell)
      if (waiting.size === 0) this.#waiting.delete(input)
    }
  }
}
