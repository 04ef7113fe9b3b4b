import type { EventObject } from 'xstate'
import type { ReplyTarget } from '../../actor-ref.ts'

/** The turn under way, as far as a reply has to do with it. */
export interface ReplyTurns {
  readonly current: { readonly turn: { holdBack(output: () => void): void } } | undefined
}

/**
 * Where an answer of a durable actor goes: it leaves when the turn that gave it is stored. It may be kept in the actor's
 * state; after a restart nobody waits there any more.
 */
export class HeldReply implements ReplyTarget {
  readonly id: string
  readonly #turns: ReplyTurns
  readonly #target: ReplyTarget | undefined

  constructor(id: string, turns: ReplyTurns, target: ReplyTarget | undefined) {
    this.id = id
    this.#turns = turns
    this.#target = target
  }

  send(event: EventObject): boolean {
    const target = this.#target
    if (target === undefined) return false
    const { current } = this.#turns
    if (current === undefined) return target.send(event)
    current.turn.holdBack(() => void target.send(event))
    return true
  }

  /** Nobody will answer: the question was not kept by whom it was passed on to. */
  refused(): void {
    askerOf(this.#target)?.refused?.()
  }

  /** Nobody will answer: whoever was to handle the question failed over it. */
  failed(error: unknown): void {
    askerOf(this.#target)?.failed?.(error)
  }

  /** XState's `sendTo` delivers through this. */
  _send(event: EventObject): void {
    this.send(event)
  }
}

type Asker = { readonly refused?: () => void; readonly failed?: (error: unknown) => void }

function askerOf(target: ReplyTarget | undefined): Asker | undefined {
  return target as Asker | undefined
}

const REPLIES_MAX = 10_000
const PREFIX = 'reply:'

/** The targets of this process by id, so that a state that was packed meanwhile finds them again. */
export class HeldReplies {
  readonly #turns: ReplyTurns
  readonly #known = new Map<string, HeldReply>()
  #count = 0

  constructor(turns: ReplyTurns) {
    this.#turns = turns
  }

  hold(target: ReplyTarget): HeldReply {
    if (target instanceof HeldReply) return target
    this.#count += 1
    const held = new HeldReply(`${PREFIX}${this.#count}`, this.#turns, target)
    return held
  }

  /** It is about to be stored: from now on it can be found by its id. The oldest of many is forgotten. */
  keep(held: HeldReply): string {
    if (!this.#known.has(held.id)) {
      this.#known.set(held.id, held)
      const [oldest] = this.#known.keys()
      if (this.#known.size > REPLIES_MAX && oldest !== undefined) this.#known.delete(oldest)
    }
    return held.id
  }

  /** `undefined` when the id is not that of a reply. One of an earlier process answers nobody. */
  find(id: string): HeldReply | undefined {
    if (!id.startsWith(PREFIX)) return undefined
    return this.#known.get(id) ?? new HeldReply(id, this.#turns, undefined)
  }
}
