import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../../base/errors.ts'
import type { MailboxPolicy } from '../../agent-definition.ts'
import { findActor } from '../state/durable-actor.ts'
import type { DurableActor, DurableState } from '../state/durable-actor.ts'
import type { JournalRecord } from '../state/journal-record.ts'
import type { DurableDefinition } from '../turn/durable-definition.ts'
import { checkEvent } from '../turn/durable-turn.ts'
import { sealRoot } from '../values/stored-value.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { InboxRoom } from './inbox-room.ts'

export type StoredDeliverOptions = {
  /** A second message with the same key is not taken. 1 to 512 characters. */
  readonly key?: string
  /** Where the message comes from and its place in what that sender sent here, rising: one that is not higher is not taken. */
  readonly sender?: { readonly id: string; readonly sequence: number }
  /** Ends the wait for room. */
  readonly signal?: AbortSignal | undefined
}

/** What inboxes use of their store. */
export interface InboxStore {
  readonly references: ReferenceCodec | undefined
  readonly isCongested: boolean
  definitionOf(id: string): DurableDefinition | undefined
  versionOf(id: string): number | undefined
  /** Whether the actor is in memory, and so empties its inbox. */
  isActive(id: string): boolean
  now(): number
  write(record: JournalRecord, options: { readonly isTagged: boolean }): number
}

const KEY_LENGTH_MAX = 512
const INBOX_BOUND_DEFAULT = 65_536

/**
 * Puts messages from outside any durable turn into the inboxes of stored actors. What is in an inbox was acknowledged, and
 * nothing acknowledged is dropped: a full one refuses, also with the policies `drop-newest` and `drop-oldest`. With `credit`
 * the message waits for room, in the order of the calls, as long as its actor is in memory.
 */
export class StoredInboxes {
  readonly #store: InboxStore
  readonly #state: DurableState
  readonly #room: InboxRoom

  /** @param soon  Runs a task when the code under way is done. */
  constructor(store: InboxStore, state: DurableState, soon: (task: () => void) => void) {
    this.#store = store
    this.#state = state
    // An actor that is not in memory empties no inbox.
    this.#room = new InboxRoom({ soon, isDecided: (id) => this.hasRoom(id) || !store.isActive(id) })
  }

  /**
   * Writes a message, or waits for room to do so. One that was taken before, by its key or by its sender's count, is not
   * written again.
   *
   * @returns The wait, where there is one.
   * @throws `ACTOR_NOT_STORED`, `ACTOR_MAILBOX_FULL`, `ACTOR_STATE_NOT_STORABLE`, `STORE_OVERLOADED`, the failure of the store;
   *   TypeError for what is not an event.
   */
  put(id: string, event: AnyEventObject, options: StoredDeliverOptions): Promise<void> | undefined {
    checkEvent(event)
    const { key, signal } = options
    if (key !== undefined && (key.length === 0 || key.length > KEY_LENGTH_MAX)) {
      throw new RangeError(`A key has 1 to ${KEY_LENGTH_MAX} characters`)
    }
    const isHeld = !isTaken(findActor(this.#state, id), options) && this.#isHeldForRoom(id)
    if (isHeld) return this.#room.wait(id, () => this.#accept(id, event, options), signal)
    this.#accept(id, event, options)
    return undefined
  }

  /** What happens to messages for an actor whose inbox is full. */
  atBoundOf(id: string): MailboxPolicy {
    return this.#store.definitionOf(id)?.atBound ?? 'refuse'
  }

  /**
   * Whether another message would find room.
   *
   * @param more  Messages that are on their way.
   * @param times  How often the bound counts.
   */
  hasRoom(id: string, more = 0, times = 1): boolean {
    const actor = this.#state.actors.get(id)
    return actor !== undefined && (actor.inbox?.size ?? 0) + more < this.#boundOf(id) * times
  }

  /** There may be room now, or nobody who makes any. */
  changed(id: string): void {
    this.#room.changed(id)
  }

  /** Nobody gets room any more. */
  close(error: unknown): void {
    this.#room.close(error)
  }

  #accept(id: string, event: AnyEventObject, options: StoredDeliverOptions): void {
    const actor = findActor(this.#state, id)
    if (isTaken(actor, options)) return
    this.#checkRoom(actor)
    const { key, sender } = options
    const isTagged = sealRoot(event, 'event', this.#store.references)
    const from = sender && { sender: sender.id, senderSequence: sender.sequence }
    const version = this.#store.versionOf(id) ?? actor.version
    const record = { kind: 'inbox', actor: id, event, version, at: this.#store.now() } as const
    this.#store.write({ ...record, ...(key !== undefined && { key }), ...from }, { isTagged })
  }

  /** Whether a message is to wait: behind those that do, or because it would be refused without. */
  #isHeldForRoom(id: string): boolean {
    return this.#room.isAwaited(id) || (this.atBoundOf(id) === 'credit' && !this.hasRoom(id))
  }

  #boundOf(id: string): number {
    return this.#store.definitionOf(id)?.inboxBound ?? INBOX_BOUND_DEFAULT
  }

  #checkRoom(actor: DurableActor): void {
    if (!this.hasRoom(actor.id)) {
      const { id, inbox } = actor
      const message = `The inbox of actor ${id} is full: ${inbox?.size} messages wait`
      throw new CodedError('ACTOR_MAILBOX_FULL', { message, details: { id, bound: this.#boundOf(id) } })
    }
    if (this.#store.isCongested) {
      throw new CodedError('STORE_OVERLOADED', { message: 'The disk is behind with the journal of the actors' })
    }
  }
}

function isTaken(actor: DurableActor, { key, sender }: StoredDeliverOptions): boolean {
  if (key !== undefined && actor.keys?.has(key) === true) return true
  return sender !== undefined && sender.sequence <= (actor.senders?.get(sender.id) ?? -1)
}
