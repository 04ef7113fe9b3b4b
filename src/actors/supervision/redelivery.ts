/** What becomes of a message that made its actor fail. */
import type { AnyActorLogic, AnyEventObject, Snapshot } from 'xstate'
import type { AgentDefinition } from '../agent-definition.ts'
import type { Behaviour, Cell } from '../cell/cell.ts'

export type ChildFailure = { readonly error: unknown; readonly event: AnyEventObject | undefined }

/** The message that the actor failed over goes before the others once more, or is a dead letter. */
export function keepOrBury(cell: Cell, { event, error }: ChildFailure): void {
  if (event === undefined || event.type.startsWith('xstate.init')) return
  const extras = cell.more()
  extras.failures = extras.failedEvent === event ? extras.failures + 1 : 1
  extras.failedEvent = event
  if (extras.failures > cell.behaviour.definition.restart.redeliveries) {
    extras.failedEvent = undefined
    cell.system.deadLetters.put(cell, event, 'poison')
    tellAsker(event, error)
    return
  }
  if (cell.slot !== undefined) {
    cell.ring ??= cell.system.rings.get()
    cell.ring.unshift(cell.slot)
  }
  cell.slot = event
}

/** Whoever asked hears at once that nobody will answer, and why. */
function tellAsker(event: AnyEventObject, error: unknown): void {
  const { replyTo } = event as { readonly replyTo?: { readonly failed?: (error: unknown) => void } }
  if (typeof replyTo?.failed === 'function') replyTo.failed(error)
}

/**
 * After a restart: if the message that comes next is given again, its success must end the count, as the sender may send
 * the same object once more. Costs those that never fail nothing. A message to a durable actor is an object of its own.
 */
export function watchRedelivery(cell: Cell): void {
  const { extras, slot, behaviour } = cell
  if (slot === undefined || extras?.failedEvent !== slot || 'keepsMail' in behaviour) return
  cell.behaviour = new RedeliveryBehaviour(behaviour, slot)
}

/** Before a restart: the way to run the logic is its own again. */
export function endWatchOfRedelivery(cell: Cell): void {
  if (cell.behaviour instanceof RedeliveryBehaviour) cell.behaviour = cell.behaviour.inner
}

/** Another behaviour for one step. */
class RedeliveryBehaviour implements Behaviour {
  readonly isSupervisor = false
  readonly logic: AnyActorLogic
  readonly definition: AgentDefinition
  readonly inner: Behaviour
  readonly #event: AnyEventObject

  constructor(inner: Behaviour, event: AnyEventObject) {
    this.inner = inner
    this.logic = inner.logic
    this.definition = inner.definition
    this.#event = event
  }

  initialise(cell: Cell, stored?: Snapshot<unknown>): void {
    this.inner.initialise(cell, stored)
  }

  start(cell: Cell): void {
    this.inner.start(cell)
  }

  step(cell: Cell, event: AnyEventObject): void {
    cell.behaviour = this.inner
    const failures = cell.extras?.failures
    this.inner.step(cell, event)
    // What the logic threw never gets here, and what it says of a failure has been counted.
    const { extras } = cell
    // One that was put aside is yet to be handled.
    if (extras?.stash?.includes(this.#event) === true) return
    if (extras?.failedEvent === this.#event && extras.failures === failures) extras.failedEvent = undefined
  }

  end(cell: Cell): void {
    this.inner.end(cell)
  }

  snapshotOf(cell: Cell): Snapshot<unknown> {
    return this.inner.snapshotOf(cell)
  }

  persistedSnapshotOf(cell: Cell, options?: unknown): Snapshot<unknown> {
    return this.inner.persistedSnapshotOf(cell, options)
  }

  setError(cell: Cell, error: unknown): void {
    this.inner.setError(cell, error)
  }
}
