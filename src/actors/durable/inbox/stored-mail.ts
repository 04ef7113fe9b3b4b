import type { AnyEventObject } from 'xstate'
import type { Cell, StepObserver } from '../../cell/cell.ts'
import { mailSize, putMail } from '../../delivery/full-mailbox.ts'
import type { FiredTimer } from '../state/journal-record.ts'
import type { DurableOwner } from '../turn/durable-owner.ts'

/** What makes a message one that the store knows of: the turn that handles it says so. */
export type Ticket =
  | { readonly owner: DurableOwner; readonly consumed: number }
  | { readonly owner: DurableOwner; readonly fired: FiredTimer }

/** Messages of the store on their way through mailboxes. They look like any other there. */
export class StoredMail {
  readonly #tickets = new WeakMap<AnyEventObject, Ticket>()
  /** What is in the mailboxes, as far as it was put there; what came back, because its turn failed, is not counted again. */
  readonly #waiting = new WeakMap<Cell, Set<AnyEventObject>>()
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
    const waiting = this.#waiting.get(cell)
    if (waiting === undefined) this.#waiting.set(cell, new Set([message]))
    else waiting.add(message)
    putMail(cell, message)
  }

  /** A message has left the mailbox. */
  taken(cell: Cell, message: AnyEventObject): void {
    this.#waiting.get(cell)?.delete(message)
  }

  /** Whether all that waits is known to be stored. */
  isAllStored(cell: Cell): boolean {
    return (this.#waiting.get(cell)?.size ?? 0) >= mailSize(cell)
  }

  ticketOf(message: AnyEventObject): Ticket | undefined {
    return this.#tickets.get(message)
  }

  /**
   * Takes them out of a mailbox whose actor leaves memory: they are stored, and no dead letters.
   *
   * @param isEarly  Tells messages that are still to be stored.
   * @returns Those.
   */
  takeBack(cell: Cell, isEarly: (message: AnyEventObject) => boolean): readonly AnyEventObject[] {
    const mail = takeMail(cell)
    this.#waiting.delete(cell)
    for (const event of mail) if (!this.#tickets.has(event) && !isEarly(event)) putBack(cell, event)
    return mail.filter(isEarly)
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

/** Empties a mailbox. @returns What was in it, in its order. */
export function takeMail(cell: Cell): readonly AnyEventObject[] {
  const { slot, ring } = cell
  cell.slot = undefined
  cell.ring = undefined
  const mail: AnyEventObject[] = []
  if (slot !== undefined) mail.push(slot)
  for (let event = ring?.shift(); event !== undefined; event = ring?.shift()) mail.push(event)
  if (ring !== undefined) cell.system.rings.give(ring)
  return mail
}

/** As `putMail`, without a turn for it. */
function putBack(cell: Cell, event: AnyEventObject): void {
  if (cell.slot === undefined) {
    cell.slot = event
    return
  }
  cell.ring ??= cell.system.rings.get()
  cell.ring.push(event)
}

/** Whether the message is still to be handled: not consumed, not cancelled, and by this activation. */
export function isTicketOpen(ticket: Ticket): boolean {
  return 'consumed' in ticket ? ticket.owner.isWaiting(ticket.consumed) : ticket.owner.isDue(ticket.fired)
}
