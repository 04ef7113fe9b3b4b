/** The slow half of a send: the mailbox has messages, or is closed, or full. */
import type { AnyEventObject } from 'xstate'
import {
  DRAINING,
  eventTypeError,
  HELD,
  NOT_STARTED,
  SCHEDULED,
  STOPPED,
  SUSPENDED,
  type Behaviour,
  type Cell,
} from '../cell/cell.ts'

/** With `credit`, the most that one turn of one sender may put beyond the bound, as a multiple of it. */
export const CREDIT_OVERFLOW = 2

/** A behaviour some of whose messages are not to be dropped for newer ones. */
export interface MailKeeper {
  keepsMail(event: AnyEventObject): boolean
  /** Whether all that waits is known to be such, without a look at each; false also where that is not known. */
  keepsAllMail(cell: Cell): boolean
}

export function mailSize(cell: Cell): number {
  return cell.slot === undefined ? 0 : 1 + (cell.ring?.size ?? 0)
}

/** @returns Whether the message was taken. */
export function sendToBusy(cell: Cell, event: AnyEventObject): boolean {
  if (typeof event?.type !== 'string') throw eventTypeError(event)
  const { system } = cell
  if (cell.status === STOPPED || (cell.marks & DRAINING) !== 0) {
    system.deadLetters.put(cell, event, cell.status === STOPPED ? 'stopped' : 'draining')
    return false
  }
  const { bound } = cell.behaviour.definition.mailbox
  const waiting = mailSize(cell)
  if (waiting >= bound && !makeRoom(cell, event, waiting)) {
    return cell.behaviour.definition.mailbox.atBound === 'drop-newest'
  }
  putMail(cell, event)
  return true
}

/** Puts a message last whatever the bound says: control messages are never dropped. */
export function putMail(cell: Cell, event: AnyEventObject): void {
  if (cell.slot === undefined) {
    cell.slot = event
    if (cell.status !== NOT_STARTED && (cell.marks & (SCHEDULED | SUSPENDED | HELD)) === 0) {
      cell.system.enqueue(cell)
    }
    return
  }
  cell.ring ??= cell.system.rings.get()
  cell.ring.push(event)
}

/** @returns Whether the message may be put; otherwise it has become a dead letter. */
function makeRoom(cell: Cell, event: AnyEventObject, waiting: number): boolean {
  const { system } = cell
  const { atBound, bound } = cell.behaviour.definition.mailbox
  switch (atBound) {
    case 'credit':
      if (system.current === undefined || waiting >= bound * CREDIT_OVERFLOW || waitsFor(cell, system.current)) break
      holdSender(system.current, cell)
      return true
    case 'drop-oldest': {
      const oldest = takeOldest(cell)
      if (oldest === undefined) break
      system.deadLetters.put(cell, oldest, 'dropped')
      return true
    }
    case 'refuse':
    case 'drop-newest':
      break
  }
  system.deadLetters.put(cell, event, 'mailbox-full')
  return false
}

/** The message that waits longest and may be dropped; `undefined` when none of those that wait may be. */
function takeOldest(cell: Cell): AnyEventObject | undefined {
  const { behaviour } = cell
  const keeper = isKeeper(behaviour) ? behaviour : undefined
  if (keeper?.keepsAllMail(cell) === true) return undefined
  const waiting: AnyEventObject[] = []
  for (let event = shiftMail(cell); event !== undefined; event = shiftMail(cell)) {
    if (event.type === TERMINATED || keeper?.keepsMail(event) === true) waiting.push(event)
    else {
      for (const control of waiting.reverse()) unshiftMail(cell, control)
      return event
    }
  }
  for (const control of waiting.reverse()) unshiftMail(cell, control)
  return undefined
}

function isKeeper(behaviour: Behaviour): behaviour is Behaviour & MailKeeper {
  return 'keepsMail' in behaviour
}

const TERMINATED = 'kernell.terminated'

function shiftMail(cell: Cell): AnyEventObject | undefined {
  const { slot } = cell
  cell.slot = cell.ring?.shift()
  return slot
}

function unshiftMail(cell: Cell, event: AnyEventObject): void {
  if (cell.slot !== undefined) {
    cell.ring ??= cell.system.rings.get()
    cell.ring.unshift(cell.slot)
  }
  cell.slot = event
}

/** Whether `first` waits for room in the mailbox of `second`, or of whoever that waits for; or is it. */
export function waitsFor(first: Cell, second: Cell): boolean {
  let waiter: { readonly extras: Cell['extras'] } | undefined = first
  while (waiter !== undefined) {
    if (waiter === second) return true
    waiter = waiter.extras?.heldBy
  }
  return false
}

/** Takes the sender's turns away until the target has room. For ever, if that `waitsFor` the sender. */
export function holdSender(sender: Cell, target: Cell): void {
  // It waits already, for the first of several full mailboxes; this one takes the message all the same.
  if ((sender.marks & HELD) !== 0) return
  sender.marks |= HELD
  sender.more().heldBy = target
  const extras = target.more()
  extras.held ??= new Set()
  extras.held.add({
    release: () => {
      sender.marks &= ~HELD
      if (sender.extras !== undefined) sender.extras.heldBy = undefined
      if (sender.slot === undefined || sender.status === STOPPED || (sender.marks & (SCHEDULED | SUSPENDED)) !== 0)
        return
      sender.system.enqueue(sender)
    },
  })
}

/** After a turn: senders that waited for room go on once half of it is free. */
export function releaseWhenRoom(cell: Cell): void {
  const { extras } = cell
  if (extras?.held === undefined && extras?.roomWaiters === undefined) return
  const { bound } = cell.behaviour.definition.mailbox
  if (mailSize(cell) > bound / 2) return
  const { held, roomWaiters } = extras
  extras.held = undefined
  for (const waiting of held ?? []) waiting.release()
  for (const waiter of roomWaiters ?? []) {
    if (mailSize(cell) >= bound) return
    roomWaiters?.delete(waiter)
    waiter.take()
  }
  extras.roomWaiters = undefined
}
