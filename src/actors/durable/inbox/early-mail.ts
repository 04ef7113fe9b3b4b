import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../../base/errors.ts'
import type { DeliverOptions } from '../../actor-ref.ts'
import { STOPPED, type Cell } from '../../cell/cell.ts'
import { terminatedOf } from '../../cell/life.ts'
import { fullError, stoppedError } from '../../delivery/ask.ts'
import type { DeadLetter } from '../../delivery/dead-letters.ts'
import { putMail } from '../../delivery/full-mailbox.ts'
import { checkEvent } from '../turn/durable-turn.ts'

export type EarlyMailInit = {
  /** Stores a message; what is written before it returns keeps its place among all messages. */
  readonly deliver: (id: string, event: AnyEventObject, options: DeliverOptions) => Promise<void>
}

type Early = {
  readonly cell: Cell
  readonly options: DeliverOptions
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  /** Nobody waits for it any more. */
  isWithdrawn: boolean
}

/**
 * What was delivered to durable actors before it could be stored: the store was not open, or the actor had not had its
 * first turn. Each message keeps its place in the mailbox, among what was sent and asked, and is stored when its actor is
 * opened. Nothing here is acknowledged.
 */
export class EarlyMail {
  readonly #deliver: EarlyMailInit['deliver']
  readonly #waiting = new Map<AnyEventObject, Early>()

  constructor({ deliver }: EarlyMailInit) {
    this.#deliver = deliver
  }

  /** Resolves as `ActorRef.deliver` does. The bound of the mailbox holds; with the policy `credit` nothing is refused. */
  async add(cell: Cell, event: AnyEventObject, options: DeliverOptions): Promise<void> {
    checkEvent(event)
    // An object of its own: the same event may be sent twice.
    const message = { ...event }
    const { signal } = options
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const early: Early = { cell, options, resolve, reject, isWithdrawn: false }
    const withdraw = (): void => {
      early.isWithdrawn = true
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', withdraw, { once: true })
    this.#waiting.set(message, early)
    if (cell.behaviour.definition.mailbox.atBound === 'credit') putMail(cell, message)
    else cell.take(message)
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', withdraw)
    }
  }

  has(message: AnyEventObject): boolean {
    return this.#waiting.has(message)
  }

  /** Stores a message that waited, if it is one. */
  store(message: AnyEventObject): boolean {
    const early = this.#waiting.get(message)
    if (early === undefined) return false
    this.#waiting.delete(message)
    if (early.isWithdrawn) return true
    const { cell, options, resolve, reject } = early
    this.#deliver(cell.id, message, options).then(resolve, (error: unknown) => {
      if (!CodedError.is(error, 'ACTOR_NOT_STORED')) {
        reject(error)
        return
      }
      // It ended before its first turn was stored.
      cell.system.deadLetters.put(cell, message, 'stopped')
      reject(stoppedError(cell, cell.status === STOPPED ? terminatedOf(cell).error : undefined))
    })
    return true
  }

  /** The store is open: what waits for actors that have ended meanwhile is stored, if they are. */
  storeRest(): void {
    for (const [message, { cell }] of this.#waiting) if (cell.status === STOPPED) this.store(message)
  }

  /** It became a dead letter. @param isOpen  Whether the store is. */
  buried({ event, reason }: DeadLetter, isOpen: boolean): void {
    const early = this.#waiting.get(event)
    if (early === undefined) return
    if (reason === 'mailbox-full' || reason === 'dropped') {
      this.#waiting.delete(event)
      early.reject(fullError(early.cell))
    } else if (isOpen) this.store(event)
  }

  /** None of it will be stored. @param errorOf  What those who wait are told. */
  giveUp(errorOf: (cell: Cell) => unknown): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [message, { cell, isWithdrawn, reject }] of waiting) {
      if (isWithdrawn) continue
      cell.system.deadLetters.put(cell, message, 'stopped')
      reject(errorOf(cell))
    }
  }
}
