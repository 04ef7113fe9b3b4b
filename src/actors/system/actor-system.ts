import type { AnyEventObject, InspectionEvent, Observer, Subscription } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import type { RestartIntensityLimit } from '../../core/supervision/restart-intensity.ts'
import type { RestartStrategy } from '../../core/supervision/restart-plan.ts'
import type { ActorRef, AskOptions, DeliverOptions, Terminated } from '../actor-ref.ts'
import type { AgentDefinition, SpawnOptions } from '../agent-definition.ts'
import { ADOPTED, Cell, RUNNING, STOPPED, type Behaviour, type SendGate, type StepObserver } from '../cell/cell.ts'
import type { XStateClock } from '../cell/cell-extras.ts'
import { RingPool } from '../cell/event-ring.ts'
import { endTree, linkChild, startCell } from '../cell/life.ts'
import { stopCell } from '../cell/stop-cell.ts'
import { askCell, deliverToCell } from '../delivery/ask.ts'
import { DeadLetterStore, type DeadLetters } from '../delivery/dead-letters.ts'
import { sendToBusy } from '../delivery/full-mailbox.ts'
import { toObserver } from '../delivery/observers.ts'
import { watchCell } from '../delivery/watch.ts'
import type { ActorEnvironment } from '../environment.ts'
import type { Tracer } from '../../ports/tracer.ts'
import { MessageTracer } from '../inspect/message-tracer.ts'
import { AdoptedBehaviour, type XStateActor } from '../hosting/adopted-behaviour.ts'
import { behaviourOf } from '../hosting/behaviour-of.ts'
import { SupervisorBehaviour } from '../hosting/supervisor-behaviour.ts'
import { INTENSITY_DEFAULT, superviseDone, superviseFailure, type SupervisionHost } from '../supervision/supervise.ts'
import type { SupervisionEvent } from '../supervision/supervision-event.ts'
import { cellCounts } from './cell-counts.ts'
import { EventScheduler } from './event-scheduler.ts'
import { KeyedActors } from './keyed-actors.ts'
import { SystemClock } from './system-clock.ts'
import { TurnQueue } from './turn-queue.ts'

export type ActorSystemInit = {
  readonly environment: ActorEnvironment
  /** True: sends from outside a turn drain to quiescence before they return. */
  readonly isInline: boolean
  /** Replaces the clock that XState's logic is given. */
  readonly clock?: XStateClock
  readonly logger?: (...parts: unknown[]) => void
  readonly deadLettersMax?: number
  /** Name of this machine in addresses. Default `local`. */
  readonly nodeName?: string
  /** Index of this thread in addresses. Default 0. */
  readonly workerIndex?: number
  readonly extension?: SystemExtension
  /** A span per message. Absent, or not recording: no cost. */
  readonly tracer?: Tracer
}

/** What a composition adds to a system: durable actors, other threads. */
export interface SystemExtension {
  /** Resolves when messages to durable and distant actors are taken. */
  readonly ready: Promise<void>
  /** A reference to an actor that does not live on this thread; `undefined`: it is to live here. */
  place(definition: AgentDefinition, options: SpawnOptions): ActorRef | undefined
  /** An actor of another thread. */
  find(id: string): ActorRef | undefined
  /** Wraps the behaviour of an actor that is to live here. */
  wrap(definition: AgentDefinition, behaviour: Behaviour): Behaviour
  /** Runs when the actors of this thread have ended. */
  stop(): Promise<void>
}

export type StopOptions = {
  /** How long messages that wait are still handled, in milliseconds. Default 2,000; 0 drops them. */
  readonly drainMs?: number
}

export type SuperviseOptions = {
  readonly id?: string
  readonly strategy: RestartStrategy
  /** More restarts than this, and the supervisor fails itself. Default 3 within 5,000 ms. */
  readonly intensity?: RestartIntensityLimit
  readonly supervisor?: ActorRef
}

const REASONS = { active: 'stopped', stopped: 'stopped', done: 'done', error: 'failed' } as const
const DEAD_LETTERS_MAX_DEFAULT = 1_000
const DRAIN_MS_DEFAULT = 2_000
const ID = /^[^\s/#]{1,256}$/

/**
 * The system of all actors of one thread: registry, run queue, clock, supervisors, dead letters. For XState's logic it is
 * XState's `ActorSystem` (the members with an underscore are its contract).
 */
export class ActorSystem implements SupervisionHost {
  gate: SendGate | undefined = undefined
  readonly nodeName: string
  readonly workerIndex: number
  readonly isInline: boolean
  readonly environment: ActorEnvironment
  readonly deadLetters: DeadLetterStore & DeadLetters
  readonly registry: Map<string, Cell> = new Map()
  readonly deferred: (() => void)[] = []
  readonly rings: RingPool<AnyEventObject> = new RingPool()
  readonly scheduler: EventScheduler
  readonly _clock: XStateClock
  readonly _logger: (...parts: unknown[]) => void
  readonly extension: SystemExtension | undefined
  readonly stepObserver: StepObserver | undefined
  /** The system's own supervisor; made with the first actor. */
  root: Cell | undefined = undefined
  /** The first actor of `createActor`, whose system this is. */
  inlineRoot: Cell | undefined = undefined
  isInspected = false
  readonly #clock: SystemClock
  readonly #turns: TurnQueue
  readonly #keyed = new KeyedActors()
  readonly #inspectors = new Set<Observer<InspectionEvent>>()
  readonly #supervisionListeners = new Set<(event: SupervisionEvent) => void>()
  /** The gate while there are inspectors or spans. */
  readonly #watching: SendGate = {
    send: (target, event, source) => {
      if (this.isInspected) this.#tellOfEvent(target, event, source)
      this.stepObserver?.sent(event)
      return target.take(event)
    },
  }
  #nextNumber = 0
  #stopping: Promise<void> | undefined

  constructor(init: ActorSystemInit) {
    const { environment, clock, logger, extension } = init
    this.environment = environment
    this.isInline = init.isInline
    this.nodeName = init.nodeName ?? 'local'
    this.workerIndex = init.workerIndex ?? 0
    this.deadLetters = new DeadLetterStore(init.deadLettersMax ?? DEAD_LETTERS_MAX_DEFAULT, (error) =>
      environment.reportError(error),
    )
    this.#clock = new SystemClock(environment)
    this._clock = clock ?? this.#clock
    this._logger = logger ?? ((...parts) => environment.log(...parts))
    this.extension = extension
    this.stepObserver = init.tracer?.isRecording === true ? new MessageTracer(init.tracer) : undefined
    if (this.stepObserver !== undefined) this.gate = this.#watching
    this.#turns = new TurnQueue(this)
    this.scheduler = new EventScheduler({
      clock: this._clock,
      now: () => environment.clock.now(),
      relay: (source, target, event) => this._relay(source, target, event),
      nextId: () => `scheduled-${this.bookNumber()}`,
    })
  }

  /** Resolves when messages to durable actors and to actors of other threads are taken; at once where there are none. */
  get ready(): Promise<void> {
    return this.extension?.ready ?? Promise.resolve()
  }

  get current(): Cell | undefined {
    return this.#turns.current
  }

  /** True while an actor has its turn, or starts. */
  get isBusy(): boolean {
    return this.#turns.isRunning
  }

  /**
   * Starts an actor.
   *
   * @throws `ACTOR_ID_TAKEN`, `ACTOR_START_FAILED` when its logic refuses the input (nothing is left behind),
   *   `ACTOR_SYSTEM_STOPPED`; RangeError for an id out of its alphabet.
   */
  spawn(definition: AgentDefinition, options: SpawnOptions = {}): ActorRef {
    const elsewhere = this.extension?.place(definition, options)
    if (elsewhere !== undefined) return elsewhere
    const { supervisor } = options
    const parent = supervisor === undefined ? this.rootCell() : this.#supervisorCell(supervisor)
    return this.spawnChild(parent, definition, options)
  }

  spawnChild(parent: Cell, definition: AgentDefinition, options: SpawnOptions): Cell {
    const behaviour = behaviourOf(definition)
    const wrapped = this.extension === undefined ? behaviour : this.extension.wrap(definition, behaviour)
    return this.#startUnder(parent, wrapped, options)
  }

  /** Starts a supervisor; actors are spawned below it with the option `supervisor`. */
  supervise({ id, strategy, intensity = INTENSITY_DEFAULT, supervisor }: SuperviseOptions): ActorRef {
    const parent = supervisor === undefined ? this.rootCell() : this.#supervisorCell(supervisor)
    const behaviour = new SupervisorBehaviour({ strategy, intensity, isPerChild: false })
    return this.#startUnder(parent, behaviour, id === undefined ? {} : { id })
  }

  /** A live actor by its id, or by the `systemId` that XState's logic gave it. */
  get(id: string): ActorRef | undefined {
    return (this.#keyed.get(id) as ActorRef | undefined) ?? this.registry.get(id) ?? this.extension?.find(id)
  }

  getAll(): Record<string, unknown> {
    return this.#keyed.all()
  }

  /** Tells `listener` of failures and restarts from now on. */
  onSupervision(listener: (event: SupervisionEvent) => void): Subscription {
    this.#supervisionListeners.add(listener)
    return { unsubscribe: () => void this.#supervisionListeners.delete(listener) }
  }

  /** Ends all actors, newest first, after handling what waits for them. Idempotent. */
  stop(options: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stopAll(options)
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  rootCell(): Cell {
    if (this.#stopping !== undefined) {
      throw new CodedError('ACTOR_SYSTEM_STOPPED', { message: 'The actor system takes no more actors: it was stopped' })
    }
    this.root ??= this.#createRoot()
    return this.root
  }

  bookNumber(): number {
    this.#nextNumber += 1
    return this.#nextNumber - 1
  }

  /** Runs `task` as part of a turn: what it sends is handled after it, in an inline system before this returns. */
  run(task: () => void): void {
    this.#turns.run(task)
  }

  enqueue(cell: Cell): void {
    this.#turns.push(cell)
  }

  sendToBusy(cell: Cell, event: AnyEventObject): boolean {
    return sendToBusy(cell, event)
  }

  childFailed(cell: Cell, error: unknown, event: AnyEventObject | undefined): void {
    superviseFailure(this, cell, { error, event })
  }

  childDone(cell: Cell): boolean {
    return superviseDone(this, cell)
  }

  report(event: SupervisionEvent): void {
    for (const listener of this.#supervisionListeners) listener(event)
    if (event.type === 'actor-lost' && this.#supervisionListeners.size === 0) {
      this._logger(`Actor ${event.id} ended by a failure that nobody watched:`, event.error)
    }
  }

  after(delayMs: number, task: () => void): { cancel(): void } {
    return this.#clock.after(delayMs, task)
  }

  ask(cell: Cell, event: AnyEventObject, options: AskOptions): Promise<unknown> {
    return askCell(cell, event, { ...options, delay: (delayMs, task) => this.after(delayMs, task) })
  }

  deliver(cell: Cell, event: AnyEventObject, options: DeliverOptions): Promise<void> {
    return deliverToCell(cell, event, options)
  }

  watch(cell: Cell, watcher: ActorRef | ((terminated: Terminated) => void)): Subscription {
    return watchCell(cell, watcher)
  }

  stopCell(cell: Cell, isDrained: boolean): Promise<void> {
    return stopCell(cell, { isDrained, host: this })
  }

  stopChild(cell: Cell, child: unknown): void {
    const { id, _parent } = child as Pick<XStateActor, 'id' | '_parent'>
    if (_parent !== cell) throw new Error(`Actor ${id} is not a child of ${cell.id} and cannot be stopped by it`)
    if (!(child instanceof Cell)) (child as XStateActor)._stop()
    else if (child.status !== STOPPED) endTree(child, 'stopped')
  }

  inspect(observer: Observer<InspectionEvent> | ((event: InspectionEvent) => void)): Subscription {
    const added = typeof observer === 'function' ? toObserver(observer) : observer
    this.#inspectors.add(added)
    this.isInspected = true
    this.gate ??= this.#watching
    return {
      unsubscribe: () => {
        this.#inspectors.delete(added)
        this.isInspected = this.#inspectors.size > 0
        if (!this.isInspected && this.stepObserver === undefined) this.gate = undefined
      },
    }
  }

  // The contract of XState's code.

  _bookId(): string {
    return `x:${this.bookNumber()}`
  }

  /** XState starts a child that it constructed: from here on a cell drives it. */
  _register(sessionId: string, actor: XStateActor | Cell): string {
    if (!(actor instanceof Cell)) this.#adopt(actor)
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
    const cell = target instanceof Cell ? target : (target as Partial<XStateActor>).kernellCell
    if (cell === undefined) {
      if (this.isInspected) this.#tellOfEvent(target, event, source)
      ;(target as Pick<XStateActor, '_send'>)._send(event)
    } else if (this.gate === undefined) cell.take(event)
    else this.gate.send(cell, event, source)
  }

  _sendInspectionEvent(event: unknown): void {
    if (!this.isInspected) return
    const complete = { ...(event as InspectionEvent), rootId: this.inlineRoot?.sessionId ?? 'x:0' }
    for (const inspector of this.#inspectors) inspector.next?.(complete)
  }

  getSnapshot(): { readonly _scheduledEvents: Record<string, unknown> } {
    const entries = this.scheduler.entries()
    return {
      _scheduledEvents: Object.fromEntries(
        entries.map((entry) => [`${(entry.source as { readonly sessionId?: string }).sessionId}.${entry.id}`, entry]),
      ),
    }
  }

  #createRoot(): Cell {
    const behaviour = new SupervisorBehaviour({
      strategy: 'one-for-one',
      intensity: INTENSITY_DEFAULT,
      isPerChild: true,
    })
    const root = new Cell(this, behaviour, { id: '', number: this.bookNumber(), parent: undefined, input: undefined })
    behaviour.initialise(root)
    root.status = RUNNING
    return root
  }

  #supervisorCell(ref: ActorRef): Cell {
    if (ref instanceof Cell && ref.system === this && ref.behaviour.isSupervisor) return ref
    throw new TypeError('The supervisor of an actor is one that `supervise` of the same system made')
  }

  #startUnder(parent: Cell, behaviour: Behaviour, options: SpawnOptions): Cell {
    if (this.#stopping !== undefined || parent.status === STOPPED) {
      throw new CodedError('ACTOR_SYSTEM_STOPPED', { message: 'The actor system, or the parent, was stopped' })
    }
    const number = this.bookNumber()
    const { id: own, input } = options
    if (own !== undefined && !ID.test(own))
      throw new RangeError(`An actor's id has 1 to 256 characters, none of them space, / or #: ${own}`)
    const id = parent === this.root ? (own ?? String(number)) : `${parent.id}/${own ?? number}`
    if (this.registry.has(id))
      throw new CodedError('ACTOR_ID_TAKEN', { message: `There is an actor ${id} already`, details: { id } })
    const cell = new Cell(this, behaviour, { id, number, parent, input })
    if (this.isInspected) this._sendInspectionEvent({ type: '@xstate.actor', actorRef: cell })
    try {
      behaviour.initialise(cell)
    } catch (cause: unknown) {
      const message = `Actor ${id} could not be started: ${cause instanceof Error ? cause.message : String(cause)}`
      throw new CodedError('ACTOR_START_FAILED', { message, cause, details: { id, agent: behaviour.definition.name } })
    }
    this.registry.set(id, cell)
    linkChild(cell)
    cellCounts().created += 1
    if (this.isInline) this.run(() => startCell(cell))
    else startCell(cell)
    return cell
  }

  #adopt(actor: XStateActor): void {
    const above =
      actor._parent instanceof Cell ? actor._parent : (actor._parent as XStateActor | undefined)?.kernellCell
    const id = above === undefined ? actor.id : `${above.id}/${actor.id}`
    const place = { id, number: this.bookNumber(), parent: above, input: undefined }
    const cell = new Cell(this, new AdoptedBehaviour(actor), place)
    cell.marks = ADOPTED
    cell.status = RUNNING
    actor.kernellCell = cell
    linkChild(cell)
    cellCounts().adopted += 1
  }

  async #stopAll({ drainMs = DRAIN_MS_DEFAULT }: StopOptions): Promise<void> {
    const deadlineMs = this.environment.clock.monotonicMs() + drainMs
    while (drainMs > 0 && !this.#turns.isQuiet && this.environment.clock.monotonicMs() < deadlineMs) {
      await new Promise<void>((resolve) => this.environment.later(resolve))
    }
    for (const top of [this.root, this.inlineRoot])
      if (top !== undefined && top.status !== STOPPED) endTree(top, 'stopped')
    this.#clock.stop()
    await this.extension?.stop()
  }

  #tellOfEvent(target: unknown, event: AnyEventObject, source: unknown): void {
    // Inspectors know XState's own children by the objects that XState made.
    const isAdopted = target instanceof Cell && target.behaviour instanceof AdoptedBehaviour
    const actorRef = isAdopted ? (target.behaviour as AdoptedBehaviour).actor : target
    this._sendInspectionEvent({ type: '@xstate.event', sourceRef: source, actorRef, event })
  }
}
