import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import { Cell, HELD } from '../cell/cell.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { ActorService, unknownEnd } from '../threads/actor-service.ts'
import { CreditDesk, HeldSenders } from '../threads/credit-desk.ts'
import type { ActorNotice, ActorRequest, ControlMessage } from '../threads/protocol.ts'
import { RemoteRef, type EventWriter, type RefRouter } from '../threads/remote-ref.ts'
import { Requests } from '../threads/requests.ts'
import { WaitingEvents } from '../threads/waiting-events.ts'
import type { ClusterLink, LinkEvent } from './cluster-link.ts'
import { forWire, fromWire, isControl, SELF } from './cluster-protocol.ts'
import type { ClusterControl, Interruption, PlaceCommand, PlaceReport } from './cluster-protocol.ts'
import { ClusterReferences, type ClusterReferencesInit } from './cluster-references.ts'

export type ClusterRouterInit = Pick<ClusterReferencesInit, 'self' | 'peerOf' | 'nodeOf'> & {
  readonly system: ActorSystem
  /** The way to a peer, while there is a session with it. */
  readonly linkTo: (peer: number) => ClusterLink | undefined
  readonly peers: () => readonly number[]
  readonly onPlace: (peer: number, message: PlaceCommand | PlaceReport) => void
  /** An actor that waits for a node is to stop: it can do that here. True: it was done. */
  readonly onStopWaiting: (ref: RemoteRef) => boolean
}

/** All that one node has to do with the others about actors: as `ThreadRouter` for threads, with sessions in place of workers. */
export class ClusterRouter implements RefRouter {
  readonly system: ActorSystem
  readonly requests: Requests = new Requests()
  readonly references: ClusterReferences
  readonly service: ActorService
  readonly waiting: WaitingEvents
  epoch = 0
  private readonly init: ClusterRouterInit
  private readonly held = new HeldSenders()
  private readonly credit: CreditDesk
  private readonly pinned = new Set<RemoteRef>()

  constructor(init: ClusterRouterInit) {
    this.init = init
    this.system = init.system
    const control = (to: number, message: ControlMessage): void => this.control(to, message as ClusterControl)
    this.references = new ClusterReferences({ ...init, router: this, requests: this.requests, control })
    this.service = new ActorService({
      thread: SELF,
      system: init.system,
      references: this.references,
      control,
      tryControl: (to, message) => init.linkTo(to)?.trySendControl(forWire(message as ClusterControl, to)) ?? false,
    })
    this.waiting = new WaitingEvents(init.system, SELF)
    this.credit = new CreditDesk((peer, cell, isFull) => {
      this.control(peer, { type: isFull ? 'full' : 'room', ...this.references.keyOf(cell) })
    })
  }

  // What references use.

  wayTo(ref: RemoteRef): EventWriter | undefined {
    return this.waiting.isHeld(ref) ? undefined : this.init.linkTo(ref.thread)
  }

  sendLater(ref: RemoteRef, event: AnyEventObject): boolean {
    if (ref.terminated !== undefined) return ref.bury(event, 'stopped')
    return this.waiting.isHeld(ref) ? this.waiting.put(ref, event) : ref.bury(event, 'node-lost')
  }

  isMoving(number: number): boolean {
    return this.waiting.isActorHeld(number)
  }

  request(ref: RemoteRef, request: ActorRequest): void {
    if (!this.waiting.isHeld(ref)) this.control(ref.thread, request)
    else if (request.type === 'stop' && this.init.onStopWaiting(ref)) this.requests.answer(request.request, undefined)
    else this.waiting.putRequest(ref, request)
  }

  expectAnswer(): void {}

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

  /** Tells another node something. Without a session it is for nobody: what matters is told anew with the next one. @throws `ACTOR_EVENT_NOT_CLONEABLE`. */
  control(to: number, message: ClusterControl): void {
    this.init.linkTo(to)?.sendControl(forWire(message, to))
  }

  // What comes from other nodes. Nothing here may throw: the rest of a batch would be lost.

  receive(peer: number, wireHome: number, { number, event }: Omit<LinkEvent, 'home'>): void {
    const home = fromWire(wireHome, peer)
    const actor = this.references.find(number, home)
    try {
      if (actor instanceof Cell) {
        if (actor.behaviour.definition.mailbox.atBound === 'credit') this.credit.offer(peer, actor, event)
        else actor.send(event)
      } else if (actor instanceof RemoteRef && actor.goesBy(this)) this.passOn(actor, event)
      else if (actor !== undefined) actor.send(event)
      else this.bury(number, home, event)
    } catch (error: unknown) {
      this.system.environment.reportError(error)
    }
  }

  receiveControl(peer: number, message: unknown): void {
    try {
      if (!isControl(message)) throw new CodedError('NETWORK_FRAME_INVALID', { message: 'A record that is none' })
      this.handle(peer, 'home' in message ? { ...message, home: fromWire(message.home, peer) } : message)
    } catch (error: unknown) {
      this.system.environment.reportError(error)
    }
  }

  /** Its senders here need not wait: its own node sees to them. */
  private passOn(ref: RemoteRef, event: AnyEventObject): void {
    const way = this.wayTo(ref)
    if (way === undefined) this.sendLater(ref, event)
    else if (!way.send(ref.number, ref.home, event)) ref.bury(event, 'mailbox-full')
  }

  private bury(number: number, home: number, event: AnyEventObject): void {
    const { address } = this.references.endOf(number, home) ?? unknownEnd({ number, home }, this.waiting)
    this.system.deadLetters.put({ address }, event, 'stopped')
  }

  private handle(peer: number, message: ClusterControl): void {
    switch (message.type) {
      case 'watch':
      case 'observe':
      case 'unobserve':
      case 'look':
      case 'listen':
      case 'unlisten':
      case 'stop':
      case 'deliver':
        this.service.serve(peer, message)
        return
      case 'place':
      case 'ended':
      case 'supervision':
        this.init.onPlace(peer, message)
        return
      case 'interrupted':
        this.interrupted(peer, message)
        return
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
    }
  }

  private hear(notice: ActorNotice): void {
    const ref = 'home' in notice ? this.references.knownRef(notice.number, notice.home) : undefined
    switch (notice.type) {
      case 'terminated':
        // Of an actor that this node placed, its node reports the end by itself.
        if (notice.home !== SELF) this.ended(ref, notice.terminated)
        return
      case 'snapshot':
        ref?.snapshotCame(notice.snapshot)
        return
      case 'unobservable':
        ref?.observingFailed(notice.error)
        return
      case 'emitted':
        ref?.emittedCame(notice.heardAs, notice.event)
        return
      case 'full':
      case 'room':
        if (ref !== undefined) this.setFull(ref, notice.type === 'full')
        return
      case 'answered':
        this.requests.answer(notice.request, notice.error)
        return
      case 'reply':
        this.requests.reply(notice.reply, notice.event)
        return
      case 'no-reply':
        if (notice.hasFailed) this.requests.failed(notice.reply, notice.error)
        else this.requests.refuse(notice.reply, notice.error)
    }
  }

  private setFull(ref: RemoteRef, isFull: boolean): void {
    ref.isFull = isFull
    if (!isFull) this.held.release(ref)
    // Others send to it by way of this node, and have to wait as well.
    if (ref.home !== SELF) return
    const notice = { type: isFull ? 'full' : 'room', number: ref.number, home: SELF } as const
    for (const peer of this.init.peers()) if (peer !== ref.thread) this.control(peer, notice)
  }

  private interrupted(peer: number, { number, error }: Interruption): void {
    const ref = this.references.knownRef(number, peer)
    if (ref !== undefined) this.requests.interrupt(ref, error)
  }

  /** An actor of another node has ended. */
  ended(ref: RemoteRef | undefined, terminated: Parameters<RemoteRef['ended']>[0]): void {
    if (ref === undefined) return
    this.pinned.delete(ref)
    this.held.release(ref)
    const { id, address } = ref
    ref.ended({ ...terminated, id, address })
  }

  // Actors that are placed anew, and nodes that come and go.

  /** What is for an actor of this node waits from now on; whoever asked is told that the answer may not come. */
  hold(ref: RemoteRef, cause: unknown): void {
    this.waiting.holdActor(ref.number)
    this.epoch += 1
    this.setFull(ref, false)
    ref.isWatched = false
    this.requests.interrupt(ref, cause)
    for (const peer of this.init.peers()) this.control(peer, { type: 'interrupted', number: ref.number, error: cause })
  }

  /** The actor is on that node now: what waited goes there. */
  release(ref: RemoteRef, peer: number): void {
    ref.thread = peer
    const items = this.waiting.releaseActor(ref.number)
    this.epoch += 1
    const { home, number } = ref
    // Its end is reported without being asked for.
    ref.isWatched = true
    if (ref.observers.size > 0) this.control(peer, { type: 'observe', home, number })
    for (const event of ref.listeners.types) this.control(peer, { type: 'listen', home, number, event })
    for (const { event, request } of items) {
      if (event !== undefined) this.passOn(ref, event)
      else if (request.type !== 'drained') this.control(peer, request)
    }
  }

  /** What waited for an actor that ends is dead. */
  giveUp(ref: RemoteRef, cause: unknown): void {
    for (const { event, request } of this.waiting.releaseActor(ref.number)) {
      if (event !== undefined) ref.bury(event, 'stopped')
      else if ('request' in request) this.requests.answer(request.request, cause)
    }
    this.epoch += 1
  }

  /**
   * The session with a node has ended. Its own actors are lost for this node.
   *
   * @param left  What it had not taken: events for actors that are placed anew wait, unless it may have taken them; all others are dead letters.
   */
  lose(peer: number, left: ReturnType<ClusterLink['close']>, error: CodedError): void {
    this.epoch += 1
    this.service.losePeer(peer)
    this.requests.lose(peer, new Set(), error)
    for (const { number, home, event, isUncertain } of left) {
      const ref = this.references.knownRef(number, home)
      if (ref === undefined) continue
      if (home !== SELF || isUncertain || !this.waiting.isHeld(ref)) ref.bury(event, 'node-lost')
      else this.waiting.put(ref, event)
    }
    for (const ref of this.references.takeRefsOf(peer)) {
      const { id, address } = ref
      this.ended(ref, { type: 'kernell.terminated', id, address, reason: 'killed', error })
    }
  }
}
