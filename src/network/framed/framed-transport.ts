import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import { BODY_BYTES_MAX, type PeerQuestion, type RequestHandler, type Transport } from '../../ports/transport.ts'
import { abortable } from './abortable.ts'
import { Deadlines } from './deadlines.ts'
import type { ByteChannel, ChannelEvents } from './byte-channel.ts'
import { type ConnectionTraffic, FramedConnection } from './framed-connection.ts'

/** Who this node is to others. */
export type TransportIdentity = {
  readonly did: Did
  readonly sign: (bytes: Uint8Array) => Uint8Array
  readonly verify: (peer: Did, bytes: Uint8Array, signature: Uint8Array) => boolean
}

/** What a framed transport needs from outside: who it is, a clock, chance, and who is kept out. */
export type FramedTransportComponents = {
  readonly identity: TransportIdentity
  readonly clock: Pick<Clock, 'monotonicMs' | 'timeoutSignal'>
  readonly random: Pick<Random, 'bytes'>
  /** Whom whoever runs this node keeps away; absent: nobody. */
  readonly isBanned?: ((peer: Did) => boolean) | undefined
}

/** The connection in use with a peer. */
export type PeerTraffic = ConnectionTraffic & { readonly isOpenedHere: boolean }

/** A channel that was just opened; gives what is to be told of it. */
export type AcceptChannel = (channel: ByteChannel) => ChannelEvents

/** The part of a transport that differs from one kind of connection to the next. */
export type ChannelDriver = {
  /** Throws `NETWORK_ADDRESS_INVALID`. */
  readonly addPeer: (peer: Did, address: string) => void
  /**
   * Opens a channel to a node, in which `accept` is called once. Rejects with `NETWORK_PEER_UNKNOWN` where it knows no way to it, with another code of its own,
   * or with anything when nobody answers.
   */
  readonly dial: (peer: Did, accept: AcceptChannel) => Promise<void>
  /** @returns The addresses. Rejects with `NETWORK_LISTEN_FAILED`. */
  readonly listen: (accept: AcceptChannel) => Promise<readonly string[]>
  /** The addresses of now, where they change while it runs. */
  readonly addresses?: () => readonly string[]
  /** Told that a node answered a question. */
  readonly onAnswer?: (peer: Did) => void
  /** Ends what is below all connections with a peer. */
  readonly cut?: (peer: Did) => void
  /** Told why a connection ended that was open. */
  readonly onEnd?: (peer: Did, cause: CodedError) => void
  readonly stop: () => Promise<void>
}

/** Connections at a time, in and out together. */
const CONNECTIONS_MAX = 1_024
/** Bytes that all connections may hold together; the one that holds most is closed for those that want more. */
const HELD_BYTES_MAX = 256 * BODY_BYTES_MAX
/** Longest time for the other side to prove its key. */
const HANDSHAKE_MS = 5_000
/** Why nobody waits for an answer any more. */
const LATE: unique symbol = Symbol('late')

/** A transport over channels of bytes: one connection per pair of nodes is used, whoever opened it. */
export class FramedTransport implements Transport {
  readonly did: Did
  private readonly components: FramedTransportComponents
  private readonly driver: ChannelDriver
  private readonly handlers = new Map<string, RequestHandler>()
  private readonly all = new Set<FramedConnection>()
  private readonly ready = new Map<Did, FramedConnection>()
  private readonly dialing = new Map<Did, Promise<FramedConnection>>()
  private readonly deadlines: Deadlines
  private readonly watchers = new Set<(peer: Did) => void>()
  private listening: readonly string[] = []
  /** Bytes that the connections hold for others. */
  protected heldBytes = 0
  private state: 'new' | 'started' | 'stopped' = 'new'

  constructor(components: FramedTransportComponents, driver: ChannelDriver) {
    this.components = components
    this.driver = driver
    this.did = components.identity.did
    this.deadlines = new Deadlines(components.clock)
  }

  get addresses(): readonly string[] {
    return this.state === 'started' ? (this.driver.addresses?.() ?? this.listening) : this.listening
  }

  get connectedPeers(): readonly Did[] {
    return [...this.ready.keys()]
  }

  /** Connections, with those that nobody has proved a key on yet and those that are being replaced. */
  protected get connectionCount(): number {
    return this.all.size
  }

  async start(): Promise<void> {
    if (this.state === 'started') return
    this.state = 'started'
    this.listening = await this.driver.listen((channel) => this.accept(channel, undefined).events)
  }

  async stop(): Promise<void> {
    if (this.state === 'stopped') return
    this.state = 'stopped'
    const cause = closed(this.did)
    for (const connection of this.all) connection.close(cause)
    this.listening = []
    await this.driver.stop()
  }

  addPeer(peer: Did, address: string): void {
    this.driver.addPeer(peer, address)
  }

  /** What went over the connection with a peer; `undefined` without one. */
  trafficOf(peer: Did): PeerTraffic | undefined {
    const connection = this.ready.get(peer)
    return connection && { ...connection.traffic, isOpenedHere: connection.opener === this.did }
  }

  /** Ends all connections with a peer at once. It may come back, unless `isBanned` says otherwise. */
  cutOff(peer: Did): void {
    for (const connection of this.all) if (connection.peer === peer) connection.close(cutShort(peer))
    this.driver.cut?.(peer)
  }

  handle(protocol: string, handler: RequestHandler): () => void {
    if (this.handlers.has(protocol)) throw new RangeError(`${protocol} has a handler already`)
    this.handlers.set(protocol, handler)
    return () => {
      if (this.handlers.get(protocol) === handler) this.handlers.delete(protocol)
    }
  }

  /** Opens the stream to a node where there is none, so that it can ask this one. Rejects as `request`. */
  async reach(to: Did, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.state !== 'started') throw closed(this.did)
    await abortable(this.connect(to), signal)
  }

  /** Calls back when nothing connects this node with another one any more. @returns Ends it. */
  watchEnds(watcher: (peer: Did) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  async request(to: Did, question: PeerQuestion, { signal }: AbortOptions = {}): Promise<Uint8Array> {
    signal?.throwIfAborted()
    if (this.state !== 'started') throw closed(this.did)
    if (question.body.byteLength > BODY_BYTES_MAX)
      throw new CodedError('NETWORK_BODY_TOO_LARGE', { message: `${question.body.byteLength} bytes for ${to}` })
    const waiting = new AbortController()
    const end = this.deadlines.start(question.timeoutMs, () => waiting.abort(LATE))
    const leave = (): void => waiting.abort(signal?.reason)
    signal?.addEventListener('abort', leave, { once: true })
    let asked: { readonly connection: FramedConnection; readonly heardBefore: number } | undefined
    try {
      const connection = await abortable(this.connect(to), waiting.signal)
      asked = { connection, heardBefore: connection.heardCount }
      const answer = await connection.request(question, { signal: waiting.signal })
      this.driver.onAnswer?.(to)
      return answer
    } catch (error: unknown) {
      if (error !== LATE || signal?.aborted === true) throw error
      // Not a byte in all that time: a wire can be cut without either side being told. The next question opens another connection.
      if (asked?.connection.heardCount === asked?.heardBefore) asked?.connection.close(silent(to, question.timeoutMs))
      throw new CodedError('NETWORK_TIMEOUT', {
        message: `No answer of ${to} in ${question.timeoutMs} ms`,
      })
    } finally {
      end()
      signal?.removeEventListener('abort', leave)
    }
  }

  private async connect(to: Did): Promise<FramedConnection> {
    if (this.isBanned(to)) throw cutShort(to)
    const known = this.ready.get(to)
    if (known !== undefined && !known.isLeaving) return known
    const under = this.dialing.get(to)
    if (under !== undefined) return await under
    const dialed = this.dial(to).finally(() => this.dialing.delete(to))
    this.dialing.set(to, dialed)
    return await dialed
  }

  private async dial(to: Did): Promise<FramedConnection> {
    let accepted: Promise<FramedConnection> | undefined
    try {
      await this.driver.dial(to, (channel) => {
        const { events, opened } = this.accept(channel, to)
        accepted = opened
        return events
      })
    } catch (cause: unknown) {
      if (CodedError.is(cause)) throw cause
      throw unreachable(to, cause)
    }
    if (accepted === undefined) throw unreachable(to, undefined)
    const opened = await accepted
    // Both sides may have dialled at the same time.
    return this.ready.get(to) ?? opened
  }

  private accept(channel: ByteChannel, expected: Did | undefined): Accepted {
    const { identity, clock, random } = this.components
    const opening = Promise.withResolvers<FramedConnection>()
    const connection = new FramedConnection({
      channel,
      clock,
      own: identity.did,
      sign: identity.sign,
      verify: identity.verify,
      nonce: () => random.bytes(32),
      expected,
      handlerOf: (protocol) => this.handlers.get(protocol),
      onOpen: (peer) => {
        this.opened(peer, connection)
        opening.resolve(connection)
      },
      onEnd: (cause) => {
        this.ended(connection, cause)
        opening.reject(cause)
      },
      onHeld: (difference) => this.held(difference),
    })
    opening.promise.catch(() => {})
    this.all.add(connection)
    const events: ChannelEvents = {
      onBytes: (chunk) => connection.receive(chunk),
      onDrain: () => connection.drained(),
      onEnd: (cause) => connection.close(broken(connection.peer ?? expected, cause)),
    }
    if (this.state !== 'started') connection.close(closed(this.did))
    else if (this.all.size > CONNECTIONS_MAX)
      connection.close(new CodedError('NETWORK_OVERLOADED', { message: `${CONNECTIONS_MAX} connections are open` }))
    // Its events must have an owner before anything is told of it.
    else queueMicrotask(() => this.await(connection))
    return { events, opened: opening.promise }
  }

  private await(connection: FramedConnection): void {
    connection.start()
    if (connection.peer !== undefined) return
    this.components.clock.timeoutSignal(HANDSHAKE_MS).addEventListener('abort', () => {
      if (connection.peer === undefined)
        connection.close(new CodedError('NETWORK_TIMEOUT', { message: 'The other side did not say who it is' }))
    })
  }

  private isBanned(peer: Did): boolean {
    return this.components.isBanned?.(peer) === true
  }

  /** Of two connections to one node both sides choose the same, and let the other one go. */
  private opened(peer: Did, connection: FramedConnection): void {
    if (this.isBanned(peer)) throw cutShort(peer)
    const current = this.ready.get(peer)
    if (current === undefined || current.isLeaving || isPreferred(connection, current)) {
      this.ready.set(peer, connection)
      current?.retire()
    } else connection.retire()
  }

  private ended(connection: FramedConnection, cause: CodedError): void {
    this.all.delete(connection)
    const { peer } = connection
    if (peer === undefined) return
    this.driver.onEnd?.(peer, cause)
    if (this.ready.get(peer) !== connection) return
    this.ready.delete(peer)
    for (const other of this.all)
      if (other.peer === peer && !other.isLeaving && !this.ready.has(peer)) this.ready.set(peer, other)
    if (!this.ready.has(peer)) for (const watcher of this.watchers) watcher(peer)
  }

  /** Whoever holds most is the one that the others suffer from. */
  private held(difference: number): void {
    this.heldBytes += difference
    if (this.heldBytes <= HELD_BYTES_MAX) return
    let most: FramedConnection | undefined
    for (const connection of this.all)
      if (most === undefined || connection.heldBytes > most.heldBytes) most = connection
    most?.close(new CodedError('NETWORK_OVERLOADED', { message: 'It held more memory of this node than any other' }))
  }
}

/** The one that was opened by the node of the smaller name; of two by the same node the later, since it has given the earlier one up. */
function isPreferred(later: FramedConnection, earlier: FramedConnection): boolean {
  const [one, other] = [later.opener ?? '', earlier.opener ?? '']
  return one <= other
}

type Accepted = { readonly events: ChannelEvents; readonly opened: Promise<FramedConnection> }

function silent(peer: Did, waitedMs: number): CodedError {
  return new CodedError('NETWORK_UNREACHABLE', { message: `${peer} was silent for ${waitedMs} ms` })
}

function cutShort(peer: Did): CodedError {
  return new CodedError('NETWORK_UNREACHABLE', { message: `Whoever runs this node keeps ${peer} away` })
}

function closed(did: Did): CodedError {
  return new CodedError('NETWORK_CLOSED', { message: `The transport of ${did} is not running` })
}

function unreachable(to: Did, cause: unknown): CodedError {
  return new CodedError('NETWORK_UNREACHABLE', { message: `${to} does not answer`, cause })
}

function broken(peer: Did | undefined, cause: unknown): CodedError {
  return new CodedError('NETWORK_UNREACHABLE', { message: `The connection to ${peer ?? 'a node'} is closed`, cause })
}
