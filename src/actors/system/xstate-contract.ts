/**
 * What XState's code calls of a system: ids, registration of children that it constructs, delivery, delayed events and
 * inspection. Its names begin with an underscore where they are not for users.
 */
import type { AnyEventObject, InspectionEvent, Observer, Subscription } from 'xstate'
import {
  ADOPTED,
  Cell,
  NOT_STARTED,
  RUNNING,
  SCHEDULED,
  STOPPED,
  type CellHost,
  type SendGate,
  type StepObserver,
  type XStateScheduler,
} from '../cell/cell.ts'
import type { XStateClock } from '../cell/cell-extras.ts'
import { endTree, linkChild, releaseTurn } from '../cell/life.ts'
import { toObserver } from '../delivery/observers.ts'
import type { ActorEnvironment } from '../environment.ts'
import { AdoptedBehaviour, type XStateActor } from '../hosting/adopted-behaviour.ts'
import { formatAddress } from './address.ts'
import { cellCounts } from './cell-counts.ts'
import { EventScheduler, type ScheduledEvent } from './event-scheduler.ts'
import { KeyedActors } from './keyed-actors.ts'

export type XStateContractInit = {
  readonly environment: ActorEnvironment
  readonly clock: XStateClock
  readonly logger: (...parts: unknown[]) => void
  readonly stepObserver: StepObserver | undefined
  readonly numbers: NumberSource
}

/** Numbers of actors; shared by systems whose actors must be told apart. */
export type NumberSource = { next: number }

/** Delayed events that can be listed. */
export interface DelayedEvents extends XStateScheduler {
  entries(): readonly ScheduledEvent[]
}

const REASONS = { active: 'stopped', stopped: 'stopped', done: 'done', error: 'failed' } as const

export abstract class XStateContract {
  gate: SendGate | undefined
  isInspected = false
  /** The first actor of `createActor`, whose system this is. */
  inlineRoot: Cell | undefined = undefined
  /** Durable actors put their own in front of it. */
  scheduler: DelayedEvents
  /** Set while messages are traced. */
  stepObserver: StepObserver | undefined
  readonly _clock: XStateClock
  readonly _logger: (...parts: unknown[]) => void
  readonly #keyed = new KeyedActors()
  readonly #inspectors = new Set<Observer<InspectionEvent>>()
  readonly #numbers: NumberSource
  readonly #reportError: (error: unknown) => void
  /** The gate while there are inspectors or spans. */
  private readonly watching: SendGate = {
    send: (target, event, source) => {
      if (this.isInspected) this.#tellOfEvent(target, event, source)
      const observer = this.stepObserver
      if (observer === undefined) return target.take(event)
      observer.sent(event)
      return observer.keeps?.(target, event) === true || target.take(event)
    },
  }

  constructor({ environment, clock, logger, stepObserver, numbers }: XStateContractInit) {
    this.#numbers = numbers
    this.#reportError = (error) => environment.reportError(error)
    this._clock = clock
    this._logger = logger
    this.stepObserver = stepObserver
    this.gate = stepObserver === undefined ? undefined : this.watching
    this.scheduler = new EventScheduler({
      clock,
      now: () => environment.clock.now(),
      relay: (source, target, event) => this._relay(source, target, event),
      nextId: () => `scheduled-${this.bookNumber()}`,
    })
  }

  /** From here on `observer` sees each message on its way and makes the steps. */
  protected observeSteps(observer: StepObserver): void {
    this.stepObserver = observer
    this.gate ??= this.watching
  }

  /** The system itself, as its cells see it. */
  protected abstract get host(): CellHost

  /** True while an actor has its turn, or starts. */
  abstract get isBusy(): boolean

  bookNumber(): number {
    this.#numbers.next += 1
    return this.#numbers.next - 1
  }

  /** An actor by the `systemId` that XState's logic gave it. */
  keyedActor(key: string): unknown {
    return this.#keyed.get(key)
  }

  getAll(): Record<string, unknown> {
    return this.#keyed.all()
  }

  inspect(observer: Observer<InspectionEvent> | ((event: InspectionEvent) => void)): Subscription {
    const added = typeof observer === 'function' ? toObserver(observer) : observer
    this.#inspectors.add(added)
    this.isInspected = true
    this.gate ??= this.watching
    return {
      unsubscribe: () => {
        this.#inspectors.delete(added)
        this.isInspected = this.#inspectors.size > 0
        if (!this.isInspected && this.stepObserver === undefined) this.gate = undefined
      },
    }
  }

  _bookId(): string {
    return `x:${this.bookNumber()}`
  }

  /** XState starts a child that it constructed: from here on its cell has turns. */
  _register(sessionId: string, actor: XStateActor | Cell): string {
    if (!(actor instanceof Cell)) this.#startAdopted(actor.kernellCell ?? this.#adopt(actor))
    return sessionId
  }

  _unregister(actor: unknown): void {
    this.#keyed.remove(actor)
    if (actor instanceof Cell) return
    const { kernellCell, _processingStatus } = actor as XStateActor
    // XState also calls this when a stop is only resolved; the actor has then not ended yet.
    if (kernellCell === undefined || _processingStatus !== STOPPED) return
    const { status } = (actor as XStateActor).getSnapshot()
    endTree(kernellCell, REASONS[status])
  }

  _set(systemId: string, actor: unknown): void {
    this.#keyed.set(systemId, actor)
  }

  _relay(source: unknown, target: unknown, event: AnyEventObject): void {
    const cell = target instanceof Cell ? target : this.#cellOf(target as XStateActor)
    if (cell === undefined) {
      if (this.isInspected) this.#tellOfEvent(target, event, source)
      this.#sendToCellless(target as XStateActor, event)
    } else if (this.gate === undefined) cell.take(event)
    else this.gate.send(cell, event, source)
  }

  _sendInspectionEvent(event: unknown): void {
    if ((event as InspectionEvent).type === '@xstate.snapshot') this.#beginAdopted((event as InspectionEvent).actorRef)
    if (!this.isInspected) return
    const complete = { ...(event as InspectionEvent), rootId: this.inlineRoot?.sessionId ?? 'x:0' }
    for (const inspector of this.#inspectors) {
      try {
        inspector.next?.(complete)
      } catch (error: unknown) {
        // Who looks on must not change what it sees.
        this.#reportError(error)
      }
    }
  }

  getSnapshot(): { readonly _scheduledEvents: Record<string, unknown> } {
    const entries = this.scheduler.entries()
    return {
      _scheduledEvents: Object.fromEntries(
        entries.map((entry) => [`${(entry.source as { readonly sessionId?: string }).sessionId}.${entry.id}`, entry]),
      ),
    }
  }

  /** `undefined` for actors of other systems, and for those that ended before they started. */
  #cellOf(actor: XStateActor): Cell | undefined {
    if (actor.kernellCell !== undefined) return actor.kernellCell
    // What a child is sent before it starts waits in our mailbox, not in XState's.
    const isToStart = actor.system === this.host && actor._processingStatus === NOT_STARTED
    return isToStart ? this.#adopt(actor) : undefined
  }

  #sendToCellless(actor: XStateActor, event: AnyEventObject): void {
    if (actor.system === this.host) {
      const { deadLetters, nodeName: node, workerIndex: worker } = this.host
      const address = formatAddress({ node, worker, path: actor.id, incarnation: numberOf(actor) })
      deadLetters.put({ address }, event, 'stopped')
    }
    // Of an ended actor, XState's development build warns.
    actor._send(event)
  }

  #adopt(actor: XStateActor): Cell {
    const above =
      actor._parent instanceof Cell ? actor._parent : (actor._parent as XStateActor | undefined)?.kernellCell
    const place = { name: actor.id, number: numberOf(actor), parent: above, input: undefined }
    const cell = new Cell(this.host, new AdoptedBehaviour(actor), place)
    cell.marks = ADOPTED
    actor.kernellCell = cell
    linkChild(cell)
    return cell
  }

  #startAdopted(cell: Cell): void {
    cell.marks |= SCHEDULED
    cell.status = RUNNING
    cellCounts().adopted += 1
    // It is in the middle of its start: what it was sent has its turn when that is over.
    if (!this.isBusy) releaseTurn(cell)
    else if (cell.behaviour instanceof AdoptedBehaviour) {
      const { behaviour } = cell
      behaviour.isStarting = true
      this.host.deferred.push(() => {
        if (behaviour.isStarting) releaseTurn(cell)
        behaviour.isStarting = false
      })
    }
  }

  /** XState tells of the first snapshot of a child when its start is over: what comes from here on need not wait. */
  #beginAdopted(actor: unknown): void {
    const cell = (actor as Partial<XStateActor>).kernellCell
    if (!(cell?.behaviour instanceof AdoptedBehaviour) || !cell.behaviour.isStarting || cell.slot !== undefined) return
    cell.behaviour.isStarting = false
    releaseTurn(cell)
  }

  #tellOfEvent(target: unknown, event: AnyEventObject, source: unknown): void {
    // Inspectors know XState's own children by the objects that XState made.
    const isAdopted = target instanceof Cell && target.behaviour instanceof AdoptedBehaviour
    const actorRef = isAdopted ? (target.behaviour as AdoptedBehaviour).actor : target
    this._sendInspectionEvent({ type: '@xstate.event', sourceRef: source, actorRef, event })
  }
}

/** XState booked a number for an actor when it constructed it: `x:7`. */
function numberOf({ sessionId }: XStateActor): number {
  return Number(sessionId.slice(2))
}
