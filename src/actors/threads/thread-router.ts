import type { AnyEventObject } from 'xstate'
import { assertNever } from '../../base/assert.ts'
import { Cell, HELD } from '../cell/cell.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { ActorService, unknownEnd } from './actor-service.ts'
import type { ChannelWriter } from './channel-writer.ts'
import { CreditDesk, HeldSenders } from './credit-desk.ts'
import type {
  ActorNotice,
  ActorRequest,
  ControlMessage,
  DrainedNotice,
  HostCommand,
  HostReport,
  TraceNotice,
} from './protocol.ts'
import { ReferenceTable, RemoteReply } from './reference-table.ts'
import { fullError } from './remote-ask.ts'
import type { EventWriter, RefRouter, RemoteRef } from './remote-ref.ts'
import { Requests, workerLostError } from './requests.ts'
import type { Link } from './thread-links.ts'
import { ThreadEnd } from './thread-links.ts'
import { WaitingEvents } from './waiting-events.ts'

/** What only the first thread, or only a worker, understands. */
export type HostMessage = HostCommand | HostReport | DrainedNotice

export type ThreadRouterInit = {
  readonly thread: number
  readonly home: number
  readonly system: ActorSystem
  readonly board: SharedArrayBuffer | undefined
  readonly spinUs: number | undefined
  readonly isQuiet: () => boolean
  readonly onTick: () => void
  readonly onHostMessage: (peer: number, message: HostMessage) => void
  /** An event that belongs to a trace is about to come. */
  readonly onTrace?: () => void
  /** An event or request for an actor that is not here. True: it is kept until the actor is. */
  readonly onAbsent: (number: number, home: number, again: () => void) => boolean
}

/**
 * All that one thread has to do with the others: references to their actors and from them, events that go and come, what
 * is asked and answered. The same on the first thread and on workers.
 */
export class ThreadRouter implements RefRouter {
  readonly system: ActorSystem
  readonly thread: number
  readonly requests: Requests = new Requests()
  readonly references: ReferenceTable
  readonly service: ActorService
  readonly end: ThreadEnd
  readonly credit: CreditDesk
  epoch = 0
  private readonly init: ThreadRouterInit
  private readonly held = new HeldSenders()
  private readonly waiting: WaitingEvents
  private readonly pinned = new Set<RemoteRef>()
  /** By peer: what the next event of each belongs to. */
  private readonly traces = new Map<number, TraceNotice>()

  constructor(init: ThreadRouterInit) {
    const { thread, home, system } = init
    this.init = init
    this.system = system
    this.thread = thread
    const control = (to: number, message: ControlMessage): void => this.control(to, message)
    this.references = new ReferenceTable({ thread, home, system, router: this, requests: this.requests, control })
    this.service = new ActorService({
      thread,
      system,
      references: this.references,
      control,
      tryControl: (to, message) => this.tryControl(to, message),
    })
    this.waiting = new WaitingEvents(system, thread)
    this.credit = new CreditDesk((peer, cell, isFull) => {
      const key = this.references.keyOf(cell)
      this.control(peer, { type: isFull ? 'full' : 'room', ...key })
    })
    this.end = new ThreadEnd({
      thread,
      board: init.board,
      isQuiet: init.isQuiet,
      onTick: init.onTick,
      references: (peer) => this.references.codecFor(peer),
      receiver: (peer) => ({
        receive: (number, home, event) => this.receive(peer, { number, home }, event as AnyEventObject),
        receiveControl: (message) => this.receiveControl(peer, message as ControlMessage),
      }),
      ...(init.spinUs !== undefined && { spinUs: init.spinUs }),
    })
  }

  // What references use.

  wayTo(ref: RemoteRef): ChannelWriter | undefined {
    if (ref.thread === this.thread || this.waiting.isHeld(ref)) return undefined
    return this.end.writerTo(ref.thread)
  }

  sendLater(ref: RemoteRef, event: AnyEventObject): boolean {
    if (ref.terminated !== undefined) return ref.bury(event, 'stopped')
    if (this.waiting.isHeld(ref)) return this.waiting.put(ref, event)
    // Its actor was here, or will be.
    if (ref.thread === this.thread) this.receive(this.thread, ref, event)
    else return ref.bury(event, 'thread-lost')
    return true
  }

  isMoving(number: number): boolean {
    return this.waiting.isActorHeld(number)
  }

  request(ref: RemoteRef, request: ActorRequest): void {
    if (this.waiting.isHeld(ref)) this.waiting.putRequest(ref, request)
    else this.control(ref.thread, request)
  }

  sendContext({ thread, home, number }: RemoteRef): void {
    const context = this.system.stepObserver?.context
    // One that has no room is left out: a trace holds nobody up.
    if (context !== undefined) this.tryControl(thread, { type: 'trace', home, number, context })
  }

  expectAnswer(): void {
    this.end.pump.expectAnswer()
  }

  pin(ref: RemoteRef): void {
    this.pinned.add(ref)
  }

  holdSender(ref: RemoteRef): boolean {
    return this.held.hold(this.system.current, ref)
  }

  holdUntilWritable(writer: EventWriter): void {
    const sender = this.system.current
    if (sender === undefined || (sender.marks & HELD) !== 0) return
    this.held.hold(sender, writer)
    writer.whenWritable().then(
      () => this.held.release(writer),
      () => this.held.release(writer),
    )
  }

  /**
   * Tells another thread something; this one itself as well.
   *
   * @throws `ACTOR_EVENT_NOT_CLONEABLE`.
   */
  control(to: number, message: ControlMessage): void {
    if (to === this.thread) this.receiveControl(to, message)
    else this.end.writerTo(to)?.sendControl(message)
  }

  /** As `control`, but false when too much waits already. */
  private tryControl(to: number, message: ControlMessage): boolean {
    if (to !== this.thread) return this.end.writerTo(to)?.trySendControl(message) ?? false
    this.receiveControl(to, message)
    return true
  }

  // What comes from other threads. Nothing here may throw: the rest of a batch would be lost.

  private receive(peer: number, key: { number: number; home: number }, event: AnyEventObject): void {
    const { number, home } = key
    const actor = this.references.find(number, home)
    try {
      if (this.traces.size > 0) this.takeTrace(peer, key, event)
      if (actor instanceof Cell) {
        const { atBound } = actor.behaviour.definition.mailbox
        const isTaken = atBound === 'credit' ? this.credit.offer(peer, actor, event) : actor.send(event)
        if (!isTaken) refuseReply(event, fullError({ id: actor.id, thread: this.thread }))
      } else if (actor !== undefined) actor.send(event)
      else if (this.isElsewhere(number, home)) this.references.knownRef(number, home)?.take(event)
      else if (!this.init.onAbsent(number, home, () => this.receive(peer, key, event))) this.bury(key, event)
    } catch (error: unknown) {
      this.system.environment.reportError(error)
    }
  }

  /** What was said to come next may have been refused meanwhile: then what comes is for another actor, or of no trace. */
  private takeTrace(peer: number, key: { number: number; home: number }, event: AnyEventObject): void {
    const told = this.traces.get(peer)
    if (told === undefined) return
    this.traces.delete(peer)
    if (told.number === key.number && told.home === key.home) this.system.stepObserver?.came?.(event, told.context)
  }

  /** It was here, and the sender has not heard that it left. */
  private isElsewhere(number: number, home: number): boolean {
    const ref = this.references.knownRef(number, home)
    return ref !== undefined && (ref.thread !== this.thread || this.waiting.isHeld(ref))
  }

  private bury(key: { number: number; home: number }, event: AnyEventObject): void {
    const { address } = this.references.endOf(key.number, key.home) ?? unknownEnd(key, this)
    this.system.deadLetters.put({ address }, event, 'stopped')
  }

  private receiveControl(peer: number, message: ControlMessage): void {
    try {
      this.handle(peer, message)
    } catch (error: unknown) {
      this.system.environment.reportError(error)
    }
  }

  private handle(peer: number, message: ControlMessage): void {
    switch (message.type) {
      case 'watch':
      case 'observe':
      case 'unobserve':
      case 'look':
      case 'listen':
      case 'unlisten':
      case 'stop':
      case 'deliver': {
        const { number, home } = message
        const again = (): void => this.receiveControl(peer, message)
        if (this.references.find(number, home) === undefined && this.init.onAbsent(number, home, again)) return
        this.service.serve(peer, message)
        return
      }
      case 'terminated':
      case 'snapshot':
      case 'unobservable':
      case 'emitted':
      case 'full':
      case 'room':
      case 'answered':
      case 'reply':
      case 'no-reply':
        this.hear(message)
        return
      case 'hold':
        this.hold(message)
        return
      case 'moved':
        this.moved(message.number, message.thread)
        return
      case 'trace':
        this.init.onTrace?.()
        this.traces.set(peer, message)
        return
      case 'sync':
        this.control(peer, { type: 'answered', request: message.request, error: undefined })
        return
      case 'place':
      case 'extract':
      case 'shut-down':
      case 'drained':
      case 'up':
      case 'placed':
      case 'settled':
      case 'ended':
      case 'extracted':
      case 'dead-letters':
      case 'supervision':
      case 'error':
      case 'spans':
        this.init.onHostMessage(peer, message)
        return
      default:
        assertNever(message)
    }
  }

  private hear(notice: ActorNotice): void {
    switch (notice.type) {
      case 'terminated':
        this.ended(this.references.knownRef(notice.number, notice.home), notice.terminated)
        return
      case 'snapshot':
        this.references.knownRef(notice.number, notice.home)?.snapshotCame(notice.snapshot)
        return
      case 'unobservable':
        this.references.knownRef(notice.number, notice.home)?.observingFailed(notice.error)
        return
      case 'emitted':
        this.references.knownRef(notice.number, notice.home)?.emittedCame(notice.heardAs, notice.event)
        return
      case 'full':
      case 'room': {
        const ref = this.references.knownRef(notice.number, notice.home)
        if (ref === undefined) return
        ref.isFull = notice.type === 'full'
        if (!ref.isFull) this.held.release(ref)
        return
      }
      case 'answered':
        this.requests.answer(notice.request, notice.error)
        return
      case 'reply':
        this.requests.reply(notice.reply, notice.event)
        return
      case 'no-reply':
        if (notice.hasFailed) this.requests.failed(notice.reply, notice.error)
        else this.requests.refuse(notice.reply, notice.error)
        return
      default:
        assertNever(notice)
    }
  }

  /** An actor of another thread has ended. */
  ended(ref: RemoteRef | undefined, terminated: Parameters<RemoteRef['ended']>[0]): void {
    if (ref === undefined) return
    this.pinned.delete(ref)
    this.held.release(ref)
    ref.ended(terminated)
  }

  // Actors that move, and threads that come and go.

  /** What is for this actor waits here from now on; its thread is told that nothing more comes. */
  private hold({ number, epoch, at }: Extract<HostCommand, { type: 'hold' }>): void {
    this.waiting.holdActor(number)
    this.epoch += 1
    if (at === this.thread) return
    const notice: DrainedNotice = { type: 'drained', number, epoch, from: this.thread }
    // Behind what waits for the thread itself.
    if (!this.waiting.keepFor(at, [{ ref: undefined, number, home: 0, event: undefined, request: notice }])) {
      this.control(at, notice)
    }
  }

  /** The actor is at `thread`, perhaps where it was before: what waited goes there. */
  private moved(number: number, thread: number): void {
    this.references.moved(number, thread)
    this.epoch += 1
    const ref = this.references.knownRef(number, 0)
    if (ref !== undefined) this.askAgain(ref)
    this.sendWaiting(this.waiting.releaseActor(number), thread)
  }

  /** There will be a link with `thread`; what is for its actors waits. */
  expect(thread: number): void {
    this.waiting.holdThread(thread)
    this.epoch += 1
  }

  /** The run of a thread has ended, by `cause`. What it did not read waits for the next run; what it may have handled is lost. */
  lose(thread: number, cause: unknown): void {
    const { waiting } = this
    const error = workerLostError(thread, cause)
    const salvaged = this.end.salvage(thread)
    waiting.holdThread(thread)
    this.epoch += 1
    const kept = waiting.putSalvaged(thread, salvaged, (number, home) => this.references.knownRef(number, home))
    this.service.losePeer(thread)
    this.requests.lose(thread, kept, error)
    for (const ref of this.references.knownRefs()) {
      if (ref.thread !== thread) continue
      ref.isWatched = false
      ref.isFull = false
      this.held.release(ref)
      if (ref.home === 0) continue
      // It was made by the run that ended, and ends with it.
      const { id, address } = ref
      this.ended(ref, { type: 'kernell.terminated', id, address, reason: 'killed', error })
    }
  }

  /** The thread runs again. `before` tells it what it has to know before it gets what waited. */
  regain(thread: number, link: Link, before: () => void): void {
    this.end.connect(link)
    before()
    this.epoch += 1
    for (const ref of this.pinned) if (ref.thread === thread && ref.terminated === undefined) this.askAgain(ref)
    this.sendWaiting(this.waiting.releaseThread(thread), thread)
  }

  /** The thread does not run again: what waits for it is dead. */
  giveUp(thread: number): void {
    this.waiting.buryThread(thread)
    this.epoch += 1
  }

  /** What its thread was asked to tell, the new one has to be asked again. */
  private askAgain(ref: RemoteRef): void {
    const { home, number } = ref
    if (ref.watchers.size > 0 || ref.isWatched) {
      ref.isWatched = true
      this.request(ref, { type: 'watch', home, number })
    }
    if (ref.observers.size > 0) this.request(ref, { type: 'observe', home, number })
    for (const event of ref.listeners.types) this.request(ref, { type: 'listen', home, number, event })
  }

  private sendWaiting(released: ReturnType<WaitingEvents['releaseActor']>, thread: number): void {
    if (this.waiting.keepFor(thread, released)) return
    for (const item of released) {
      if (item.ref?.terminated !== undefined && item.event !== undefined) item.ref.bury(item.event, 'stopped')
      else if (item.request !== undefined) this.control(thread, item.request)
      else if (thread === this.thread) this.receive(this.thread, item, item.event)
      else this.end.writerTo(thread)?.sendHeld(item.number, item.home, item.event)
    }
  }
}

function refuseReply({ replyTo }: AnyEventObject, error: unknown): void {
  if (replyTo instanceof RemoteReply) replyTo.refuse(error)
}
