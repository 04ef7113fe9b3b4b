import type { AnyEventObject, InspectionEvent, Observer, Subscription } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import { createRestartIntensity } from '../../core/supervision/restart-intensity.ts'
import type { RestartStrategy } from '../../core/supervision/restart-plan.ts'
import type { ActorRef, AskOptions, DeliverOptions, Terminated } from '../actor-ref.ts'
import type { AgentDefinition, SpawnOptions } from '../agent-definition.ts'
import { Cell, RUNNING, STOPPED } from '../cell/cell.ts'
import { RingPool } from '../cell/event-ring.ts'
import { endAtOnce } from '../cell/life.ts'
import { findCell } from '../cell/naming.ts'
import { EndTeller } from '../cell/end-teller.ts'
import { drainChildren, stopCell } from '../cell/stop-cell.ts'
import { askCell, deliverToCell } from '../delivery/ask.ts'
import { DeadLetterStore, type DeadLetters } from '../delivery/dead-letters.ts'
import { sendToBusy } from '../delivery/full-mailbox.ts'
import { watchCell } from '../delivery/watch.ts'
import type { ActorEnvironment } from '../environment.ts'
import { awaitTracer } from '../inspect/await-tracer.ts'
import { MessageTracer } from '../inspect/message-tracer.ts'
import type { XStateActor } from '../hosting/adopted-behaviour.ts'
import { behaviourOf, checkDefinition } from '../hosting/behaviour-of.ts'
import { SupervisorBehaviour } from '../hosting/supervisor-behaviour.ts'
import {
  checkFunction,
  checkNumber,
  checkObject,
  checkObserver,
  checkPlacedHere,
  checkWatcher,
  shown,
} from '../misuse.ts'
import { INTENSITY_DEFAULT, superviseDone, superviseFailure, type SupervisionHost } from '../supervision/supervise.ts'
import type { SupervisionEvent } from '../supervision/supervision-event.ts'
import type { ActorSystemInit, StopOptions, SuperviseOptions } from './actor-system-options.ts'
import { drainSystem } from './drain-system.ts'
import { startActor } from './start-actor.ts'
import { SystemClock } from './system-clock.ts'
import type { SystemExtension } from './system-extension.ts'
import { TurnQueue } from './turn-queue.ts'
import { XStateContract } from './xstate-contract.ts'

const STRATEGIES: readonly RestartStrategy[] = ['one-for-one', 'one-for-all', 'rest-for-one']
const DEAD_LETTERS_MAX_DEFAULT = 1_000
const DRAIN_MS_DEFAULT = 2_000

/**
 * The system of all actors of one thread: registry, run queue, clock, supervisors, dead letters. For XState's logic it is
 * XState's `ActorSystem` (see `XStateContract`).
 */
export class ActorSystem extends XStateContract implements SupervisionHost {
  readonly nodeName: string
  readonly workerIndex: number
  readonly isInline: boolean
  readonly environment: ActorEnvironment
  readonly deadLetters: DeadLetterStore & DeadLetters
  readonly ends: EndTeller
  readonly registry: Map<string, Cell> = new Map()
  hasNumbered = false
  /** Somebody has `ready`, and hears of what it rejects with. */
  isReadyAwaited = false
  readonly deferred: (() => void)[] = []
  readonly rings: RingPool<AnyEventObject> = new RingPool()
  readonly extension: SystemExtension | undefined
  /** The system's own supervisor; made with the first actor. */
  root: Cell | undefined = undefined
  readonly #clock: SystemClock
  readonly #turns: TurnQueue
  readonly #supervisionListeners = new Set<(event: SupervisionEvent) => void>()
  #stopping: Promise<void> | undefined
  /** Nothing is handled any more; before that, actors that still have messages may spawn. */
  #hasEnded = false

  constructor(init: ActorSystemInit) {
    const { environment, extension, logger, tracer, deadLettersMax = DEAD_LETTERS_MAX_DEFAULT } = init
    if (!Number.isInteger(deadLettersMax) || deadLettersMax < 0)
      throw new RangeError(`deadLettersMax ${deadLettersMax} is not a whole number >= 0`)
    const wheel = new SystemClock(environment)
    super({
      environment,
      clock: init.clock ?? wheel,
      logger: logger ?? ((...parts) => environment.log(...parts)),
      stepObserver: init.stepObserver ?? (tracer?.isRecording === true ? new MessageTracer(tracer) : undefined),
      numbers: init.numbers ?? { next: 0 },
    })
    this.environment =
      tracer === undefined || this.stepObserver !== undefined
        ? environment
        : awaitTracer(tracer, environment, () => this.observeSteps(new MessageTracer(tracer)))
    this.isInline = init.isInline
    this.nodeName = init.nodeName ?? 'local'
    this.workerIndex = init.workerIndex ?? 0
    this.deadLetters = new DeadLetterStore(deadLettersMax, (error) => environment.reportError(error))
    this.ends = new EndTeller((error) => environment.reportError(error))
    this.#clock = wheel
    this.extension = extension
    this.#turns = new TurnQueue(this)
  }

  /**
   * Resolves when messages to durable actors, to actors of other threads and of other nodes are taken; at once where there are none. Rejects with why
   * they never will be: `NETWORK_LISTEN_FAILED` of a cluster, which is reported to the environment where nobody had asked for this promise.
   */
  get ready(): Promise<void> {
    this.isReadyAwaited = true
    return this.extension?.ready ?? Promise.resolve()
  }

  get current(): Cell | undefined {
    return this.#turns.current
  }

  /** Actors of this thread that have messages and wait for their turn. */
  get waitingCount(): number {
    return this.#turns.waitingCount
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
    if (typeof definition?.logic?.transition !== 'function' || definition.restart === undefined)
      checkDefinition(definition)
    if (typeof options !== 'object' || options === null) checkObject(options, 'spawn takes its options as')
    const elsewhere = this.extension?.place(definition, options)
    if (elsewhere !== undefined) return elsewhere
    const { supervisor, placement } = options
    const parent = supervisor === undefined ? this.rootCell() : this.#supervisorCell(supervisor)
    if (placement !== undefined) checkPlacedHere(placement)
    return this.spawnChild(parent, definition, options)
  }

  spawnChild(parent: Cell, definition: AgentDefinition, options: SpawnOptions): Cell {
    const behaviour = behaviourOf(definition)
    const wrapped = this.extension === undefined ? behaviour : this.extension.wrap(definition, behaviour, parent)
    return startActor(this, { parent, behaviour: wrapped, options })
  }

  /**
   * Starts a supervisor; actors are spawned below it with the option `supervisor`.
   *
   * @throws RangeError for an unknown strategy or an intensity out of its range; as `spawn` for the id.
   */
  supervise(options: SuperviseOptions): ActorRef {
    checkObject(options, 'supervise takes')
    const { id, strategy, intensity = INTENSITY_DEFAULT, supervisor } = options
    checkObject(intensity, 'intensity of a supervisor is')
    if (!STRATEGIES.includes(strategy))
      throw new RangeError(`strategy is one of ${STRATEGIES.join(', ')}, not ${strategy}`)
    // Throws for an intensity out of range, before anything depends on it.
    createRestartIntensity(intensity)
    const parent = supervisor === undefined ? this.rootCell() : this.#supervisorCell(supervisor)
    const behaviour = new SupervisorBehaviour({ strategy, intensity, isPerChild: false })
    return startActor(this, { parent, behaviour, options: id === undefined ? {} : { id } })
  }

  /** A live actor by its id, or by the `systemId` that XState's logic gave it. */
  get(id: string): ActorRef | undefined {
    if (typeof id !== 'string') throw new TypeError(`get takes the id of an actor, a string, not ${shown(id)}`)
    // A stored actor is known by a reference that outlives its cell.
    return (this.keyedActor(id) as ActorRef | undefined) ?? this.extension?.find(id) ?? findCell(this, id)
  }

  /** Tells `listener` of failures and restarts from now on. */
  onSupervision(listener: (event: SupervisionEvent) => void): Subscription {
    checkFunction(listener, 'onSupervision takes')
    this.#supervisionListeners.add(listener)
    return { unsubscribe: () => void this.#supervisionListeners.delete(listener) }
  }

  override inspect(observer: Observer<InspectionEvent> | ((event: InspectionEvent) => void)): Subscription {
    checkObserver(observer, 'inspect takes')
    return super.inspect(observer)
  }

  /**
   * Ends all actors, newest first, after handling what waits for them. Idempotent.
   *
   * @throws TypeError or RangeError, and nothing is stopped, when `drainMs` is not a finite number >= 0.
   */
  stop(options: StopOptions = {}): Promise<void> {
    checkObject(options, 'stop takes its options as')
    if (options.drainMs !== undefined) checkNumber(options.drainMs, 'drainMs', 0)
    this.#stopping ??= this.#stopAll(options)
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  rootCell(): Cell {
    if (this.takesNoActors) {
      throw new CodedError('ACTOR_SYSTEM_STOPPED', { message: 'The actor system takes no more actors: it was stopped' })
    }
    this.root ??= this.#createRoot()
    return this.root
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
    for (const listener of this.#supervisionListeners) {
      try {
        listener(event)
      } catch (error: unknown) {
        this.environment.reportError(error)
      }
    }
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
    checkWatcher(watcher)
    return watchCell(cell, watcher)
  }

  stopCell(cell: Cell, isDrained: boolean): Promise<void> {
    return stopCell(cell, isDrained, this)
  }

  drainChildren(cell: Cell): void {
    drainChildren(cell, this)
  }

  stopChild(cell: Cell, child: unknown): void {
    const { id, _parent } = child as Pick<XStateActor, 'id' | '_parent'>
    if (_parent !== cell) throw new Error(`Actor ${id} is not a child of ${cell.id} and cannot be stopped by it`)
    if (!(child instanceof Cell)) (child as XStateActor)._stop()
    else if (child.status !== STOPPED) endAtOnce(child, 'stopped')
  }

  protected get host(): this {
    return this
  }

  /** Neither from outside any more, nor for actors that end. */
  get takesNoActors(): boolean {
    return this.#hasEnded || (this.#stopping !== undefined && !this.isBusy)
  }

  #createRoot(): Cell {
    const behaviour = new SupervisorBehaviour({
      strategy: 'one-for-one',
      intensity: INTENSITY_DEFAULT,
      isPerChild: true,
    })
    const root = new Cell(this, behaviour, { name: '', number: this.bookNumber(), parent: undefined, input: undefined })
    behaviour.initialise(root)
    root.status = RUNNING
    return root
  }

  #supervisorCell(ref: ActorRef): Cell {
    if (ref instanceof Cell && ref.system === this && ref.behaviour.isSupervisor) return ref
    throw new TypeError('The supervisor of an actor is one that `supervise` of the same system made')
  }

  async #stopAll({ drainMs = DRAIN_MS_DEFAULT }: StopOptions): Promise<void> {
    const deadlineMs = this.environment.clock.monotonicMs() + drainMs
    if (drainMs > 0) await drainSystem(this, { drainMs, isQuiet: () => this.#turns.isQuiet })
    this.#hasEnded = true
    for (const top of [this.root, this.inlineRoot])
      if (top !== undefined && top.status !== STOPPED) endAtOnce(top, 'stopped')
    this.#clock.stop()
    await this.extension?.stop(Math.max(0, deadlineMs - this.environment.clock.monotonicMs()))
  }
}
