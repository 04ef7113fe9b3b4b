import type { AnyEventObject, Snapshot, Subscription } from 'xstate'
import { CodedError } from '../../../base/errors.ts'
import type {
  ActorAddress,
  ActorRef,
  AskOptions,
  DeliverOptions,
  SnapshotObserver,
  StopActorOptions,
  Terminated,
} from '../../actor-ref.ts'
import { eventTypeError, type Cell } from '../../cell/cell.ts'
import { deliverMisuse } from '../../misuse.ts'

/** What a reference uses of the system's extension. */
export interface RefRuntime {
  readonly ready: Promise<void>
  readonly isOpen: boolean
  /** The cell of an actor, brought into memory if need be; the last one it had, when it has ended. */
  cellFor(id: string): Cell | undefined
  /** Stored, or about to be. */
  isDurable(id: string): boolean
  /** Why the actor cannot be brought into memory, where that is known. */
  failureOf(id: string): unknown
  addressOf(id: string): ActorAddress
  /** Part of the turn under way, if there is one; `undefined` when there is none. */
  sendInTurn(id: string, event: AnyEventObject): boolean | undefined
  deliver(id: string, event: AnyEventObject, options: DeliverOptions): Promise<void>
  /** Keeps the message until the actor is opened; `undefined` when it has been, or has ended. */
  deliverEarly(id: string, event: AnyEventObject, options: DeliverOptions): Promise<void> | undefined
  bury(id: string, event: AnyEventObject): void
}

/**
 * A reference to an actor by its id alone: to a durable one, whether it is in memory or not, or to whichever actor of this
 * system has the id when it is used. Two references to the same actor are stored as the same.
 */
export class DurableRef implements ActorRef {
  readonly id: string
  readonly #runtime: RefRuntime

  constructor(id: string, runtime: RefRuntime) {
    this.id = id
    this.#runtime = runtime
  }

  get address(): ActorAddress {
    return this.#runtime.addressOf(this.id)
  }

  send(event: AnyEventObject): boolean {
    if (typeof event?.type !== 'string') throw eventTypeError(event)
    const sent = this.#runtime.sendInTurn(this.id, event)
    if (sent !== undefined) return sent
    const cell = this.#runtime.cellFor(this.id)
    if (cell !== undefined) return cell.send(event)
    this.#runtime.bury(this.id, event)
    return false
  }

  async ask<Reply = AnyEventObject>(event: AnyEventObject, options?: AskOptions): Promise<Reply> {
    return await this.#cell().ask<Reply>(event, options)
  }

  async deliver(event: AnyEventObject, options: DeliverOptions = {}): Promise<void> {
    const misuse = deliverMisuse(options)
    if (misuse !== undefined) throw misuse
    options.signal?.throwIfAborted()
    const early = this.#runtime.deliverEarly(this.id, event, options)
    if (early !== undefined) {
      await early
      return
    }
    // At once where it can be, so that it keeps its place among what is sent.
    if (!this.#runtime.isOpen) await this.#runtime.ready
    if (this.#runtime.isDurable(this.id)) await this.#runtime.deliver(this.id, event, options)
    else await this.#cell().deliver(event, options)
  }

  watch(watcher: ActorRef | ((terminated: Terminated) => void)): Subscription {
    return this.#cell().watch(watcher)
  }

  async stop(options?: StopActorOptions): Promise<void> {
    await this.#runtime.cellFor(this.id)?.stop(options)
  }

  subscribe(observer: SnapshotObserver<Snapshot<unknown>> | ((snapshot: Snapshot<unknown>) => void)): Subscription {
    return this.#cell().subscribe(observer)
  }

  on(type: string, handler: (event: AnyEventObject) => void): Subscription {
    return this.#cell().on(type, handler)
  }

  getSnapshot(): Snapshot<unknown> {
    return this.#cell().getSnapshot()
  }

  /** XState's `sendTo` delivers through this. */
  _send(event: AnyEventObject): void {
    this.send(event)
  }

  #cell(): Cell {
    const cell = this.#runtime.cellFor(this.id)
    if (cell !== undefined) return cell
    const cause = this.#runtime.failureOf(this.id)
    throw new CodedError('ACTOR_STOPPED', {
      message: `Actor ${this.id} is not running${cause instanceof Error ? `: ${cause.message}` : ''}`,
      cause,
      details: { id: this.id },
    })
  }
}
