import { CodedError } from '../../base/errors.ts'

/** Gives a fixed number of slots to callers in the order in which they asked, and refuses when too many wait. */
export class SlotQueue<Slot> {
  readonly #free: Slot[]
  readonly #waiters: ((slot: Slot) => void)[] = []
  readonly #waitersMax: number

  constructor(slots: readonly Slot[], waitersMax: number) {
    this.#free = [...slots]
    this.#waitersMax = waitersMax
  }

  /** Waits for a slot. Throws `MODEL_OVERLOADED` when `waitersMax` callers wait already, and the signal's reason when aborted. */
  async acquire(signal: AbortSignal | undefined): Promise<Slot> {
    signal?.throwIfAborted()
    const slot = this.#free.pop()
    if (slot !== undefined) return slot
    if (this.#waiters.length >= this.#waitersMax) {
      throw new CodedError('MODEL_OVERLOADED', { message: `${this.#waitersMax} requests wait for this model already` })
    }
    const taken = await this.#wait(signal)
    if (taken !== undefined) return taken
    signal?.throwIfAborted()
    throw new CodedError('MODEL_OVERLOADED', { message: 'The wait for this model ended without a turn' })
  }

  /** The slot of this caller's turn, or `undefined` when it aborted first. */
  #wait(signal: AbortSignal | undefined): Promise<Slot | undefined> {
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(take), 1)
        resolve(undefined)
      }
      const take = (slot: Slot): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve(slot)
      }
      this.#waiters.push(take)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Returns a slot that `acquire` gave. */
  release(slot: Slot): void {
    const next = this.#waiters.shift()
    if (next === undefined) this.#free.push(slot)
    else next(slot)
  }
}
