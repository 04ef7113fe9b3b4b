import type { EventObject } from 'xstate'
import type { ActorRef, ReplyTarget, Terminated } from '../actor-ref.ts'
import { Cell, STOPPED } from '../cell/cell.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { formatAddress, parseAddress } from '../system/address.ts'
import { describeError } from './describe-error.ts'
import type { ActorKey, ControlMessage } from './protocol.ts'
import { RemoteRef } from './remote-ref.ts'
import type { RefRouter } from './remote-ref.ts'
import { OpenReply } from './requests.ts'
import type { Requests } from './requests.ts'
import type { ReferenceCodec, WireReference } from './value-encoder.ts'

export type ReferenceTableInit = {
  readonly thread: number
  /** Of actors that were made on this thread; see `protocol.ts`. */
  readonly home: number
  readonly system: ActorSystem
  readonly router: RefRouter
  readonly requests: Requests
  readonly control: (thread: number, message: ControlMessage) => void
}

const ENDED_MAX = 1_000
const REPLY = 'reply'

/** What other threads know of the actors of this one, and this one of theirs. */
export class ReferenceTable {
  readonly init: ReferenceTableInit
  /** Actors of this thread that events took elsewhere, by their number. */
  private readonly own = new Map<number, ActorRef>()
  private readonly ownNumbers = new Map<string, number>()
  /** Actors that the first thread placed here. */
  private readonly placed = new Map<number, Cell>()
  private readonly placedNumbers = new Map<Cell, number>()
  /** How the latest of those that ended did, for whoever asks late. */
  private readonly ended = new Map<string, Terminated>()
  private readonly forwarded = new WeakMap<object, RemoteRef>()
  private readonly refs = new Map<string, WeakRef<RemoteRef>>()
  private readonly collected = new FinalizationRegistry<string>((key) => {
    if (this.refs.get(key)?.deref() === undefined) this.refs.delete(key)
  })
  /** Where actors of the first thread's numbers are, as far as that is not where their references say. */
  private readonly movedTo = new Map<number, number>()

  constructor(init: ReferenceTableInit) {
    this.init = init
  }

  /** An actor of this thread by what other threads call it. */
  find(number: number, home: number): ActorRef | undefined {
    return (
      (home === 0 ? this.placed.get(number) : undefined) ?? (home === this.init.home ? this.own.get(number) : undefined)
    )
  }

  /** What other threads call an actor of this one that was placed here or was made known. */
  keyOf(cell: Cell): ActorKey {
    const placed = this.placedNumbers.get(cell)
    return placed === undefined ? { number: cell.number, home: this.init.home } : { number: placed, home: 0 }
  }

  endOf(number: number, home: number): Terminated | undefined {
    return this.ended.get(keyOf(number, home))
  }

  placedCell(number: number): Cell | undefined {
    return this.placed.get(number)
  }

  /** The cell's actor has left: whoever has the cell means the reference. */
  forward(cell: Cell, ref: RemoteRef): void {
    this.forwarded.set(cell, ref)
  }

  addPlaced(number: number, cell: Cell): void {
    this.placed.set(number, cell)
    this.placedNumbers.set(cell, number)
  }

  removePlaced(number: number): void {
    const cell = this.placed.get(number)
    this.placed.delete(number)
    if (cell !== undefined) this.placedNumbers.delete(cell)
  }

  rememberEnd(number: number, home: number, terminated: Terminated): void {
    const [oldest] = this.ended.keys()
    if (this.ended.size >= ENDED_MAX && oldest !== undefined) this.ended.delete(oldest)
    this.ended.set(keyOf(number, home), terminated)
  }

  /** The reference to an actor of another thread, if there is one on this. */
  knownRef(number: number, home: number): RemoteRef | undefined {
    return this.refs.get(keyOf(number, home))?.deref()
  }

  knownRefs(): readonly RemoteRef[] {
    return [...this.refs.values()].flatMap((ref) => ref.deref() ?? [])
  }

  /** The reference to an actor of another thread; always the same while somebody holds it. */
  refTo(init: { number: number; home: number; thread: number; id: string; address: string }): RemoteRef {
    const key = keyOf(init.number, init.home)
    const known = this.refs.get(key)?.deref()
    if (known !== undefined) return known
    const thread = (init.home === 0 ? this.movedTo.get(init.number) : undefined) ?? init.thread
    const ref = new RemoteRef({ ...init, thread, router: this.init.router })
    this.refs.set(key, new WeakRef(ref))
    this.collected.register(ref, key)
    return ref
  }

  moved(number: number, thread: number): void {
    this.movedTo.set(number, thread)
    const ref = this.knownRef(number, 0)
    if (ref !== undefined) ref.thread = thread
  }

  moves(): ReadonlyMap<number, number> {
    return this.movedTo
  }

  /** Codec for what comes from and goes to `peer`. */
  codecFor(peer: number): ReferenceCodec {
    return {
      encodeReference: (value) => this.encode(value),
      decodeReference: (reference) => this.decode(reference, peer),
    }
  }

  private encode(value: object): WireReference | undefined {
    // Of each question, and needs none of what follows.
    if (value instanceof OpenReply) return this.init.requests.numberOf(value)
    const isOwn = value instanceof RemoteRef && value.goesBy(this.init.router)
    const ref = isOwn ? value : this.forwarded.get(value)
    if (ref !== undefined) return `${ref.home} ${ref.thread} ${ref.address}`
    if (value instanceof RemoteReply) return `${REPLY} ${value.thread} ${value.number}`
    const { kernellCell } = value as { readonly kernellCell?: unknown }
    const cell = kernellCell instanceof Cell ? kernellCell : value
    if (cell instanceof Cell && cell.system === this.init.system) return this.encodeCell(cell)
    if (!isReplyTarget(cell)) return undefined
    if (!('address' in cell) || typeof cell.address !== 'string') return this.init.requests.numberOf(cell)
    return this.encodeOther(cell as ReplyTarget & ActorRef)
  }

  private encodeCell(cell: Cell): string {
    const { thread, home, system } = this.init
    if (this.placedNumbers.has(cell)) return `0 ${thread} ${cell.address}`
    if (cell.status !== STOPPED && !this.own.has(cell.number)) {
      this.own.set(cell.number, cell)
      const listener = {
        ended: (terminated: Terminated): void => {
          this.own.delete(cell.number)
          this.rememberEnd(cell.number, home, terminated)
        },
      }
      const extras = cell.more()
      extras.endListeners ??= new Set()
      extras.endListeners.add(listener)
    }
    const { address, number: incarnation } = cell
    // XState's logic may give its children names that no address can hold.
    const isPlain = parseAddress(address) !== undefined
    const place = { node: system.nodeName, worker: thread, path: String(incarnation), incarnation }
    return `${home} ${thread} ${isPlain ? address : formatAddress(place)}`
  }

  /** A reference of another kind: to an actor that is not always in memory, or of another system of this thread. */
  private encodeOther(ref: ActorRef): string {
    const { thread, home, system } = this.init
    let number = this.ownNumbers.get(ref.address)
    if (number === undefined) {
      number = system.bookNumber()
      this.ownNumbers.set(ref.address, number)
    }
    this.own.set(number, ref)
    const path = parseAddress(ref.address)?.path ?? ref.id
    return `${home} ${thread} ${formatAddress({ node: system.nodeName, worker: thread, path, incarnation: number })}`
  }

  private decode(reference: WireReference, peer: number): unknown {
    if (typeof reference === 'number') return new RemoteReply(peer, reference, this.init.control)
    const [first = '', second = '', third = ''] = reference.split(' ')
    const thread = Number(second)
    if (first === REPLY) {
      const number = Number(third)
      if (thread !== this.init.thread) return new RemoteReply(thread, number, this.init.control)
      return this.init.requests.targetOf(number) ?? new RemoteReply(thread, number, this.init.control)
    }
    const home = Number(first)
    const parts = parseAddress(third)
    if (parts === undefined) throw new TypeError(`Not an address: ${third}`)
    const number = parts.incarnation
    // While events for it wait, nobody may go past them, even where the actor already is.
    const isMoving = home === 0 && this.init.router.isMoving(number)
    return (
      (isMoving ? undefined : this.find(number, home)) ??
      this.refTo({ number, home, thread, id: parts.path, address: third })
    )
  }
}

function keyOf(number: number, home: number): string {
  return `${home}:${number}`
}

function isReplyTarget(value: object): value is ReplyTarget {
  return 'send' in value && typeof value.send === 'function'
}

/** Where an answer to an ask of another thread goes. */
export class RemoteReply implements ReplyTarget {
  readonly thread: number
  readonly number: number
  private readonly control: (thread: number, message: ControlMessage) => void

  constructor(thread: number, number: number, control: (thread: number, message: ControlMessage) => void) {
    this.thread = thread
    this.number = number
    this.control = control
  }

  /** True: whether somebody still waits is known on the other thread only. */
  send(event: EventObject): boolean {
    this.control(this.thread, { type: 'reply', reply: this.number, event })
    return true
  }

  refuse(error: unknown): void {
    this.control(this.thread, { type: 'no-reply', reply: this.number, error, hasFailed: false })
  }

  /** The actor that was asked failed over the question. */
  failed(error: unknown): void {
    const notice = { type: 'no-reply', reply: this.number, hasFailed: true } as const
    try {
      this.control(this.thread, { ...notice, error })
    } catch {
      // What it failed with stays here: its text goes.
      this.control(this.thread, { ...notice, error: new Error(describeError(error)) })
    }
  }

  /** XState's `sendTo` delivers through this. */
  _send(event: EventObject): void {
    this.send(event)
  }
}
