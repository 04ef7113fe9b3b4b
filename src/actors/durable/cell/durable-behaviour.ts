import type { AnyActorLogic, AnyEventObject, Snapshot } from 'xstate'
import type { AgentDefinition } from '../../agent-definition.ts'
import { RUNNING, STOPPED, SUSPENDED, WHOLE, type Cell } from '../../cell/cell.ts'
import { endTree } from '../../cell/life.ts'
import { holdSender, type MailKeeper } from '../../delivery/full-mailbox.ts'
import { notifyNext } from '../../delivery/observers.ts'
import { isTicketOpen, type Ticket } from '../inbox/stored-mail.ts'
import type { FiredTimer } from '../state/journal-record.ts'
import type { DurableOwner } from '../turn/durable-owner.ts'
import { adoptChildren, sendToChild, type ChildRoot } from './durable-child.ts'
import { DurableScope } from './durable-scope.ts'
import { storedFormOf, type StoredForm } from './stored-form.ts'
import {
  RELAY,
  TO_CHILD,
  type CurrentTurn,
  type DurableRoot,
  type RelayEvent,
  type ToChildEvent,
  type TurnGate,
} from './turn-gate.ts'

/** What a durable actor uses of the system's extension. */
export interface DurableRuntime {
  readonly gate: TurnGate
  readonly isOpen: boolean
  /** The store is not open yet: the cell is to be opened when it is. */
  postpone(cell: Cell): void
  activate(id: string, definition: AgentDefinition): DurableOwner
  /** Where the message is stored, if it is. */
  ticketOf(event: AnyEventObject): Ticket | undefined
  /** As `ticketOf`, for a message that has left the mailbox. */
  takeTicket(cell: Cell, event: AnyEventObject): Ticket | undefined
  /** Whether all that waits in the mailbox is known to be stored. */
  isAllStored(cell: Cell): boolean
  /** The event with its way back held until the turn is stored. */
  withHeldReply(event: AnyEventObject): AnyEventObject
  /** The actor has been opened: what waits for it may come. */
  opened(cell: Cell, owner: DurableOwner): void
  /** After a turn: the actor may have to wait for the disk. */
  afterTurn(cell: Cell): void
  /** It failed: its supervisor starts it again, or ends it for good. */
  failing(cell: Cell): void
  /** The cell ends, or starts again with another owner. */
  released(cell: Cell, owner: DurableOwner | undefined): void
}

type TurnInit = {
  readonly event: AnyEventObject
  readonly task: () => void
  readonly ticket?: Ticket | undefined
}

/**
 * A durable actor's way to run its logic: each message is a turn, each turn is a record, and nothing of it is seen outside
 * before that is on stable storage. A restart by its supervisor goes on from the last stored state.
 */
export class DurableBehaviour implements DurableRoot, ChildRoot, MailKeeper {
  readonly isSupervisor = false
  readonly logic: AnyActorLogic
  readonly definition: AgentDefinition
  owner: DurableOwner | undefined = undefined
  readonly #runtime: DurableRuntime
  readonly #form: StoredForm
  #scope: DurableScope | undefined
  /** Set while a turn is made that gave the reason for a new beginning. */
  #beginsAnew = false

  constructor(definition: AgentDefinition, runtime: DurableRuntime) {
    this.definition = definition
    this.logic = definition.logic
    this.#runtime = runtime
    this.#form = storedFormOf(definition)
  }

  get currentTurn(): CurrentTurn | undefined {
    return this.#runtime.gate.current
  }

  initialise(cell: Cell): void {
    cell.marks |= WHOLE
    cell.state = NOT_OPEN
    if (!this.#runtime.isOpen) {
      cell.marks |= SUSPENDED
      this.#runtime.postpone(cell)
      return
    }
    const owner = this.owner ?? this.#runtime.activate(cell.id, this.definition)
    this.owner = owner
    const scope = new DurableScope(cell, this.#runtime.gate)
    this.#scope = scope
    const { logic } = this
    // The scope's type differs from XState's in what its logic never sees.
    if (!owner.isCreated || this.#beginsAnew) cell.state = logic.getInitialSnapshot(scope as never, cell.input)
    else {
      const stored = this.#form.fromStored(owner.stateForLogic(!this.#form.isReducer))
      cell.state = logic.restoreSnapshot === undefined ? stored : logic.restoreSnapshot(stored, scope as never)
    }
    scope.reset()
  }

  start(cell: Cell): void {
    const { owner } = this
    if (owner === undefined) return
    try {
      this.#turn(cell, {
        event: INIT_EVENT,
        task: () => {
          const snapshot = cell.state as Snapshot<unknown>
          if (snapshot.status === 'active') this.logic.start?.(snapshot, this.#scope as never)
        },
      })
    } catch (error: unknown) {
      cell.system.childFailed(cell, error, undefined)
      return
    }
    this.#beginsAnew = false
    if (cell.status === RUNNING) this.#runtime.opened(cell, owner)
  }

  step(cell: Cell, message: AnyEventObject): void {
    const ticket = this.#runtime.takeTicket(cell, message)
    if (ticket !== undefined && !isTicketOpen(ticket)) return
    const event = ticket === undefined ? this.#runtime.withHeldReply(message) : message
    this.#turn(cell, { event, task: () => this.#handle(cell, event), ticket })
    this.#runtime.afterTurn(cell)
  }

  /** A child that XState made has a message: that is a turn of the actor it belongs to. */
  stepOfChild(cell: Cell, task: () => void): void {
    if (this.owner === undefined || cell.status !== RUNNING) return
    try {
      this.#turn(cell, { event: CHILD_EVENT, task })
    } catch (error: unknown) {
      cell.system.childFailed(cell, error, undefined)
    }
  }

  /** What is stored was acknowledged. */
  keepsMail(event: AnyEventObject): boolean {
    return this.#runtime.ticketOf(event) !== undefined
  }

  keepsAllMail(cell: Cell): boolean {
    return this.#runtime.isAllStored(cell)
  }

  /** Not the end of the actor, which is stored: it leaves memory. XState's own children are ended by whoever calls this. */
  end(cell: Cell): void {
    const { owner } = this
    this.owner = undefined
    this.#scope?.clear()
    this.#runtime.released(cell, owner)
  }

  snapshotOf(cell: Cell): Snapshot<unknown> {
    return cell.state as Snapshot<unknown>
  }

  persistedSnapshotOf(cell: Cell, options?: unknown): Snapshot<unknown> {
    return this.logic.getPersistedSnapshot(cell.state, options)
  }

  setError(cell: Cell, error: unknown): void {
    cell.state = { ...(cell.state as Snapshot<unknown>), status: 'error', error }
    this.#runtime.failing(cell)
  }

  #handle(cell: Cell, event: AnyEventObject): void {
    if (event.type === TO_CHILD) {
      sendToChild(cell, event as unknown as ToChildEvent)
      return
    }
    if (event.type === RELAY) {
      const { to, event: inner } = event as unknown as RelayEvent
      cell.system._relay(cell, to, inner)
      return
    }
    cell.state = this.logic.transition(cell.state, event, this.#scope as never)
  }

  #turn(cell: Cell, { event, task, ticket }: TurnInit): void {
    const { owner } = this
    const scope = this.#scope
    if (owner === undefined || scope === undefined) return
    const before = cell.state
    const turn = owner.beginTurn()
    try {
      this.#runtime.gate.run({ cell, owner, turn }, () => {
        task()
        scope.reset()
        scope.runDeferred()
        adoptChildren(cell, cell, this)
      })
      const snapshot = cell.state as Snapshot<unknown>
      if (snapshot.status === 'error') throw snapshot.error
      if (snapshot.status !== 'active') turn.cancelTimers(storedTimersOf(owner))
      if (snapshot !== before || event === INIT_EVENT) this.#tell(cell, { event, snapshot, turn })
      const isStashed = cell.extras?.stash?.at(-1) === event
      owner.commit(turn, {
        state: this.#form.toStored(snapshot),
        ...(ticket !== undefined && !isStashed && handledBy(ticket)),
      })
      for (const target of turn.full ?? []) holdSender(cell, target)
    } catch (error: unknown) {
      scope.clear()
      scope.reset()
      cell.state = before
      turn.forget(error)
      throw error
    }
  }

  /** What others hear of the turn when it is stored. */
  #tell(
    cell: Cell,
    told: {
      readonly event: AnyEventObject
      readonly snapshot: Snapshot<unknown>
      readonly turn: ReturnType<DurableOwner['beginTurn']>
    },
  ): void {
    const { event, snapshot, turn } = told
    const { system } = cell
    if (system.isInspected) system._sendInspectionEvent({ type: '@xstate.snapshot', actorRef: cell, event, snapshot })
    if (cell.extras?.observers !== undefined) turn.holdBack(() => notifyNext(cell, snapshot))
    if (snapshot.status !== 'done') return
    // Nothing is handled any more, and nobody knows yet.
    cell.marks |= SUSPENDED
    turn.holdBack(() => {
      if (cell.status === STOPPED) return
      cell.marks &= ~SUSPENDED
      this.#beginsAnew = true
      if (system.childDone(cell)) return
      endTree(cell, 'done')
      this.end(cell)
    })
  }
}

function storedTimersOf(owner: DurableOwner): Iterable<string> {
  return owner.isCreated ? (owner.actor?.timers?.keys() ?? []) : []
}

function handledBy(ticket: Ticket): { readonly consumed: number } | { readonly fired: FiredTimer } {
  return 'consumed' in ticket ? { consumed: ticket.consumed } : { fired: ticket.fired }
}

/** Before the store is open. */
const NOT_OPEN: Snapshot<unknown> & { readonly context: undefined } = Object.freeze({
  status: 'active',
  output: undefined,
  error: undefined,
  context: undefined,
})
const INIT_EVENT: AnyEventObject = Object.freeze({ type: 'xstate.init' })
const CHILD_EVENT: AnyEventObject = Object.freeze({ type: 'kernell.child' })
