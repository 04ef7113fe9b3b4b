import type { AnyEventObject } from 'xstate'
import { HELD, SCHEDULED, STOPPED, SUSPENDED, type Cell } from '../cell/cell.ts'
import { mailSize } from '../delivery/full-mailbox.ts'

/** What may wait for one mailbox. Senders hear late that it is full, so this is what may be on the way until they do. */
const WAITING_MAX = 65_536

type Queue = { readonly events: AnyEventObject[]; readonly peers: Set<number> }

/**
 * Mailboxes with the policy `credit`, for senders on other threads: what comes for a full one waits here, in order, and the
 * sending threads are told to wait until there is room.
 */
export class CreditDesk {
  private readonly queues = new Map<Cell, Queue>()
  private readonly tell: (peer: number, cell: Cell, isFull: boolean) => void

  constructor(tell: (peer: number, cell: Cell, isFull: boolean) => void) {
    this.tell = tell
  }

  /** @returns Whether the event was taken; else it has become a dead letter. */
  offer(peer: number, cell: Cell, event: AnyEventObject): boolean {
    const { bound } = cell.behaviour.definition.mailbox
    const known = this.queues.get(cell)
    if (known === undefined && mailSize(cell) < bound) return cell.send(event)
    const queue = known ?? this.open(cell)
    if (queue.events.length >= WAITING_MAX || cell.status === STOPPED) {
      cell.system.deadLetters.put(cell, event, cell.status === STOPPED ? 'stopped' : 'mailbox-full')
      return false
    }
    queue.events.push(event)
    if (!queue.peers.has(peer)) {
      queue.peers.add(peer)
      this.tell(peer, cell, true)
    }
    return true
  }

  /** What waits for an actor that leaves, oldest first. */
  takeAll(cell: Cell): readonly AnyEventObject[] {
    const queue = this.queues.get(cell)
    this.queues.delete(cell)
    for (const peer of queue?.peers ?? []) this.tell(peer, cell, false)
    return queue?.events ?? []
  }

  private open(cell: Cell): Queue {
    const queue: Queue = { events: [], peers: new Set() }
    this.queues.set(cell, queue)
    this.awaitRoom(cell, queue)
    return queue
  }

  private awaitRoom(cell: Cell, queue: Queue): void {
    const extras = cell.more()
    const refill = (): void => this.refill(cell, queue)
    extras.roomWaiters ??= new Set()
    extras.roomWaiters.add({ take: refill, ended: refill })
  }

  /** Called when half of the mailbox is free, and at the end of the actor. */
  private refill(cell: Cell, queue: Queue): void {
    if (this.queues.get(cell) !== queue) return
    const { bound } = cell.behaviour.definition.mailbox
    let count = 0
    for (const event of queue.events) {
      if (cell.status !== STOPPED && mailSize(cell) >= bound) break
      cell.send(event)
      count += 1
    }
    queue.events.splice(0, count)
    if (queue.events.length > 0) {
      this.awaitRoom(cell, queue)
      return
    }
    this.queues.delete(cell)
    for (const peer of queue.peers) this.tell(peer, cell, false)
  }
}

/** Senders of this thread that have no turn until actors of other threads, or the ways there, have room. */
export class HeldSenders {
  /** By what they wait for: an actor with a full mailbox, or a full way to another thread. */
  private readonly byCause = new Map<object, Set<Cell>>()

  /** @returns False when nobody has a turn who could be held. */
  hold(sender: Cell | undefined, cause: object): boolean {
    if (sender === undefined) return false
    // It waits already for another one; this message is taken all the same.
    if ((sender.marks & HELD) !== 0) return true
    sender.marks |= HELD
    const held = this.byCause.get(cause) ?? new Set()
    this.byCause.set(cause, held)
    held.add(sender)
    return true
  }

  release(cause: object): void {
    const held = this.byCause.get(cause)
    this.byCause.delete(cause)
    for (const sender of held ?? []) {
      sender.marks &= ~HELD
      const isReady = sender.slot !== undefined && sender.status !== STOPPED
      if (isReady && (sender.marks & (SCHEDULED | SUSPENDED)) === 0) sender.system.enqueue(sender)
    }
  }
}
