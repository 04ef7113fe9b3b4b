import { assert } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { ActorRef } from '../actor-ref.ts'
import type { AgentDefinition, SpawnOptions } from '../agent-definition.ts'
import type { Behaviour } from '../cell/cell.ts'
import { stoppedError } from '../delivery/ask.ts'
import type { ActorEnvironment } from '../environment.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import type { SystemExtension } from '../system/system-extension.ts'
import { ActiveCells } from './cell/active-cells.ts'
import { DurableBehaviour } from './cell/durable-behaviour.ts'
import { DurablePlaces } from './cell/durable-places.ts'
import { DurableScheduler } from './cell/durable-scheduler.ts'
import { durableDefinitionOf } from './cell/stored-form.ts'
import { isDurableRoot, TurnGate } from './cell/turn-gate.ts'
import type { EffectHandler, EffectHandlerInit } from './consequences/effect-runner.ts'
import { EarlyMail } from './inbox/early-mail.ts'
import { StoredMail } from './inbox/stored-mail.ts'
import { askInTurn } from './references/ask-in-turn.ts'
import { DurableReferences } from './references/durable-references.ts'
import { unlessAborted } from './references/unless-aborted.ts'
import { openDurableStore } from './store/durable-store.ts'
import type { DurableStore, DurableStoreInit } from './store/durable-store.ts'

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

/**
 * What a data directory adds to an actor system: the actors of definitions that are `durable` outlive the process. Its parts, each of which
 * imports only those above it:
 *
 * ```text
 * values        what can be stored, its bytes, and what changed between two values
 * schedules     when something that recurs is due
 * state         the records, and what they mean: the stored actors
 * journal       the records on disk: written, read back, replaced by a checkpoint
 * turn          what one step does, and the right to commit it
 * consequences  what follows from what is stored: timers, effects, approvals
 * inbox         messages on their way: kept, waiting for room, in a mailbox
 * store         all of that, as one store
 * cell          the actors in memory, and how their logic is run
 * references    who sends to them, asks them, and answers
 * ```
 */
export class DurableExtension implements SystemExtension {
  readonly ready: Promise<void>
  readonly #init: DurableExtensionInit
  readonly #gate: TurnGate
  readonly #mail: StoredMail
  readonly #early: EarlyMail
  readonly #places: DurablePlaces
  readonly #references: DurableReferences
  readonly #cells: ActiveCells
  /** Handlers that were registered before the store was open. */
  readonly #effects = new Map<string, (store: DurableStore) => void>()
  #system: ActorSystem | undefined
  #store: DurableStore | undefined
  /** The store is not open, and never will be. */
  #hasOpenFailed = false
  /** `stop` waits no longer for the store to be open. */
  #hasGivenUp = false

  constructor(init: DurableExtensionInit) {
    this.#init = init
    const { environment } = init
    const system = (): ActorSystem => this.system
    const store = (): DurableStore | undefined => this.#store
    const openStore = (): DurableStore => this.store
    const places = new DurablePlaces({ system, store })
    const gate = new TurnGate({ store, cellOf: (id) => places.knownCell(id) })
    const mail = new StoredMail(() => this.#system?.stepObserver)
    const early = new EarlyMail({ deliver: async (...delivery) => await references.deliver(...delivery) })
    const shared = { system, store, openStore, places, gate, early }
    const references = new DurableReferences({ ...shared, ready: () => this.ready })
    this.#cells = new ActiveCells({
      ...shared,
      environment,
      mail,
      withHeldReply: (event) => references.withHeldReply(event),
    })
    this.#gate = gate
    this.#mail = mail
    this.#early = early
    this.#places = places
    this.#references = references
    this.ready = this.#open()
    // Whoever uses a durable actor hears of it, and so does whoever waits for `ready`.
    this.ready.catch(() => {})
  }

  /** Once, right after the system is made. */
  attach(system: ActorSystem): void {
    assert(this.#system === undefined, 'an extension belongs to one system')
    this.#system = system
    system.scheduler = new DurableScheduler(system.scheduler, this.#gate)
    const deliver = system.deliver.bind(system)
    const references = this.#references
    const ask = system.ask.bind(system)
    system.ask = (cell, event, options) => {
      const { current } = this.#gate
      return ask(cell, event, current === undefined ? options : askInTurn(current, options))
    }
    // A cell that somebody holds takes deliveries as the reference to its actor does.
    system.deliver = async (cell, event, options) => {
      if (isDurableRoot(cell.behaviour)) await references.refTo(cell.id).deliver(event, options)
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
      if (actor.agent === definition.name && this.#store.hasWork(actor)) this.#cells.wake(actor.id)
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
    return this.#references.refTo(this.#places.spawn(definition, options))
  }

  find(id: string): ActorRef | undefined {
    return this.#store?.actor(id) === undefined ? undefined : this.#references.refTo(id)
  }

  wrap(definition: AgentDefinition, behaviour: Behaviour): Behaviour {
    return definition.durable === undefined ? behaviour : new DurableBehaviour(definition, this.#cells)
  }

  /** Resolves when the store is open and all that was written to it is on stable storage. */
  settling(): Promise<void> | undefined {
    if (this.#hasOpenFailed) return undefined
    return this.#store === undefined ? this.ready : this.#store.settling()
  }

  async stop(): Promise<void> {
    this.#cells.stop()
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
      if (this.isOpen || this.#hasOpenFailed) await closeLog?.()
      else {
        this.#hasGivenUp = true
        opened.then(closeLog).catch((error: unknown) => environment.reportError(error))
      }
    }
  }

  isInMemory(id: string): boolean {
    const owner = this.#store?.ownerOf(id)
    return owner !== undefined && this.#cells.isRunning(owner)
  }

  async #open(): Promise<void> {
    const { openLog, environment, store } = this.#init
    try {
      const log = await openLog()
      const opened = await openDurableStore({ log, environment, references: this.#references }, store)
      if (this.#hasGivenUp) throw new CodedError('STORE_NOT_OPEN', { message: 'The system was stopped meanwhile' })
      this.#store = opened
      for (const definition of this.#places.definitions.values()) opened.define(durableDefinitionOf(definition))
      for (const register of this.#effects.values()) register(opened)
      opened.start(this.#cells)
    } catch (error: unknown) {
      this.#hasOpenFailed = true
      this.#cells.openFailed(error)
      this.#early.giveUp(() => error)
      throw error
    }
    this.#cells.openPostponed()
    this.#early.storeRest()
  }
}

/** The part of a system's extension that its durable actors are. */
export function durableExtensionOf(system: ActorSystem): DurableExtension | undefined {
  return (system as { readonly [DURABLE]?: DurableExtension })[DURABLE]
}
