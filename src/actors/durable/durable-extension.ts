import type { AnyEventObject } from 'xstate'
import { assert } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { ActorAddress, ActorRef, DeliverOptions, ReplyTarget } from '../actor-ref.ts'
import type { AgentDefinition, SpawnOptions } from '../agent-definition.ts'
import { Cell, HELD, RUNNING, SCHEDULED, STOPPED, SUSPENDED, type Behaviour } from '../cell/cell.ts'
import { endFailed, endTree, runDeferred } from '../cell/life.ts'
import { stoppedError } from '../delivery/ask.ts'
import type { DeadLetterReason } from '../delivery/dead-letters.ts'
import { putMail } from '../delivery/full-mailbox.ts'
import type { ActorEnvironment } from '../environment.ts'
import type { XStateActor } from '../hosting/adopted-behaviour.ts'
import type { ActorSystem, SystemExtension } from '../system/actor-system.ts'
import { formatAddress } from '../system/address.ts'
import { DurableBehaviour } from './cell/durable-behaviour.ts'
import type { DurableRuntime } from './cell/durable-behaviour.ts'
import { DurablePlaces } from './cell/durable-places.ts'
import { DurableScheduler } from './cell/durable-scheduler.ts'
import { durableDefinitionOf } from './cell/stored-form.ts'
import { isDurableRoot, TurnGate } from './cell/turn-gate.ts'
import { EarlyMail } from './inbox/early-mail.ts'
import { StoredMail, takeMail, type Ticket } from './inbox/stored-mail.ts'
import { DurableRef } from './references/durable-ref.ts'
import type { RefRuntime } from './references/durable-ref.ts'
import { HeldReplies, HeldReply } from './references/held-reply.ts'
import type { InboxEntry } from './state/durable-actor.ts'
import { openDurableStore } from './store/durable-store.ts'
import type { DurableStore, DurableStoreInit } from './store/durable-store.ts'
import type { DurableOwner } from './turn/durable-owner.ts'
import type { ReferenceCodec } from './values/stored-value.ts'
import type { DurableHost } from './work/durable-host.ts'
import type { DueTimer } from './work/durable-timers.ts'
import type { EffectHandler, EffectHandlerInit } from './work/effect-runner.ts'

export type DurableExtensionInit = {
  /** Opens the journal of the durable actors. Called once. */
  readonly openLog: () => Promise<EventLog>
  /** Called once when the system stops, also when opening failed half way. */
  readonly closeLog?: () => Promise<void>
  readonly environment: ActorEnvironment
  readonly store?: DurableStoreInit
  /** How long `stop` waits for the disk, in milliseconds. Default 5,000. */
  readonly closeMs?: number
}

const CLOSE_MS_DEFAULT = 5_000
const DURABLE: unique symbol = Symbol('durable actors') as never

/** What a data directory adds to an actor system: the actors of definitions that are `durable` outlive the process. */
export class DurableExtension implements SystemExtension, DurableHost, DurableRuntime, RefRuntime {
  readonly ready: Promise<void>
  readonly gate: TurnGate = new TurnGate({
    store: () => this.#store,
    cellOf: (id) => this.#places.knownCell(id),
  })
  readonly references: ReferenceCodec
  readonly #init: DurableExtensionInit
  readonly #replies: HeldReplies
  readonly #mail = new StoredMail(() => this.#system?.stepObserver)
  readonly #early = new EarlyMail({ deliver: async (...delivery) => await this.deliver(...delivery) })
  readonly #places: DurablePlaces
  /** Durable actors in memory. */
  readonly #cells = new Map<DurableOwner, Cell>()
  readonly #woken = new Set<string>()
  readonly #postponed = new Set<Cell>()
  /** Handlers that were registered before the store was open. */
  readonly #effects = new Map<string, (store: DurableStore) => void>()
  #system: ActorSystem | undefined
  #store: DurableStore | undefined
  /** Why the store is not open, and never will be. */
  #openFailure: { readonly error: unknown } | undefined
  #isStopped = false
  /** `stop` waits no longer for the store to be open. */
  #hasGivenUp = false

  constructor(init: DurableExtensionInit) {
    this.#init = init
    this.#replies = new HeldReplies(this.gate)
    this.#places = new DurablePlaces({ system: () => this.system, store: () => this.#store })
    this.references = {
      idOf: (value) => this.#idOf(value),
      refOf: (id) => this.#replies.find(id) ?? new DurableRef(id, this),
    }
    this.ready = this.#open()
    // Whoever uses a durable actor hears of it, and so does whoever waits for `ready`.
    this.ready.catch(() => {})
  }

  /** Once, right after the system is made. */
  attach(system: ActorSystem): void {
    assert(this.#system === undefined, 'an extension belongs to one system')
    this.#system = system
    system.scheduler = new DurableScheduler(system.scheduler, this.gate)
    const deliver = system.deliver.bind(system)
    // A cell that somebody holds takes deliveries as the reference to its actor does.
    system.deliver = async (cell, event, options) => {
      if (isDurableRoot(cell.behaviour)) await new DurableRef(cell.id, this).deliver(event, options)
      else await deliver(cell, event, options)
    }
    Object.defineProperty(system, DURABLE, { value: this })
    system.deadLetters.subscribe((letter) => {
      const { event, reason } = letter
      this.#early.buried(letter, this.isOpen)
      if (reason === 'poison' || reason === 'dropped') this.#mail.discard(event)
    })
  }

  get isOpen(): boolean {
    return this.#store !== undefined
  }

  /** @throws `STORE_NOT_OPEN` before `ready`. */
  get store(): DurableStore {
    if (this.#store !== undefined) return this.#store
    throw new CodedError('STORE_NOT_OPEN', { message: 'The durable actors are not open yet: wait for system.ready' })
  }

  get system(): ActorSystem {
    assert(this.#system !== undefined, 'the extension is attached to its system')
    return this.#system
  }

  /** Names a definition: stored actors of it that have something to do come into memory. */
  define(definition: AgentDefinition): void {
    const { definitions } = this.#places
    if (definitions.get(definition.name) === definition) return
    definitions.set(definition.name, definition)
    if (this.#store === undefined) return
    this.#store.define(durableDefinitionOf(definition))
    for (const actor of this.#store.actors()) {
      if (actor.agent === definition.name && this.#store.hasWork(actor)) this.wake(actor.id)
    }
  }

  /** @see `DurableStore.registerEffect`. Before `ready` it is only noted. */
  registerEffect(name: string, handler: EffectHandler, init?: EffectHandlerInit): void {
    if (this.#store !== undefined) {
      this.#store.registerEffect(name, handler, init)
      return
    }
    if (this.#effects.has(name)) throw new TypeError(`The effect ${name} has a handler already`)
    this.#effects.set(name, (store) => store.registerEffect(name, handler, init))
  }

  // What the system uses.

  place(definition: AgentDefinition, options: SpawnOptions): ActorRef | undefined {
    if (definition.durable === undefined) return undefined
    this.define(definition)
    return new DurableRef(this.#places.spawn(definition, options), this)
  }

  find(id: string): ActorRef | undefined {
    return this.#store?.actor(id) === undefined ? undefined : new DurableRef(id, this)
  }

  wrap(definition: AgentDefinition, behaviour: Behaviour): Behaviour {
    return definition.durable === undefined ? behaviour : new DurableBehaviour(definition, this)
  }

  /** Resolves when the store is open and all that was written to it is on stable storage. */
  settling(): Promise<void> | undefined {
    if (this.#openFailure !== undefined) return undefined
    return this.#store === undefined ? this.ready : this.#store.settling()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const { environment, closeMs = CLOSE_MS_DEFAULT, closeLog } = this.#init
    const patience = new AbortController()
    const timer = environment.timers.schedule(closeMs, () => patience.abort())
    const opened = this.ready.catch(() => {})
    try {
      await unlessAborted(opened, patience.signal).catch(() => {})
      await this.#store?.close(patience.signal)
    } finally {
      timer.cancel()
      this.#early.giveUp((cell) => stoppedError(cell, undefined))
      if (this.isOpen || this.#openFailure !== undefined) await closeLog?.()
      else {
        this.#hasGivenUp = true
        opened.then(closeLog).catch((error: unknown) => environment.reportError(error))
      }
    }
  }

  // What references use.

  cellFor(id: string): Cell | undefined {
    return this.#places.cellFor(id)
  }

  isDurable(id: string): boolean {
    const cell = this.#places.knownCell(id)
    return this.#store?.actor(id) !== undefined || (cell !== undefined && isDurableRoot(cell.behaviour))
  }

  isInMemory(id: string): boolean {
    const owner = this.#store?.ownerOf(id)
    return owner !== undefined && this.#cells.get(owner)?.status === RUNNING
  }

  failureOf(id: string): unknown {
    return this.#places.failureOf(id)
  }

  addressOf(id: string): ActorAddress {
    const { nodeName: node, workerIndex: worker } = this.system
    const incarnation = this.#store?.actor(id)?.incarnation ?? this.#places.knownCell(id)?.number ?? 0
    return formatAddress({ node, worker, path: id, incarnation })
  }

  sendInTurn(id: string, event: AnyEventObject): boolean | undefined {
    if (this.gate.current === undefined) return undefined
    const cell = this.#places.knownCell(id)
    if (this.#store?.actor(id) !== undefined)
      return this.gate.sendStored({ id, address: this.addressOf(id), system: this.system }, event)
    return cell === undefined ? undefined : this.gate.send(cell, event, undefined)
  }

  deliverEarly(id: string, event: AnyEventObject, options: DeliverOptions): Promise<void> | undefined {
    const cell = this.#places.knownCell(id)
    if (cell?.status !== RUNNING || !isDurableRoot(cell.behaviour)) return undefined
    return this.#store?.actor(id) === undefined ? this.#early.add(cell, event, options) : undefined
  }

  async deliver(id: string, event: AnyEventObject, { key, signal }: DeliverOptions): Promise<void> {
    const stored = this.store.deliver(id, event, { signal, ...(key !== undefined && { key }) })
    try {
      await (signal === undefined ? stored : unlessAborted(stored, signal))
    } catch (error: unknown) {
      if (CodedError.is(error, 'ACTOR_MAILBOX_FULL')) this.#bury(id, event, 'mailbox-full')
      throw error
    }
  }

  bury(id: string, event: AnyEventObject): void {
    this.#bury(id, event, 'unknown-actor')
  }

  // What durable behaviours use.

  postpone(cell: Cell): void {
    if (this.#openFailure !== undefined) throw this.#openFailure.error
    this.#postponed.add(cell)
  }

  activate(id: string, definition: AgentDefinition): DurableOwner {
    return this.store.activate(id, durableDefinitionOf(definition))
  }

  ticketOf(event: AnyEventObject): Ticket | undefined {
    return this.#mail.ticketOf(event)
  }

  withHeldReply(event: AnyEventObject): AnyEventObject {
    const { replyTo } = event
    if (typeof replyTo !== 'object' || replyTo === null || this.#idOf(replyTo) !== undefined) return event
    if (typeof (replyTo as Partial<ReplyTarget>).send !== 'function') return event
    return { ...event, replyTo: this.#replies.hold(replyTo as ReplyTarget) }
  }

  opened(cell: Cell, owner: DurableOwner): void {
    if (this.#cells.has(owner)) return
    this.#cells.set(owner, cell)
    const early = takeMail(cell)
    for (const entry of owner.waiting()) this.received(owner, entry)
    for (const event of early) {
      if (this.#early.store(event)) continue
      if (cell.status === RUNNING) putMail(cell, event)
      else this.system.deadLetters.put(cell, event, 'stopped')
    }
    const passivateAfterMs = cell.behaviour.definition.durable?.passivateAfterMs
    if (passivateAfterMs !== undefined) this.#places.passivateLater(cell, passivateAfterMs)
  }

  afterTurn(cell: Cell): void {
    const { store } = this
    if (!store.isCongested || cell.status !== RUNNING) return
    cell.marks |= HELD
    store.afterCongestion(() => {
      cell.marks &= ~HELD
      if (cell.slot !== undefined && cell.status === RUNNING && (cell.marks & (SCHEDULED | SUSPENDED)) === 0) {
        this.system.enqueue(cell)
      }
    })
  }

  failing(cell: Cell): void {
    // Its logic is not told of such an end, and its store must be.
    this.#init.environment.soon(() => {
      if (cell.status === STOPPED) this.#forget(cell)
    })
  }

  released(cell: Cell, owner: DurableOwner | undefined): void {
    const early = this.#mail.takeBack(cell, (message) => this.#early.has(message))
    if (this.isOpen) for (const message of early) this.#early.store(message)
    if (owner === undefined) return
    this.#cells.delete(owner)
    this.#store?.released(owner)
  }

  // What the store tells.

  received(owner: DurableOwner, entry: InboxEntry): void {
    const cell = this.#liveCell(owner)
    if (cell === undefined) return
    try {
      this.#mail.put(cell, owner.eventOf(entry), { owner, consumed: entry.sequence })
    } catch (error: unknown) {
      this.#endFailed(cell, error)
    }
  }

  due(owner: DurableOwner, { event, fired }: DueTimer): void {
    const cell = this.#liveCell(owner)
    if (cell !== undefined) this.#mail.put(cell, event, { owner, fired })
  }

  wake(id: string): void {
    if (this.#woken.has(id) || this.#isStopped) return
    this.#woken.add(id)
    this.#init.environment.soon(() => {
      this.#woken.delete(id)
      this.#places.wake(id)
    })
  }

  fenced(owner: DurableOwner): void {
    const cell = this.#liveCell(owner)
    if (cell !== undefined) endTree(cell, 'stopped')
  }

  failed(error: CodedError): void {
    this.#init.environment.log('Durable actors stop: their journal cannot be written.', error)
    this.#places.close()
    for (const cell of this.#cells.values()) {
      if (cell.status !== STOPPED) this.#endFailed(cell, error)
    }
  }

  async #open(): Promise<void> {
    const { openLog, environment, store } = this.#init
    try {
      const log = await openLog()
      const opened = await openDurableStore({ log, environment, references: this.references }, store)
      if (this.#hasGivenUp) throw new CodedError('STORE_NOT_OPEN', { message: 'The system was stopped meanwhile' })
      this.#store = opened
      for (const definition of this.#places.definitions.values()) opened.define(durableDefinitionOf(definition))
      for (const register of this.#effects.values()) register(opened)
      opened.start(this)
    } catch (error: unknown) {
      this.#openFailure = { error }
      for (const cell of this.#takePostponed()) this.#endFailed(cell, error)
      this.#early.giveUp(() => error)
      throw error
    }
    for (const cell of this.#takePostponed()) {
      // As a turn: its logic may spawn also while the system is being stopped.
      if (cell.status === RUNNING) this.system.run(() => this.#openCell(cell))
    }
    this.#early.storeRest()
  }

  #bury(id: string, event: AnyEventObject, reason: DeadLetterReason): void {
    this.system.deadLetters.put({ address: this.addressOf(id) }, event, reason)
  }

  #liveCell(owner: DurableOwner): Cell | undefined {
    const cell = this.#cells.get(owner)
    if (cell?.status !== STOPPED) return cell
    // Its supervisor gave it up.
    this.#forget(cell)
    return undefined
  }

  #takePostponed(): readonly Cell[] {
    const cells = [...this.#postponed]
    this.#postponed.clear()
    return cells
  }

  /** The cell was made before the store was open. */
  #openCell(cell: Cell): void {
    cell.marks &= ~SUSPENDED
    try {
      cell.behaviour.initialise(cell)
    } catch (error: unknown) {
      this.#endFailed(cell, error)
      return
    }
    const { deferred } = this.system
    const base = deferred.length
    cell.behaviour.start(cell)
    try {
      runDeferred(this.system, base)
    } catch (error: unknown) {
      this.system.childFailed(cell, error, undefined)
    }
    if (cell.slot !== undefined && cell.status === RUNNING && (cell.marks & (SCHEDULED | SUSPENDED | HELD)) === 0) {
      this.system.enqueue(cell)
    }
  }

  #endFailed(cell: Cell, error: unknown): void {
    cell.behaviour.setError(cell, error)
    const { id, address } = cell
    this.#places.noteFailure(cell, error)
    this.#forget(cell)
    if (!endFailed(cell, error)) this.system.report({ type: 'actor-lost', id, address, error })
  }

  /** A failed actor's logic is not told of its end; its store is. */
  #forget(cell: Cell): void {
    if (!(cell.behaviour instanceof DurableBehaviour)) return
    const { owner } = cell.behaviour
    cell.behaviour.owner = undefined
    this.released(cell, owner)
  }

  #idOf(value: object): string | undefined {
    if (value instanceof HeldReply) return this.#replies.keep(value)
    if (value instanceof DurableRef) return value.id
    const cell = value instanceof Cell ? value : (value as Partial<XStateActor>).kernellCell
    return cell instanceof Cell && cell.system === this.#system ? cell.id : undefined
  }
}

/** The part of a system's extension that its durable actors are. */
export function durableExtensionOf(system: ActorSystem): DurableExtension | undefined {
  return (system as { readonly [DURABLE]?: DurableExtension })[DURABLE]
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = (): void => {}
  const aborted = new Promise<void>((resolve) => {
    stop = resolve
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    await Promise.race([work, aborted])
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
