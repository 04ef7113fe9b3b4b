/**
 * A cell is an actor in memory: mailbox, place in the tree, state. One object is at once the reference that others hold,
 * the scope that XState logic is given, and the owner of the messages, because a separate object for each costs more than
 * the state of most actors. Fields are plain (no `#`): this is the hot object of the runtime.
 *
 * ```
 *   slot   the message that comes next, or undefined: the mailbox is empty
 *   ring   the messages behind it, or undefined: there are none
 *   marks  bits below: what keeps the cell from the run queue, what its state holds
 * ```
 */
import type { AnyActorLogic, AnyEventObject, Snapshot, Subscription } from 'xstate'
import type {
  ActorAddress,
  ActorRef,
  AskOptions,
  DeliverOptions,
  SnapshotObserver,
  StopActorOptions,
  Terminated,
  TerminationReason,
} from '../actor-ref.ts'
import type { TraceParent } from '../../ports/tracer.ts'
import type { RestartKind } from '../../core/supervision/restart-plan.ts'
import type { AgentDefinition, SpawnOptions } from '../agent-definition.ts'
import { addListener, addObserver, emitEvent, toObserver } from '../delivery/observers.ts'
import type { DeadLetterStore } from '../delivery/dead-letters.ts'
import type { ActorEnvironment } from '../environment.ts'
import { checkFunction, checkObject, checkObserver, deliverMisuse } from '../misuse.ts'
import { formatAddress } from '../system/address.ts'
import { CellExtras, type CellOptions, type XStateClock } from './cell-extras.ts'
import type { EndTeller } from './end-teller.ts'
import type { EventRing, RingPool } from './event-ring.ts'

/** `Cell.status`; the numbers are those of XState's `ProcessingStatus`, which its code compares with. */
export const NOT_STARTED = 0
export const RUNNING = 1
export const STOPPED = 2

/** In the run queue, or having its turn. */
export const SCHEDULED = 1
/** Waits for room in another mailbox. */
export const HELD = 2
/** Waits for its supervisor: a restart that is due later, or an end to being stuck. */
export const SUSPENDED = 4
/** `state` is a whole snapshot, not only the context. */
export const WHOLE = 8
/** Takes no more messages and ends when it has handled those it has. */
export const DRAINING = 16
/** Its logic has failed or was ended, and waits to begin anew: it is told of no end again. */
export const LOGIC_ENDED = 128
/** Was made by XState, not by `spawn`. */
export const ADOPTED = 64
/** Its logic is being told of the end. */
export const ENDING = 32
/** Made with XState's option `parent`: its end is an event for that parent. */
export const RELAYS = 256
/** Ordered to end during its own turn: it does so when the step is made. */
export const STOP_ORDERED = 512
export const NO_TURN: number = HELD | SUSPENDED | STOP_ORDERED

/** Where in `marks` the reason of the end is kept: an index into `TERMINATION_REASONS`. */
export const REASON_SHIFT = 10
export const TERMINATION_REASONS: readonly TerminationReason[] = ['stopped', 'done', 'failed', 'killed']

/** How the logic of a kind of actor is run. One per definition and system; what differs between actors is in the cell. */
export interface Behaviour {
  /** True for a supervisor: its children fail for themselves, and it takes no events. */
  readonly isSupervisor: boolean
  readonly logic: AnyActorLogic
  readonly definition: AgentDefinition
  /** Sets the first state from `cell.input`, or from a stored snapshot. May throw what the logic throws. */
  initialise(cell: Cell, stored?: Snapshot<unknown>): void
  /** What follows the first state: entry actions, children. After `initialise`, with the cell running. */
  start(cell: Cell): void
  /** Handles one message. May throw what the logic throws. */
  step(cell: Cell, event: AnyEventObject): void
  /** The logic's own part of an ordered stop. May throw. */
  end(cell: Cell): void
  snapshotOf(cell: Cell): Snapshot<unknown>
  persistedSnapshotOf(cell: Cell, options?: unknown): Snapshot<unknown>
  /** Marks the state as failed, for readers of the snapshot. */
  setError(cell: Cell, error: unknown): void
}

/** The system as its cells and the parts of the runtime see it. */
export interface CellHost {
  /** Set while sends must be seen by somebody else first (inspection, tracing, a durable turn). */
  gate: SendGate | undefined
  readonly nodeName: string
  readonly workerIndex: number
  /** True for XState's `createActor`: a send from outside a turn returns when all is quiet. */
  readonly isInline: boolean
  readonly environment: ActorEnvironment
  readonly deadLetters: DeadLetterStore
  readonly ends: EndTeller
  /** Live cells of the top by name, and below it those without a name whose id somebody has asked for. */
  readonly registry: Map<string, Cell>
  /** Whether any cell without a name has been asked for its id. */
  hasNumbered: boolean
  /** What is to run as soon as the step under way is over. */
  readonly deferred: (() => void)[]
  /** The cell that has its turn. */
  current: Cell | undefined
  readonly isInspected: boolean
  readonly _clock: XStateClock
  readonly _logger: (...parts: unknown[]) => void
  readonly scheduler: XStateScheduler
  readonly rings: RingPool<AnyEventObject>
  _sendInspectionEvent(event: unknown): void
  _unregister(actor: unknown): void
  _relay(source: unknown, target: unknown, event: AnyEventObject): void
  /** Gives a cell that has a message its place in the run queue, and marks it so. */
  enqueue(cell: Cell): void
  /** A child of a supervisor failed or reached its end; what follows is the supervisor's. */
  childFailed(cell: Cell, error: unknown, event: AnyEventObject | undefined): void
  childDone(cell: Cell): boolean
  ask(cell: Cell, event: AnyEventObject, options: AskOptions): Promise<unknown>
  deliver(cell: Cell, event: AnyEventObject, options: DeliverOptions): Promise<void>
  watch(cell: Cell, watcher: ActorRef | ((terminated: Terminated) => void)): Subscription
  spawnChild(parent: Cell, definition: AgentDefinition, options: SpawnOptions): Cell
  sendToBusy(cell: Cell, event: AnyEventObject): boolean
  stopCell(cell: Cell, isDrained: boolean): Promise<void>
  /** A draining cell has handled its own messages: those of its children come next. */
  drainChildren(cell: Cell): void
  stopChild(cell: Cell, child: unknown): void
}

/** What XState's code calls to delay events. */
export interface XStateScheduler {
  schedule(...[source, target, event, delayMs, id]: ScheduleArguments): void
  cancel(source: unknown, id: string): void
  cancelAll(source: unknown): void
}

export type ScheduleArguments = [
  source: unknown,
  target: unknown,
  event: AnyEventObject,
  delayMs: number,
  id: string | undefined,
]

export interface SendGate {
  /** @returns What `send` is to answer. `source` is known where XState's own actions send. */
  send(target: Cell, event: AnyEventObject, source: unknown): boolean
}

/** Sees each message on its way and makes the step itself. */
export interface StepObserver {
  sent(event: AnyEventObject): void
  /** Must call the step of the cell's behaviour, once, and let through what it throws. */
  step(cell: Cell, event: AnyEventObject): void
  /**
   * Whether it keeps a message that is about to go into a mailbox, and puts it there later with `Cell.take`; the sender is told that it was taken. Absent: it keeps none.
   */
  keeps?(target: Cell, event: AnyEventObject): boolean
  /** What goes with the event that is just sent to another thread; `undefined`: nothing does. */
  readonly context?: TraceParent | undefined
  /** An event that has just come from another thread came with this. */
  came?(event: AnyEventObject, context: TraceParent): void
}

export type ScopeAction = {
  readonly type: string
  readonly info: unknown
  readonly params: unknown
  readonly exec: ((info: unknown, params: unknown) => void) | undefined
}

export class Cell implements ActorRef {
  // In the order in which memory is to hold them: what each message touches lies together.
  readonly system: CellHost
  slot: AnyEventObject | undefined = undefined
  status = NOT_STARTED
  marks = 0
  ring: EventRing<AnyEventObject> | undefined = undefined
  behaviour: Behaviour
  /** What the behaviour says: a context, or a whole snapshot when `WHOLE` is set. */
  state: unknown = undefined
  extras: CellExtras | undefined = undefined
  /** Index of the state of a compiled machine; others leave it at 0. */
  stateIndex = 0
  /** Its delayed events: the scheduler's own value. Most statecharts that wait have nothing else beside their state. */
  delays: object | undefined = undefined
  readonly number: number
  /** XState's stand-in for `actionExecutor` during a step. */
  executor: ((action: ScopeAction) => void) | undefined = undefined
  readonly parent: Cell | undefined
  /** Its id below its parent; `undefined` where none was given. */
  name: string | undefined
  input: unknown
  /** Newest child, and the siblings of this cell: newer before, older after. */
  firstChild: Cell | undefined = undefined
  newer: Cell | undefined = undefined
  older: Cell | undefined = undefined

  constructor(system: CellHost, behaviour: Behaviour, place: CellPlace) {
    this.name = place.name
    this.system = system
    this.number = place.number
    this.parent = place.parent
    this.behaviour = behaviour
    this.input = place.input
  }

  send(event: AnyEventObject): boolean {
    const { system } = this
    if (system.gate !== undefined) return system.gate.send(this, event, undefined)
    return this.take(event)
  }

  /** `send` behind the gate. */
  take(event: AnyEventObject): boolean {
    if (this.slot !== undefined || this.status !== RUNNING || (this.marks & DRAINING) !== 0) {
      return this.system.sendToBusy(this, event)
    }
    if (typeof event?.type !== 'string') throw eventTypeError(event)
    this.slot = event
    if ((this.marks & (SCHEDULED | SUSPENDED | HELD)) === 0) {
      this.system.enqueue(this)
    }
    return true
  }

  ask<Reply = AnyEventObject>(event: AnyEventObject, options: AskOptions = {}): Promise<Reply> {
    if (typeof options !== 'object' || options === null) checkObject(options, 'ask takes its options as')
    // The reply's type is the caller's claim about the protocol of this actor; nothing at run time could check it.
    return this.system.ask(this, event, options) as Promise<Reply>
  }

  deliver(event: AnyEventObject, options: DeliverOptions = {}): Promise<void> {
    const misuse = deliverMisuse(options)
    if (misuse !== undefined) return Promise.reject(misuse)
    return this.system.deliver(this, event, options)
  }

  watch(watcher: ActorRef | ((terminated: Terminated) => void)): Subscription {
    return this.system.watch(this, watcher)
  }

  stop(options?: StopActorOptions): Promise<void> {
    return this.system.stopCell(this, options?.drain === true)
  }

  subscribe(
    observer: SnapshotObserver<Snapshot<unknown>> | ((snapshot: Snapshot<unknown>) => void) | undefined,
    error?: (error: unknown) => void,
    complete?: () => void,
  ): Subscription {
    if (observer !== undefined) checkObserver(observer, 'subscribe takes')
    return addObserver(this, toObserver(observer, error, complete))
  }

  on(type: string, handler: (event: AnyEventObject) => void): Subscription {
    checkFunction(handler, 'on takes a type and')
    const added = addListener(this, type, handler)
    return {
      unsubscribe: () => {
        added.unsubscribe()
        // Types may be many; what is left of one that nobody listens to any more goes.
        const listeners = this.extras?.listeners
        if (listeners?.get(type)?.size === 0) listeners.delete(type)
      },
    }
  }

  getSnapshot(): Snapshot<unknown> {
    return this.behaviour.snapshotOf(this)
  }

  getPersistedSnapshot(options?: unknown): Snapshot<unknown> {
    return this.behaviour.persistedSnapshotOf(this, options)
  }

  /** Spawns a child of this actor, which supervises it. */
  spawn(definition: AgentDefinition, options: SpawnOptions = {}): Cell {
    if (typeof options !== 'object' || options === null) checkObject(options, 'spawn takes its options as')
    return this.system.spawnChild(this, definition, options)
  }

  /**
   * `/` between the names of the parents and its own; `$` and a number without a name. Made when somebody asks: most actors
   * that are spawned by the million are never asked, and only then does one without a name become known by its id.
   */
  get id(): string {
    const { name, parent } = this
    if (name === undefined) {
      const id = `$${this.number}`
      if (this.status === RUNNING) {
        this.system.registry.set(id, this)
        this.system.hasNumbered = true
      }
      return id
    }
    // XState's ids know no parents.
    if (parent === undefined || parent.isRoot || (this.marks & RELAYS) !== 0) return name
    return `${parent.id}/${name}`
  }

  /** The system's own supervisor. */
  get isRoot(): boolean {
    return this.name === '' && this.parent === undefined
  }

  get address(): ActorAddress {
    const { nodeName: node, workerIndex: worker } = this.system
    return formatAddress({ node, worker, path: this.id, incarnation: this.number })
  }

  /** XState's own children and actors made with `parent` tell their parent instead. */
  get isSupervised(): boolean {
    return this.parent !== undefined && (this.marks & (RELAYS | ADOPTED)) === 0
  }

  get restartKind(): RestartKind {
    return this.behaviour.definition.restart.kind
  }

  more(): CellExtras {
    this.extras ??= new CellExtras()
    return this.extras
  }

  // What follows is the contract of XState: the scope that it hands to logic, and what its code reads of a reference.

  get self(): this {
    return this
  }

  get ref(): this {
    return this
  }

  get sessionId(): string {
    return `x:${this.number}`
  }

  /** The actor above, as logic sees it: a supervisor is not one, it understands no events. */
  get _parent(): Cell | undefined {
    return this.parent === undefined || this.parent.behaviour.isSupervisor ? undefined : this.parent
  }

  get _processingStatus(): number {
    return this.status
  }

  get _syncSnapshot(): boolean | undefined {
    return this.extras?.options?.syncSnapshot
  }

  get logic(): AnyActorLogic {
    return this.behaviour.logic
  }

  get src(): unknown {
    return this.extras?.options?.src ?? this.behaviour.logic
  }

  get options(): CellOptions {
    return this.extras?.options ?? { input: this.input }
  }

  get systemId(): string | undefined {
    return this.extras?.systemId
  }

  get clock(): XStateClock {
    return this.extras?.options?.clock ?? this.system._clock
  }

  get logger(): (...parts: unknown[]) => void {
    return this.extras?.options?.logger ?? this.system._logger
  }

  // Logic takes these out of the scope by destructuring, so they cannot be methods.

  get defer(): (task: () => void) => void {
    return (task) => void this.system.deferred.push(task)
  }

  get emit(): (event: AnyEventObject) => void {
    return (event) => emitEvent(this, event)
  }

  get stopChild(): (child: unknown) => void {
    return (child) => this.system.stopChild(this, child)
  }

  /**
   * Runs an action of the logic: at once, or, before the actor has started, when it starts. XState's code calls it without
   * its object, and puts its own in its place while it makes a step (`behaviour` takes that away again).
   */
  get actionExecutor(): (action: ScopeAction) => void {
    if (this.executor !== undefined) return this.executor
    return (action) => {
      if (this.status === RUNNING) this.execute(action)
      else this.system.deferred.push(() => this.execute(action))
    }
  }

  set actionExecutor(executor: (action: ScopeAction) => void) {
    this.executor = executor
  }

  private execute({ type, params, info, exec }: ScopeAction): void {
    if (this.system.isInspected) {
      this.system._sendInspectionEvent({ type: '@xstate.action', actorRef: this, action: { type, params } })
    }
    exec?.(info, params)
  }

  _send(event: AnyEventObject): void {
    this.take(event)
  }

  toJSON(): { readonly xstate$$type: 1; readonly id: string } {
    return { xstate$$type: 1, id: this.id }
  }
}

export type CellPlace = {
  readonly name: string | undefined
  readonly number: number
  readonly parent: Cell | undefined
  readonly input: unknown
}

export function eventTypeError(event: unknown): TypeError {
  const hint = typeof event === 'string' ? `; send { type: '${event}' }` : ''
  return new TypeError(`An event is an object with a type that is a string${hint}`)
}
