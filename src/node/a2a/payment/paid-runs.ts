import { CodedError } from '../../../base/errors.ts'
import type { Hash } from '../../../core/evidence/names.ts'

/** Failures that are remembered, of works that nobody has asked for yet. */
const FAILED_MAX = 1_024

/** Works that are remembered as made or given up, until the market has written down what became of them. */
const ENDED_MAX = 1_024

/** One run of a work. */
export type PaidRun = {
  /** Aborted when the work is given up. */
  readonly signal: AbortSignal
  /** The result is there, and from now on nobody gives the work up. Throws the signal's reason where somebody has. */
  made(): void
  /** Nothing runs any more, whatever came of it. */
  end(): void
}

/** What whoever waits for paid work is told while the market does it: the market itself says nothing of a failure, since the contract ends by its timers. */
export class PaidRuns {
  readonly #failed = new Map<Hash, CodedError>()
  readonly #waiting = new Map<Hash, Set<(error: CodedError) => void>>()
  readonly #running = new Map<Hash, Set<AbortController>>()
  readonly #made = new Set<Hash>()
  readonly #givenUp = new Set<Hash>()

  /** It is done anew: what failed before may do now. Not so what was given up. */
  begin(input: Hash): PaidRun {
    this.#failed.delete(input)
    this.#made.delete(input)
    const controller = new AbortController()
    const runs = this.#running.get(input) ?? new Set()
    this.#running.set(input, runs.add(controller))
    if (this.#givenUp.has(input)) controller.abort(canceledWork())
    return {
      signal: controller.signal,
      made: () => {
        controller.signal.throwIfAborted()
        remember(this.#made, input)
      },
      end: () => {
        runs.delete(controller)
        if (runs.size === 0 && this.#running.get(input) === runs) this.#running.delete(input)
      },
    }
  }

  /** Gives a work up, now and whenever it begins again. @returns False where a result is there already: then nothing has changed. */
  giveUp(input: Hash): boolean {
    if (this.#made.has(input)) return false
    remember(this.#givenUp, input)
    for (const controller of this.#running.get(input) ?? []) controller.abort(canceledWork())
    return true
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

/** Why nobody works on a task that was cancelled. */
export function canceledWork(): CodedError {
  return new CodedError('REQUEST_ABORTED', { message: 'The task was cancelled' })
}

function remember(ended: Set<Hash>, input: Hash): void {
  ended.add(input)
  for (const oldest of ended) {
    if (ended.size <= ENDED_MAX) break
    ended.delete(oldest)
  }
}
