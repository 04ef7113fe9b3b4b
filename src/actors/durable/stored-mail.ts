import type { AnyEventObject } from 'xstate'
import type { Cell, StepObserver } from '../cell/cell.ts'
import { putMail } from '../delivery/full-mailbox.ts'
import type { DurableOwner } from './durable-owner.ts'
import type { FiredTimer } from './journal-record.ts'

/** What makes a message one that the store knows of: the turn that handles it says so. */
export type Ticket =
  | { readonly owner: DurableOwner; readonly consumed: number }
  | { readonly owner: DurableOwner; readonly fired: FiredTimer }

/** Messages of the store on their way through mailboxes. They look like any other there. */
export class StoredMail {
  readonly #tickets = new WeakMap<AnyEventObject, Ticket>()
  readonly #observer: () => Pick<StepObserver, 'sent'> | undefined

  /** @param observer  Who sees each message on its way, if anybody does. */
  constructor(observer: () => Pick<StepObserver, 'sent'> | undefined) {
    this.#observer = observer
  }

  /** Whatever the bound of the mailbox says: the store has its own. */
  put(cell: Cell, event: AnyEventObject, ticket: Ticket): void {
    const { system } = cell
    // An object of its own: the same event may wait for several actors.
    const message = Object.freeze({ ...event })
    this.#tickets.set(message, ticket)
    this.#observer()?.sent(message)
    if (system.isInspected) {
      system._sendInspectionEvent({ type: '@xstate.event', sourceRef: undefined, actorRef: cell, event: message })
    }
    putMail(cell, message)
  }

  ticketOf(message: AnyEventObject): Ticket | undefined {
    return this.#tickets.get(message)
  }

  /** Takes them out of a mailbox whose actor leaves memory: they are stored, and no dead letters. */
  takeBack(cell: Cell): void {
    const kept: AnyEventObject[] = []
    if (cell.slot !== undefined && !this.#tickets.has(cell.slot)) kept.push(cell.slot)
    for (let event = cell.ring?.shift(); event !== undefined; event = cell.ring?.shift()) {
      if (!this.#tickets.has(event)) kept.push(event)
    }
    cell.slot = kept.shift()
    for (const event of kept) cell.ring?.push(event)
    if (cell.ring?.size === 0) cell.ring = undefined
  }

  /** No turn could handle it: it leaves the inbox all the same. */
  discard(message: AnyEventObject): void {
    const ticket = this.#tickets.get(message)
    if (ticket === undefined || ticket.owner.actor === undefined) return
    const { owner } = ticket
    if ('consumed' in ticket) owner.discard(ticket.consumed)
    else owner.commit(owner.beginTurn(), { state: owner.state, fired: ticket.fired })
  }
}

/** Whether the message is still to be handled: not consumed, not cancelled, and by this activation. */
export function isTicketOpen(ticket: Ticket): boolean {
  return 'consumed' in ticket ? ticket.owner.isWaiting(ticket.consumed) : ticket.owner.isDue(ticket.fired)
}
