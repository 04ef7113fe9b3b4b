import type { AnyEventObject } from 'xstate'
import type { CodedError } from '../../../base/errors.ts'
import type { AgentDefinition } from '../../agent-definition.ts'
import { HELD, RUNNING, SCHEDULED, STOPPED, SUSPENDED, type Cell } from '../../cell/cell.ts'
import { endFailed, endTree, runDeferred } from '../../cell/life.ts'
import { putMail } from '../../delivery/full-mailbox.ts'
import type { ActorEnvironment } from '../../environment.ts'
import type { ActorSystem } from '../../system/actor-system.ts'
import type { DurableHost } from '../consequences/durable-host.ts'
import type { DueTimer } from '../consequences/durable-timers.ts'
import type { EarlyMail } from '../inbox/early-mail.ts'
import { takeMail, type StoredMail, type Ticket } from '../inbox/stored-mail.ts'
import type { InboxEntry } from '../state/durable-actor.ts'
import type { DurableStore } from '../store/durable-store.ts'
import type { DurableOwner } from '../turn/durable-owner.ts'
import { DurableBehaviour, type DurableRuntime } from './durable-behaviour.ts'
import type { DurablePlaces } from './durable-places.ts'
import { durableDefinitionOf } from './stored-form.ts'
import type { TurnGate } from './turn-gate.ts'

export type ActiveCellsInit = {
  readonly environment: ActorEnvironment
  readonly gate: TurnGate
  readonly system: () => ActorSystem
  /** `undefined` before it is open. */
  readonly store: () => DurableStore | undefined
  /** @throws `STORE_NOT_OPEN`. */
  readonly openStore: () => DurableStore
  readonly places: DurablePlaces
  readonly mail: StoredMail
  readonly early: EarlyMail
  /** See `DurableRuntime`. */
  readonly withHeldReply: (event: AnyEventObject) => AnyEventObject
}

/**
 * The cells of the durable actors that are in memory, from their opening to their end: what their behaviours need, and what
 * the store tells them.
 */
export class ActiveCells implements DurableHost, DurableRuntime {
  readonly gate: TurnGate
  readonly #init: ActiveCellsInit
  readonly #cells = new Map<DurableOwner, Cell>()
  readonly #woken = new Set<string>()
  readonly #postponed = new Set<Cell>()
  /** Why the store is not open, and never will be. */
  #openFailure: { readonly error: unknown } | undefined
  #isStopped = false

  constructor(init: ActiveCellsInit) {
    this.#init = init
    this.gate = init.gate
  }

  get isOpen(): boolean {
    return this.#init.store() !== undefined
  }

  isRunning(owner: DurableOwner): boolean {
    return this.#cells.get(owner)?.status === RUNNING
  }

  /** The store is open: cells that were made before are opened, too. */
  openPostponed(): void {
    const system = this.#init.system()
    for (const cell of this.#takePostponed()) {
      // As a turn: its logic may spawn also while the system is being stopped.
      if (cell.status === RUNNING) system.run(() => this.#openCell(cell))
    }
  }

  /** The store will never be open. */
  openFailed(error: unknown): void {
    this.#openFailure = { error }
    for (const cell of this.#takePostponed()) this.#endFailed(cell, error)
  }

  /** Nobody is woken any more. */
  stop(): void {
    this.#isStopped = true
  }

  // What durable behaviours use.

  postpone(cell: Cell): void {
    if (this.#openFailure !== undefined) throw this.#openFailure.error
    this.#postponed.add(cell)
  }

  activate(id: string, definition: AgentDefinition): DurableOwner {
    return this.#init.openStore().activate(id, durableDefinitionOf(definition))
  }

  ticketOf(event: AnyEventObject): Ticket | undefined {
    return this.#init.mail.ticketOf(event)
  }

  takeTicket(cell: Cell, event: AnyEventObject): Ticket | undefined {
    const ticket = this.#init.mail.ticketOf(event)
    if (ticket !== undefined) this.#init.mail.taken(cell, event)
    return ticket
  }

  isAllStored(cell: Cell): boolean {
    return this.#init.mail.isAllStored(cell)
  }

  withHeldReply(event: AnyEventObject): AnyEventObject {
    return this.#init.withHeldReply(event)
  }

  opened(cell: Cell, owner: DurableOwner): void {
    if (this.#cells.has(owner)) return
    this.#cells.set(owner, cell)
    const { early, places, system } = this.#init
    const mail = takeMail(cell)
    for (const entry of owner.waiting()) this.received(owner, entry)
    for (const event of mail) {
      if (early.store(event)) continue
      if (cell.status === RUNNING) putMail(cell, event)
      else system().deadLetters.put(cell, event, 'stopped')
    }
    const passivateAfterMs = cell.behaviour.definition.durable?.passivateAfterMs
    if (passivateAfterMs !== undefined) places.passivateLater(cell, passivateAfterMs)
  }

  afterTurn(cell: Cell): void {
    const store = this.#init.openStore()
    if (!store.isCongested || cell.status !== RUNNING) return
    cell.marks |= HELD
    store.afterCongestion(() => {
      cell.marks &= ~HELD
      this.#enqueueWaiting(cell, SCHEDULED | SUSPENDED)
    })
  }

  failing(cell: Cell): void {
    // Its logic is not told of such an end, and its store must be.
    this.#init.environment.soon(() => {
      if (cell.status === STOPPED) this.#forget(cell)
    })
  }

  released(cell: Cell, owner: DurableOwner | undefined): void {
    const { early, mail, store } = this.#init
    const notStored = mail.takeBack(cell, (message) => early.has(message))
    if (this.isOpen) for (const message of notStored) early.store(message)
    if (owner === undefined) return
    this.#cells.delete(owner)
    store()?.released(owner)
  }

  // What the store tells.

  received(owner: DurableOwner, entry: InboxEntry): void {
    const cell = this.#liveCell(owner)
    if (cell === undefined) return
    try {
      this.#init.mail.put(cell, owner.eventOf(entry), { owner, consumed: entry.sequence })
    } catch (error: unknown) {
      this.#endFailed(cell, error)
    }
  }

  due(owner: DurableOwner, { event, fired }: DueTimer): void {
    const cell = this.#liveCell(owner)
    if (cell !== undefined) this.#init.mail.put(cell, event, { owner, fired })
  }

  wake(id: string): void {
    if (this.#woken.has(id) || this.#isStopped) return
    this.#woken.add(id)
    this.#init.environment.soon(() => {
      this.#woken.delete(id)
      this.#init.places.wake(id)
    })
  }

  fenced(owner: DurableOwner): void {
    const cell = this.#liveCell(owner)
    if (cell !== undefined) endTree(cell, 'stopped')
  }

  failed(error: CodedError): void {
    this.#init.environment.log('Durable actors stop: their journal cannot be written.', error)
    this.#init.places.close()
    for (const cell of this.#cells.values()) {
      if (cell.status !== STOPPED) this.#endFailed(cell, error)
    }
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
    const system = this.#init.system()
    const base = system.deferred.length
    cell.behaviour.start(cell)
    try {
      runDeferred(system, base)
    } catch (error: unknown) {
      system.childFailed(cell, error, undefined)
    }
    this.#enqueueWaiting(cell, SCHEDULED | SUSPENDED | HELD)
  }

  /** Gives a cell with messages its turn, unless it has one of the marks. */
  #enqueueWaiting(cell: Cell, marks: number): void {
    if (cell.slot !== undefined && cell.status === RUNNING && (cell.marks & marks) === 0) {
      this.#init.system().enqueue(cell)
    }
  }

  #endFailed(cell: Cell, error: unknown): void {
    cell.behaviour.setError(cell, error)
    const { id, address } = cell
    this.#init.places.noteFailure(cell, error)
    this.#forget(cell)
    if (!endFailed(cell, error)) this.#init.system().report({ type: 'actor-lost', id, address, error })
  }

  /** A failed actor's logic is not told of its end; its store is. */
  #forget(cell: Cell): void {
    if (!(cell.behaviour instanceof DurableBehaviour)) return
    const { owner } = cell.behaviour
    cell.behaviour.owner = undefined
    this.released(cell, owner)
  }
}
