import type { EventObject } from 'xstate'
import type { ActorRef, ReplyTarget, Terminated } from '../actor-ref.ts'
import { Cell, STOPPED } from '../cell/cell.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { formatAddress, parseAddress } from '../system/address.ts'
import { describeError } from '../threads/describe-error.ts'
import type { ActorKey, ControlMessage } from '../threads/protocol.ts'
import { RemoteRef, type RefRouter } from '../threads/remote-ref.ts'
import { fullError } from '../threads/remote-ask.ts'
import { OpenReply, type Requests } from '../threads/requests.ts'
import type { ReferenceCodec, WireReference } from '../threads/value-encoder.ts'

/** What a reference says of a node: its name, and the process. A new process gives the same numbers to other actors. */
export type NodeRun = { readonly name: string; readonly run: string }

export type ClusterReferencesInit = {
  readonly system: ActorSystem
  readonly router: RefRouter
  readonly requests: Requests
  readonly self: NodeRun
  /** Number of a node here, while there is a session with that process of it. */
  readonly peerOf: (node: NodeRun) => number | undefined
  readonly nodeOf: (peer: number) => NodeRun | undefined
  readonly control: (peer: number, message: ControlMessage) => void
}

const ENDED_MAX = 1_000
const [ACTOR, REPLY] = ['actor', 'reply'] as const

/**
 * What other machines know of the actors of this one, and this one of theirs. An actor is known by its home, the machine that made or placed it, and by
 * a number that the home gave it: 0 is this machine as a home, others are the numbers of peers here.
 */
export class ClusterReferences implements ReferenceCodec {
  private readonly init: ClusterReferencesInit
  /** Actors of this machine that messages took elsewhere. */
  private readonly own = new Map<number, ActorRef>()
  private readonly numbers = new WeakMap<object, number>()
  private readonly placed = new Map<number, RemoteRef>()
  /** Actors of other homes that are placed here. */
  private readonly hosted = new Map<string, Cell>()
  private readonly hostedKeys = new Map<Cell, ActorKey>()
  private readonly ended = new Map<string, Terminated>()
  private readonly refs = new Map<string, WeakRef<RemoteRef>>()
  private readonly collected = new FinalizationRegistry<string>((key) => {
    if (this.refs.get(key)?.deref() === undefined) this.refs.delete(key)
  })

  constructor(init: ClusterReferencesInit) {
    this.init = init
  }

  find(number: number, home: number): ActorRef | undefined {
    return home === 0 ? (this.placed.get(number) ?? this.own.get(number)) : this.hosted.get(keyOf(number, home))
  }

  endOf(number: number, home: number): Terminated | undefined {
    return this.ended.get(keyOf(number, home))
  }

  rememberEnd(number: number, home: number, terminated: Terminated): void {
    const [oldest] = this.ended.keys()
    if (this.ended.size >= ENDED_MAX && oldest !== undefined) this.ended.delete(oldest)
    this.ended.set(keyOf(number, home), terminated)
  }

  /** What other machines call an actor that runs here. */
  keyOf(cell: Cell): ActorKey {
    return this.hostedKeys.get(cell) ?? { number: cell.number, home: 0 }
  }

  addPlaced(ref: RemoteRef): void {
    this.placed.set(ref.number, ref)
  }

  removePlaced({ number }: RemoteRef, terminated: Terminated): void {
    this.placed.delete(number)
    this.rememberEnd(number, 0, terminated)
  }

  addHosted(key: ActorKey, cell: Cell): void {
    this.hosted.set(keyOf(key.number, key.home), cell)
    this.hostedKeys.set(cell, key)
  }

  removeHosted({ number, home }: ActorKey, terminated: Terminated): void {
    const cell = this.hosted.get(keyOf(number, home))
    this.hosted.delete(keyOf(number, home))
    if (cell !== undefined) this.hostedKeys.delete(cell)
    this.rememberEnd(number, home, terminated)
  }

  /** The reference of this machine to an actor whose messages go to another one, if anybody here has it. */
  knownRef(number: number, home: number): RemoteRef | undefined {
    return (home === 0 ? this.placed.get(number) : undefined) ?? this.refs.get(keyOf(number, home))?.deref()
  }

  /** References to actors whose home is that peer. They are forgotten here: its next session is about other actors. */
  takeRefsOf(home: number): readonly RemoteRef[] {
    const known: RemoteRef[] = []
    for (const [key, weak] of this.refs) {
      const ref = weak.deref()
      if (ref?.home !== home) continue
      known.push(ref)
      this.refs.delete(key)
    }
    for (const key of this.ended.keys()) if (key.startsWith(`${home}:`)) this.ended.delete(key)
    return known
  }

  refTo(init: { number: number; home: number; id: string; address: string }): RemoteRef {
    const key = keyOf(init.number, init.home)
    const known = this.refs.get(key)?.deref()
    if (known !== undefined) return known
    const ref = new RemoteRef({ ...init, thread: init.home, router: this.init.router })
    this.refs.set(key, new WeakRef(ref))
    this.collected.register(ref, key)
    return ref
  }

  encodeReference(value: object): WireReference | undefined {
    const { self, requests, router, system } = this.init
    if (value instanceof ClusterReply) return `${REPLY} ${value.node.name} ${value.node.run} ${value.number}`
    if (value instanceof OpenReply) return `${REPLY} ${self.name} ${self.run} ${requests.numberOf(value)}`
    if (value instanceof RemoteRef && value.goesBy(router)) return this.encodeRef(value)
    const { kernellCell } = value as { readonly kernellCell?: unknown }
    const actor = kernellCell instanceof Cell ? kernellCell : value
    if (actor instanceof Cell && actor.system === system) return this.encodeCell(actor)
    if (!('send' in actor) || typeof actor.send !== 'function') return undefined
    const target = actor as ReplyTarget & Partial<ActorRef>
    if (typeof target.address !== 'string' || typeof target.watch !== 'function')
      return `${REPLY} ${self.name} ${self.run} ${requests.numberOf(target)}`
    return this.encodeOwn(target as ActorRef, () => system.bookNumber())
  }

  decodeReference(reference: WireReference): unknown {
    const { self, requests, peerOf, control } = this.init
    const [kind = '', name = '', run = '', rest = ''] = String(reference).split(' ')
    const node = { name, run }
    const isOwn = name === self.name && run === self.run
    if (kind === REPLY) {
      const number = Number(rest)
      const target = isOwn ? requests.targetOf(number) : undefined
      if (target !== undefined) return target
      return new ClusterReply(node, number, (message) => {
        const peer = peerOf(node)
        if (peer !== undefined) control(peer, message)
        return peer !== undefined
      })
    }
    const parts = parseAddress(rest)
    if (kind !== ACTOR || parts === undefined) throw new TypeError(`Not a reference: ${String(reference)}`)
    const { incarnation: number, path: id } = parts
    const home = isOwn ? 0 : peerOf(node)
    if (home === 0) return this.find(number, 0) ?? this.endedRef({ number, home, id, address: rest })
    // A machine that hosts an actor of another home sends to it by way of that home, as everybody does: so its messages keep their order.
    return home === undefined
      ? this.endedRef({ number, home: -1, id, address: rest })
      : this.refTo({ number, home, id, address: rest })
  }

  private encodeRef(ref: RemoteRef): string {
    const { self, nodeOf } = this.init
    const node = ref.home === 0 ? self : nodeOf(ref.home)
    // Of a home that is lost: nobody will know it.
    return `${ACTOR} ${node?.name ?? self.name} ${node?.run ?? '-'} ${ref.address}`
  }

  private encodeCell(cell: Cell): string {
    const key = this.hostedKeys.get(cell)
    const node = key === undefined ? undefined : this.init.nodeOf(key.home)
    if (node !== undefined) return `${ACTOR} ${node.name} ${node.run} ${cell.address}`
    return this.encodeOwn(cell, () => cell.number)
  }

  private encodeOwn(actor: ActorRef, newNumber: () => number): string {
    const { self, system } = this.init
    const known = this.numbers.get(actor)
    const number = known ?? newNumber()
    const isEnded = actor instanceof Cell && actor.status === STOPPED
    if (known === undefined && !isEnded) {
      this.numbers.set(actor, number)
      this.own.set(number, actor)
      actor.watch((terminated) => {
        this.own.delete(number)
        this.rememberEnd(number, 0, terminated)
      })
    }
    const path = parseAddress(actor.address)?.path ?? String(number)
    const { workerIndex: worker } = system
    return `${ACTOR} ${self.name} ${self.run} ${formatAddress({ node: self.name, worker, path, incarnation: number })}`
  }

  private endedRef(init: { number: number; home: number; id: string; address: string }): RemoteRef {
    const ref = new RemoteRef({ ...init, thread: init.home, router: this.init.router })
    const { id, address } = init
    const known = init.home === -1 ? undefined : this.endOf(init.number, init.home)
    ref.ended(known ?? { type: 'kernell.terminated', id, address, reason: 'killed' })
    return ref
  }
}

function keyOf(number: number, home: number): string {
  return `${home}:${number}`
}

/** Where an answer to an ask of another machine goes. What comes for a process that is gone is for nobody. */
export class ClusterReply implements ReplyTarget {
  readonly node: NodeRun
  readonly number: number
  private readonly control: (message: ControlMessage) => boolean

  constructor(node: NodeRun, number: number, control: (message: ControlMessage) => boolean) {
    this.node = node
    this.number = number
    this.control = control
  }

  /** True: whether somebody still waits is known on the other machine only. */
  send(event: EventObject): boolean {
    return this.control({ type: 'reply', reply: this.number, event })
  }

  /** The mailbox did not keep the question. */
  refused(): void {
    const error = fullError({ id: this.node.name, thread: 0 })
    this.control({ type: 'no-reply', reply: this.number, error, hasFailed: false })
  }

  /** The actor that was asked failed over the question. */
  failed(error: unknown): void {
    const notice = { type: 'no-reply', reply: this.number, hasFailed: true } as const
    try {
      this.control({ ...notice, error })
    } catch {
      // What it failed with stays here: its text goes.
      this.control({ ...notice, error: new Error(describeError(error)) })
    }
  }

  /** XState's `sendTo` delivers through this. */
  _send(event: EventObject): void {
    this.send(event)
  }
}
