import type { AnyEventObject, Snapshot, Subscription } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import type {
  ActorAddress,
  ActorRef,
  AskOptions,
  DeliverOptions,
  SnapshotObserver,
  StopActorOptions,
  Terminated,
} from '../actor-ref.ts'
import { Cell, eventTypeError, STOPPED, type SendGate } from '../cell/cell.ts'
import type { DeadLetterReason } from '../delivery/dead-letters.ts'
import { putMail } from '../delivery/full-mailbox.ts'
import { toObserver } from '../delivery/observers.ts'
import { checkFunction, checkObject, checkObserver, checkWatcher, deliverMisuse } from '../misuse.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { EmittedListeners } from './emitted-listeners.ts'
import type { ActorRequest } from './protocol.ts'
import { askRemote } from './remote-ask.ts'
import type { Requests } from './requests.ts'

/** The way to another thread or machine, as references use it. */
export interface EventWriter {
  /** Whether a sender that can wait need not. */
  readonly isWritable: boolean
  /** @returns False when it was refused because too much waits already. */
  send(number: number, home: number, event: AnyEventObject): boolean
  whenWritable(): Promise<void>
}

/** What references of one thread share. */
export interface RefRouter {
  readonly system: ActorSystem
  readonly requests: Requests
  /** Changes whenever the way to any thread does. */
  readonly epoch: number
  /** Where events for `ref` go now; `undefined` when they have to wait, or nobody is there. */
  wayTo(ref: RemoteRef): EventWriter | undefined
  /** The way of `wayTo` when there is none. */
  sendLater(ref: RemoteRef, event: AnyEventObject): boolean
  /** Whether events for this actor of home 0 wait here until it is known where it is. */
  isMoving(number: number): boolean
  request(ref: RemoteRef, request: ActorRequest): void
  /** Where the next event of `ref` goes, its trace goes too. Absent: traces end there. */
  sendContext?(ref: RemoteRef): void
  /** Somebody waits for the answer to what was just sent. */
  expectAnswer(): void
  /** The reference is needed by the router itself: somebody here waits for news of its actor. */
  pin(ref: RemoteRef): void
  /** An actor has no turn until `ref` has room; false where that cannot be. */
  holdSender(ref: RemoteRef): boolean
  /** An actor that has filled the way to a thread has no turn until there is room again. */
  holdUntilWritable(writer: EventWriter): void
}

export type RemoteRefInit = {
  readonly router: RefRouter
  readonly home: number
  readonly number: number
  readonly thread: number
  readonly id: string
  readonly address: ActorAddress
}

type Watcher = (terminated: Terminated) => void

/** What the gates of a system see of its behaviour: it is none of theirs. */
const REMOTE = Object.freeze({ isSupervisor: false })

const ACTIVE: Snapshot<unknown> = Object.freeze({ status: 'active', output: undefined, error: undefined })

/**
 * An actor on another thread. One object per actor and thread, however often its address arrives. Plain fields: `send` is
 * hot.
 */
export class RemoteRef implements ActorRef {
  readonly id: string
  readonly address: ActorAddress
  readonly home: number
  readonly number: number
  /** Where it runs, as far as is known here. */
  thread: number
  terminated: Terminated | undefined = undefined
  /** The other side has no room. */
  isFull = false
  /** Its end is being watched for on the other side. */
  isWatched = false
  readonly watchers: Set<Watcher> = new Set()
  readonly observers: Set<SnapshotObserver<Snapshot<unknown>>> = new Set()
  readonly listeners: EmittedListeners = new EmittedListeners()
  private readonly router: RefRouter
  private snapshot: Snapshot<unknown> = ACTIVE
  private epoch = -1
  private writer: EventWriter | undefined = undefined
  // What the gates of a system look at in a cell.
  readonly marks = 0
  readonly parent = undefined
  readonly behaviour: typeof REMOTE = REMOTE

  constructor({ router, home, number, thread, id, address }: RemoteRefInit) {
    this.router = router
    this.home = home
    this.number = number
    this.thread = thread
    this.id = id
    this.address = address
  }

  get system(): ActorSystem {
    return this.router.system
  }

  /** Whether its events go this way: a system may have references to other threads and to other machines. */
  goesBy(router: RefRouter): boolean {
    return this.router === router
  }

  /**
   * True when the event is on its way: its actor's own mailbox may still refuse it, and makes it a dead letter then.
   *
   * @throws `ACTOR_EVENT_NOT_CLONEABLE`.
   */
  send(event: AnyEventObject): boolean {
    if (typeof event?.type !== 'string') throw eventTypeError(event)
    const { gate } = this.router.system
    return gate === undefined ? this.take(event) : sendThrough(gate, this, event)
  }

  take(event: AnyEventObject): boolean {
    const { router } = this
    if (this.epoch !== router.epoch) {
      this.epoch = router.epoch
      this.writer = this.terminated === undefined ? router.wayTo(this) : undefined
    }
    const { writer } = this
    if (writer === undefined) return router.sendLater(this, event)
    if (this.isFull && !router.holdSender(this)) return this.bury(event, 'mailbox-full')
    if (router.system.stepObserver !== undefined) router.sendContext?.(this)
    if (!writer.send(this.number, this.home, event)) return this.bury(event, 'mailbox-full')
    if (!writer.isWritable) router.holdUntilWritable(writer)
    return true
  }

  /** XState's `sendTo` delivers through this. */
  _send(event: AnyEventObject): void {
    this.send(event)
  }

  ask<Reply = AnyEventObject>(event: AnyEventObject, options: AskOptions = {}): Promise<Reply> {
    checkObject(options, 'ask takes its options as')
    // The reply's type is the caller's claim about the protocol of this actor; nothing at run time could check it.
    return askRemote(this, event, { ...options, router: this.router }) as Promise<Reply>
  }

  async deliver(event: AnyEventObject, options: DeliverOptions = {}): Promise<void> {
    const misuse = deliverMisuse(options)
    if (misuse !== undefined) throw misuse
    if (typeof event?.type !== 'string') throw eventTypeError(event)
    const { key, signal } = options
    signal?.throwIfAborted()
    if (this.terminated !== undefined) {
      this.bury(event, 'stopped')
      throw this.stoppedError(this.terminated.error)
    }
    const { home, number } = this
    const done = this.router.requests.ask(this.thread, (request) =>
      this.router.request(this, { type: 'deliver', home, number, request, event, key }),
    )
    this.router.expectAnswer()
    await (signal === undefined ? done : abortable(done, signal))
  }

  watch(watcher: ActorRef | Watcher): Subscription {
    checkWatcher(watcher)
    const tell = (terminated: Terminated): void => this.tell(watcher, terminated)
    const { terminated } = this
    if (terminated !== undefined) {
      this.system.environment.soon(() => tell(terminated))
      return { unsubscribe: () => {} }
    }
    this.watchers.add(tell)
    this.watchEnd()
    return { unsubscribe: () => void this.watchers.delete(tell) }
  }

  /** Resolves when the actor has ended. */
  async stop(options?: StopActorOptions): Promise<void> {
    if (this.terminated !== undefined) return
    const { home, number } = this
    const isDrained = options?.drain === true
    await this.router.requests.ask(this.thread, (request) =>
      this.router.request(this, { type: 'stop', home, number, request, isDrained }),
    )
  }

  /** Snapshots come as copies of what the actor would store: without the methods of XState's snapshots. */
  subscribe(observer: SnapshotObserver<Snapshot<unknown>> | ((snapshot: Snapshot<unknown>) => void)): Subscription {
    checkObserver(observer, 'subscribe takes')
    const added = toObserver(observer)
    if (this.terminated !== undefined) {
      this.tellObserver(added, this.terminated)
      return { unsubscribe: () => {} }
    }
    const { home, number } = this
    this.observers.add(added)
    if (this.observers.size === 1) this.router.request(this, { type: 'observe', home, number })
    this.watchEnd()
    return {
      unsubscribe: () => {
        if (!this.observers.delete(added) || this.observers.size > 0 || this.terminated !== undefined) return
        this.router.request(this, { type: 'unobserve', home, number })
      },
    }
  }

  /**
   * Listens to events that the actor emits; `*`: to all. Copies of them come; one that cannot be copied is an error that
   * nobody handled, and one for which the way between the threads has no room is a dead letter.
   */
  on(type: string, handler: (event: AnyEventObject) => void): Subscription {
    checkFunction(handler, 'on takes a type and')
    const { home, number, listeners } = this
    if (this.terminated !== undefined) return { unsubscribe: () => {} }
    // The same function added twice is two listeners.
    const own = (event: AnyEventObject): void => this.guarded(() => handler(event))
    if (listeners.add(type, own)) this.router.request(this, { type: 'listen', home, number, event: type })
    this.watchEnd()
    return {
      unsubscribe: () => {
        if (!listeners.remove(type, own) || this.terminated !== undefined) return
        this.router.request(this, { type: 'unlisten', home, number, event: type })
      },
    }
  }

  /** The last one known here; a newer one is asked for, unless somebody subscribed. */
  getSnapshot(): Snapshot<unknown> {
    const { home, number } = this
    if (this.observers.size === 0 && this.terminated === undefined) {
      this.router.request(this, { type: 'look', home, number })
      this.watchEnd()
    }
    return this.snapshot
  }

  // What the router tells.

  snapshotCame(snapshot: Snapshot<unknown>): void {
    this.snapshot = snapshot
    for (const observer of this.observers) this.guarded(() => observer.next?.(snapshot))
  }

  emittedCame(heardAs: string, event: AnyEventObject): void {
    for (const listener of this.listeners.of(heardAs)) listener(event)
  }

  /** A snapshot could not be sent: its observers are told, and hear no more. */
  observingFailed(error: unknown): void {
    const observers = [...this.observers]
    this.observers.clear()
    for (const observer of observers) this.guarded(() => observer.error?.(error))
  }

  ended(terminated: Terminated): void {
    if (this.terminated !== undefined) return
    this.terminated = terminated
    this.epoch = -1
    this.writer = undefined
    const { reason, output, error } = terminated
    const status = reason === 'done' ? 'done' : (reason === 'failed' && 'error') || 'stopped'
    this.snapshot = { ...this.snapshot, status, output, error } as Snapshot<unknown>
    const watchers = [...this.watchers]
    const observers = [...this.observers]
    this.watchers.clear()
    this.observers.clear()
    this.listeners.clear()
    for (const observer of observers) this.tellObserver(observer, terminated)
    for (const watcher of watchers) watcher(terminated)
  }

  /** Whether somebody on this thread hears when it fails. An observer without an error callback counts as nobody. */
  get isHeard(): boolean {
    return this.watchers.size > 0 || [...this.observers].some(({ error }) => error !== undefined)
  }

  bury(event: AnyEventObject, reason: DeadLetterReason): false {
    this.system.deadLetters.put(this, event, reason)
    return false
  }

  toJSON(): { readonly xstate$$type: 1; readonly id: string } {
    return { xstate$$type: 1, id: this.id }
  }

  private watchEnd(): void {
    if (this.isWatched) return
    this.isWatched = true
    this.router.pin(this)
    this.router.request(this, { type: 'watch', home: this.home, number: this.number })
  }

  private tell(watcher: ActorRef | Watcher, terminated: Terminated): void {
    if (typeof watcher === 'function') this.guarded(() => watcher(terminated))
    // What a partner must know is not subject to the bound of its mailbox.
    else if (!(watcher instanceof Cell)) watcher.send(terminated)
    else if (watcher.status !== STOPPED) putMail(watcher, terminated)
  }

  private tellObserver(observer: SnapshotObserver<Snapshot<unknown>>, { reason, error }: Terminated): void {
    if (reason === 'failed') this.guarded(() => observer.error?.(error))
    else this.guarded(() => observer.complete?.())
  }

  private guarded(callback: () => void): void {
    try {
      callback()
    } catch (error: unknown) {
      this.system.environment.reportError(error)
    }
  }

  stoppedError(cause: unknown): CodedError {
    const message = `Actor ${this.id} has ended`
    return new CodedError('ACTOR_STOPPED', { message, cause, details: { id: this.id } })
  }
}

/** Gates look at no more of a cell than a reference has too. */
function sendThrough(gate: SendGate, ref: RemoteRef, event: AnyEventObject): boolean {
  return gate.send(ref as unknown as Cell, event, undefined)
}

async function abortable(done: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([done, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
