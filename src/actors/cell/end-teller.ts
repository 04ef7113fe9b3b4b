import type { Terminated } from '../actor-ref.ts'
import type { EndListener } from './cell-extras.ts'

type End = { readonly terminated: Terminated; readonly listeners: Iterable<EndListener> }

/**
 * Tells of the ends of a system's actors. A listener that ends further actors adds theirs behind: a chain of ends does not
 * grow the stack. One that throws keeps nobody else from hearing of it.
 */
export class EndTeller {
  readonly #reportError: (error: unknown) => void
  readonly #untold: End[] = []
  #isTelling = false

  constructor(reportError: (error: unknown) => void) {
    this.#reportError = reportError
  }

  tell(end: End): void {
    this.#untold.push(end)
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) this.#tellAll(next)
    } finally {
      this.#isTelling = false
    }
  }

  #tellAll({ listeners, terminated }: End): void {
    for (const listener of listeners) {
      try {
        listener.ended(terminated)
      } catch (error: unknown) {
        this.#reportError(error)
      }
    }
  }
}
