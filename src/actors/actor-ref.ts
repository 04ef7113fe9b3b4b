import type { AnyEventObject, EventObject, Snapshot, Subscription } from 'xstate'

/** `kernell://node/worker/path#incarnation`; see `formatAddress`. */
export type ActorAddress = string

/** Why an actor ended. `done`: its logic reached its end. `killed`: it did not stop in time, or its worker was lost. */
export type TerminationReason = 'done' | 'stopped' | 'failed' | 'killed'

/** What a watcher is told, once; an actor that watches gets it as an event. */
export type Terminated = {
  readonly type: 'kernell.terminated'
  readonly id: string
  readonly address: ActorAddress
  readonly reason: TerminationReason
  /** Only with `done`. */
  readonly output?: unknown
  /** With `failed`, and with `killed` what ended its worker. */
  readonly error?: unknown
}

/** How long `ask` waits for an answer. A time that is negative or not finite is a RangeError. */
export type AskOptions = {
  /** Milliseconds until the ask fails with `ACTOR_ASK_TIMEOUT`. Default 5,000. */
  readonly timeoutMs?: number
  /** Ends the wait with the signal's reason; the message may still be handled. */
  readonly signal?: AbortSignal
}

/** How `deliver` recognises a message that it was given before, and what ends its wait, with the reason of the signal. */
export type DeliverOptions = {
  /** Given twice, the second one is not handled again (durable actors; within the deduplication window). */
  readonly key?: string
  readonly signal?: AbortSignal
}

export type StopActorOptions = {
  readonly drain?: boolean
}

/** Where an answer to an `ask` goes. A plain value in the event; it crosses threads as its address. */
export interface ReplyTarget {
  /** False when nobody waits any more. */
  send(event: AnyEventObject): boolean
}

/**
 * An actor as everybody else sees it, wherever it runs. Never null: an ended actor keeps its reference, and what is sent
 * to it becomes a dead letter.
 */
export interface ActorRef<
  Event extends EventObject = AnyEventObject,
  State extends Snapshot<unknown> = Snapshot<unknown>,
> {
  readonly id: string
  readonly address: ActorAddress
  /**
   * Puts `event` into the mailbox.
   *
   * @returns False when it was refused; it is then a dead letter.
   * @throws TypeError when `event` is not an object with a `type` that is a string.
   */
  send(event: Event): boolean
  /**
   * Sends `event` with `replyTo` added, and waits for what is sent there.
   *
   * @throws `ACTOR_ASK_TIMEOUT`, `ACTOR_FAILED` when its logic throws over the question, `ACTOR_STOPPED` when it ends before
   *   it answers, `ACTOR_MAILBOX_FULL`; the reason of the signal.
   */
  ask<Reply = AnyEventObject>(event: Event, options?: AskOptions): Promise<Reply>
  /**
   * Resolves when the message is accepted: in the mailbox, or, for a durable actor, on stable storage. Waits for room in a
   * full mailbox with the policy `credit`.
   *
   * @throws `ACTOR_STOPPED`, `ACTOR_MAILBOX_FULL`, the errors of the store; the reason of the signal.
   */
  deliver(event: Event, options?: DeliverOptions): Promise<void>
  /** Tells `watcher` once when this actor ends; at once when it has ended. Control messages are never dropped by a mailbox bound. */
  watch(watcher: ActorRef | ((terminated: Terminated) => void)): Subscription
  /**
   * Idempotent. Children end before it, newest first. At once; or, with `drain`, when it has handled the messages that wait
   * (it takes no new ones) and then, newest first, each child has handled its own; each at the latest after the `shutdownMs`
   * of its definition, which for an actor with children includes theirs. A supervisor has no time of its own. Resolves when
   * the actor has ended.
   */
  stop(options?: StopActorOptions): Promise<void>
  /** Called with each new snapshot; not with the present one. */
  subscribe(observer: SnapshotObserver<State> | ((snapshot: State) => void)): Subscription
  /** Called with each event of this type that the actor emits; `*` is every type. */
  on(type: string, handler: (event: AnyEventObject) => void): Subscription
  getSnapshot(): State
}

/**
 * Callbacks of a subscription, each optional: `next` with each new snapshot; then, once, `error` with what made the actor fail for good,
 * or `complete` when it ended in any other way. What they throw is reported to the environment and stops nothing.
 */
export type SnapshotObserver<State> = {
  readonly next?: (snapshot: State) => void
  readonly error?: (error: unknown) => void
  readonly complete?: () => void
}
