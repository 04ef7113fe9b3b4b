import type { AnyEventObject, Subscription } from 'xstate'
import type { ActorAddress } from '../actor-ref.ts'
import { checkFunction } from '../misuse.ts'

/**
 * Why a message reached nobody: its target had ended, was being drained, had a full mailbox, dropped it for a newer one, failed over it
 * more often than it is given again, was not known, or lived on a thread or a machine that was lost.
 */
export type DeadLetterReason =
  | 'stopped'
  | 'draining'
  | 'mailbox-full'
  | 'dropped'
  | 'poison'
  | 'unknown-actor'
  | 'thread-lost'
  | 'node-lost'

/** A message that reached nobody: the address that it was meant for, the message itself, and why. */
export type DeadLetter = {
  readonly target: ActorAddress
  readonly event: AnyEventObject
  readonly reason: DeadLetterReason
}

/** Bounded: the newest `bound` letters are kept, all are counted, and whoever subscribes hears of each. */
export interface DeadLetters {
  /** All there ever were. */
  readonly count: number
  /** Oldest first, at most the bound. */
  recent(): readonly DeadLetter[]
  subscribe(listener: (letter: DeadLetter) => void): Subscription
}

/** What may be addressed in a dead letter; the address is only made for letters that are kept. */
type Addressed = { readonly address: ActorAddress }

export class DeadLetterStore implements DeadLetters {
  count = 0
  readonly #bound: number
  readonly #ring: { readonly target: Addressed; readonly event: AnyEventObject; readonly reason: DeadLetterReason }[] =
    []
  readonly #listeners = new Set<(letter: DeadLetter) => void>()
  readonly #onError: (error: unknown) => void

  constructor(bound: number, onError: (error: unknown) => void) {
    this.#bound = bound
    this.#onError = onError
  }

  put(target: Addressed, event: AnyEventObject, reason: DeadLetterReason): void {
    if (this.#ring.length < this.#bound) this.#ring.push({ target, event, reason })
    else if (this.#bound > 0) this.#ring[this.count % this.#bound] = { target, event, reason }
    this.count += 1
    if (reason === 'mailbox-full' || reason === 'dropped') tellAsker(event)
    for (const listener of this.#listeners) {
      try {
        listener({ target: target.address, event, reason })
      } catch (error: unknown) {
        this.#onError(error)
      }
    }
  }

  recent(): readonly DeadLetter[] {
    const oldest = this.#ring.length < this.#bound ? 0 : this.count % Math.max(1, this.#bound)
    return [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)].map(({ target, event, reason }) => ({
      target: target.address,
      event,
      reason,
    }))
  }

  subscribe(listener: (letter: DeadLetter) => void): Subscription {
    checkFunction(listener, 'deadLetters.subscribe takes')
    this.#listeners.add(listener)
    return { unsubscribe: () => void this.#listeners.delete(listener) }
  }
}

/** Whoever asked hears at once that nobody will answer. */
function tellAsker(event: AnyEventObject): void {
  const { replyTo } = event as { readonly replyTo?: { readonly refused?: () => void } }
  if (typeof replyTo?.refused === 'function') replyTo.refused()
}
