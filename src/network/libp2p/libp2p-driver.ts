import type { GossipSub } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from 'libp2p'
import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { AcceptChannel, ChannelDriver } from '../framed/framed-transport.ts'
import { AddressBook } from './address-book.ts'
import type { BoundedDatastore } from './bounded-datastore.ts'
import { buildNode } from './build-node.ts'
import { ConnectionGate } from './connection-gate.ts'
import { LastSeen } from './last-seen.ts'
import { Libp2pGossip } from './libp2p-gossip.ts'
import { dialAddressOf, lastPeerOf, parseAddressOf, relayOf, withoutPeer } from './libp2p-addresses.ts'
import type { Libp2pComponents, Libp2pStack, Libp2pTransportInit } from './libp2p-init.ts'
import { DIAL_ADDRESSES_MAX, DIAL_MS, FRAME_STREAMS_MAX, QUESTIONS_PER_PEER, STREAMS_OUT_MAX } from './limits.ts'
import { listenFailure } from './listen-failure.ts'
import { originOf } from './origin.ts'
import { didOfPeerId, peerIdOfDid } from './peer-identity.ts'
import { PeerScores } from './peer-scores.ts'
import { type PeerView, provedAt, viewConnection } from './peer-views.ts'
import { StreamChannel } from './stream-channel.ts'
import { noteIdentified, withNeighbours } from './told-addresses.ts'
import { UpgradeWatch } from './watched-upgrade.ts'

/** One stream of it, opened once, carries all questions of two nodes. */
export const FRAMES_PROTOCOL = '/kernell/frames/1.0.0'

/** Channels that are streams of libp2p connections: who is at the other end has been proved by noise or TLS. */
export class Libp2pDriver implements ChannelDriver {
  readonly book: AddressBook
  readonly scores: PeerScores
  readonly gate: ConnectionGate
  readonly gossip: Libp2pGossip | undefined
  private readonly components: Libp2pComponents
  private readonly stack: Libp2pStack
  private readonly init: Libp2pTransportInit
  private readonly watch: UpgradeWatch
  /** Peers in whose place somebody else answered, while they are dialled. */
  private readonly wrong = new Set<string>()
  private readonly lastSeen = new LastSeen()
  private built: { readonly node: Libp2p; readonly records: BoundedDatastore } | undefined

  constructor(components: Libp2pComponents, stack: Libp2pStack, init: Libp2pTransportInit) {
    this.components = components
    this.stack = stack
    this.init = init
    const { clock, addresses, onFailure } = components
    this.book = new AddressBook({ clock, store: addresses, onFailure })
    this.scores = new PeerScores(clock, (peer) => this.cut(peer))
    this.gate = new ConnectionGate({
      clock,
      isBanned: (peer) => this.isBanned(peer),
      mayDial: (address) => this.mayDial(address),
    })
    const { gossipTopics } = init
    this.gossip =
      gossipTopics === undefined
        ? undefined
        : new Libp2pGossip(gossipTopics, {
            onRejected: (peer) => this.scores.note(peer, 'message-rejected'),
            pointsOf: (id) => this.pointsOf(id),
          })
    this.watch = new UpgradeWatch({
      clock,
      onWrongPeer: (expected) => void this.wrong.add(expected.toString()),
      onFlood: (peer) => this.note(peer, 'streams-flooded'),
    })
  }

  get node(): Libp2p | undefined {
    return this.built?.node
  }

  /** Peers that libp2p remembers. */
  get recordCount(): number {
    return this.built?.records.size ?? 0
  }

  /** All peers of which anything is known. */
  knownPeers(): ReadonlySet<Did> {
    const connected = (this.node?.getPeers() ?? []).flatMap((id) => didOfPeerId(id) ?? [])
    return new Set([...connected, ...this.book.peers, ...this.scores.peers])
  }

  view(peer: Did): PeerView {
    const { book, scores, gate, lastSeen } = this
    const addresses = book.knownOf(peer)
    const connections = (this.node?.getConnections(peerIdOfDid(peer)) ?? []).map(viewConnection)
    const isHere = connections.length > 0
    const lastSeenAt = isHere ? this.components.clock.now() : (lastSeen.of(peer) ?? provedAt(addresses))
    const score = scores.scoreOf(peer)
    return { peer, addresses, connections, score, lastSeenAt, refusals: gate.refusalsOf(peer), ...scores.explain(peer) }
  }

  addPeer(peer: Did, address: string): void {
    const parsed = parseAddressOf(peer, address)
    if (this.stack.mayDial?.(multiaddr(parsed)) === false)
      throw new CodedError('NETWORK_ADDRESS_INVALID', { message: `${address} cannot be called from here` })
    this.book.name(peer, parsed)
    this.knowRelay(parsed)
  }

  /** The node says so itself, in words that `teller` has passed on. */
  tell(peer: Did, { address, teller }: { readonly address: string; readonly teller: Did }): boolean {
    const [connection] = this.node?.getConnections(peerIdOfDid(teller)) ?? []
    const from = connection && withoutPeer(connection.remoteAddr).toString()
    return this.book.tell(peer, { address, teller: from, isItself: true })
  }

  /** Connects with a node, where there is no connection. Rejects as `dial`. */
  async join(peer: Did): Promise<void> {
    const { node } = this
    if (node !== undefined && node.getConnections(peerIdOfDid(peer)).length === 0) await this.connect(node, peer)
  }

  addresses(): readonly string[] {
    return (this.node?.getMultiaddrs() ?? []).map((address) => withoutPeer(address).toString())
  }

  async listen(accept: AcceptChannel): Promise<readonly string[]> {
    await this.book.load()
    for (const address of this.init.listen) this.knowRelay(address)
    const { identity } = this.components
    this.built = await buildNode(
      {
        identity,
        stack: withNeighbours(this.stack, this.book),
        gate: this.gate,
        watch: this.watch,
        gossip: this.gossip,
      },
      this.init,
    )
    const { node } = this.built
    node.addEventListener('peer:identify', ({ detail }) => noteIdentified(this.book, detail))
    node.addEventListener('connection:open', ({ detail }) => this.refuseBanned(detail))
    node.addEventListener('peer:disconnect', ({ detail }) => this.left(detail))
    await node.handle(FRAMES_PROTOCOL, (stream, connection) => this.accept(stream, connection, accept), {
      // One more than is used, so that the one too many is seen here.
      maxInboundStreams: FRAME_STREAMS_MAX + 1,
      maxOutboundStreams: STREAMS_OUT_MAX,
      runOnLimitedConnection: true,
    })
    try {
      await node.start()
    } catch (cause: unknown) {
      throw listenFailure(
        this.init.listen.map((address) => address.toString()),
        cause,
      )
    }
    const pubsub = 'gossip' in node.services ? node.services['gossip'] : undefined
    if (pubsub !== undefined) this.gossip?.attach(pubsub as GossipSub)
    return this.addresses()
  }

  async dial(peer: Did, accept: AcceptChannel): Promise<void> {
    const node = this.node
    if (node === undefined) throw new CodedError('NETWORK_CLOSED', { message: 'The transport was not started' })
    const stream = await this.openStream(node, peer)
    this.attach(stream, peer, accept)
  }

  onAnswer(peer: Did): void {
    this.scores.answered(peer)
  }

  onEnd(peer: Did, cause: CodedError): void {
    if (CodedError.is(cause, 'NETWORK_FRAME_INVALID')) this.scores.note(peer, 'frame-invalid')
    else if (CodedError.is(cause, 'NETWORK_OVERLOADED')) this.scores.note(peer, 'stalled')
  }

  async stop(): Promise<void> {
    this.gossip?.detach()
    await this.node?.stop()
    await this.book.flush()
  }

  private accept(stream: Stream, connection: Connection, accept: AcceptChannel): void {
    const peer = didOfPeerId(connection.remotePeer)
    const streams = connection.streams.filter(
      ({ protocol, direction }) => protocol === FRAMES_PROTOCOL && direction === 'inbound',
    )
    if (peer === undefined || streams.length > FRAME_STREAMS_MAX) {
      stream.abort(new Error('One stream of frames is enough'))
      if (peer !== undefined) this.scores.note(peer, 'streams-flooded')
      return
    }
    this.attach(stream, peer, accept)
  }

  private attach(stream: Stream, peer: Did, accept: AcceptChannel): void {
    const { clock, timers } = this.components
    const questions = this.init.questionsPerPeer ?? QUESTIONS_PER_PEER
    new StreamChannel({ clock, timers }, { stream, peer, questions, accept })
  }

  private async openStream(node: Libp2p, peer: Did): Promise<Stream> {
    const id = peerIdOfDid(peer)
    const open = node.getConnections(id).filter(({ status }) => status === 'open')
    const existing = open.find(({ limits }) => limits === undefined) ?? open[0]
    if (existing !== undefined) {
      try {
        return await this.streamOf(existing)
      } catch (error: unknown) {
        if (CodedError.is(error)) throw error
        existing.abort(error instanceof Error ? error : new Error('No stream'))
      }
    }
    const connection = await this.connect(node, peer)
    try {
      return await this.streamOf(connection)
    } catch (error: unknown) {
      if (CodedError.is(error)) throw error
      throw new CodedError('NETWORK_UNREACHABLE', { message: `${peer} opens no stream`, cause: error })
    }
  }

  private async streamOf(connection: Connection): Promise<Stream> {
    try {
      return await connection.newStream(FRAMES_PROTOCOL, {
        signal: this.components.clock.timeoutSignal(DIAL_MS),
        runOnLimitedConnection: true,
        maxOutboundStreams: STREAMS_OUT_MAX,
      })
    } catch (cause: unknown) {
      if (!(cause instanceof Error) || cause.name !== 'UnsupportedProtocolError') throw cause
      throw new CodedError('NETWORK_PROTOCOL_UNKNOWN', { message: `The node does not speak ${FRAMES_PROTOCOL}`, cause })
    }
  }

  private async connect(node: Libp2p, peer: Did): Promise<Connection> {
    const id = peerIdOfDid(peer)
    const addresses = await this.addressesFor(node, peer)
    this.wrong.delete(id.toString())
    try {
      const targets = addresses.map((address) => dialAddressOf(peer, address))
      const connection = await node.dial(targets, { signal: this.components.clock.timeoutSignal(DIAL_MS) })
      if (connection.direction === 'outbound') this.book.prove(peer, withoutPeer(connection.remoteAddr).toString())
      return connection
    } catch (cause: unknown) {
      for (const address of addresses) this.book.fail(peer, address)
      if (this.wrong.delete(id.toString()))
        throw new CodedError('NETWORK_PEER_WRONG', { message: `Somebody else answers in the place of ${peer}`, cause })
      throw new CodedError('NETWORK_UNREACHABLE', { message: `${peer} does not answer`, cause })
    }
  }

  /** Of the book, or found by asking others. Rejects with `NETWORK_PEER_UNKNOWN`. */
  private async addressesFor(node: Libp2p, peer: Did): Promise<readonly string[]> {
    const known = this.book.addressesOf(peer).slice(0, DIAL_ADDRESSES_MAX)
    if (known.length > 0) return known
    const found = await this.ask(node, peer)
    if (found.length > 0) return found
    throw new CodedError('NETWORK_PEER_UNKNOWN', { message: `No address of ${peer} is known` })
  }

  private async ask(node: Libp2p, peer: Did): Promise<readonly string[]> {
    if (this.stack.services === undefined || !('dht' in this.stack.services)) return []
    try {
      const signal = this.components.clock.timeoutSignal(DIAL_MS)
      const { multiaddrs } = await node.peerRouting.findPeer(peerIdOfDid(peer), { signal })
      const addresses = multiaddrs.map((address) => withoutPeer(address))
      return addresses.filter((address) => this.mayAsk(address)).map((address) => address.toString())
    } catch {
      return []
    }
  }

  private mayAsk(address: Multiaddr): boolean {
    return this.init.isPrivateSwarm === true || !originOf(address).isPrivate
  }

  /** Whoever names an address over a relay has named the relay. */
  private knowRelay(address: string): void {
    const relay = relayOf(address)
    if (relay !== undefined) this.book.tell(relay.did, { ...relay, teller: relay.address, isItself: false })
  }

  /** Addresses of this machine and of the networks behind it are dialled where they are in the book, which takes them from neighbours only. */
  private mayDial(address: Multiaddr): boolean {
    if (this.stack.mayDial?.(address) === false) return false
    if (this.mayAsk(address)) return true
    const peer = lastPeerOf(address)
    return peer !== undefined && this.book.addressesOf(peer).includes(withoutPeer(address).toString())
  }

  private pointsOf(id: string): number {
    const peer = didOfPeerId(peerIdFromString(id))
    return peer === undefined ? 0 : this.scores.scoreOf(peer).points
  }

  private left(id: PeerId): void {
    const peer = didOfPeerId(id)
    if (peer === undefined) return
    this.scores.left(peer)
    this.lastSeen.note(peer, this.components.clock.now())
  }

  private note(id: PeerId, conduct: 'streams-flooded'): void {
    const peer = didOfPeerId(id)
    if (peer !== undefined) this.scores.note(peer, conduct)
  }

  /** By order, or for its conduct. */
  private isBanned(peer: Did): boolean {
    return this.components.isBanned?.(peer) === true || this.scores.isBanned(peer)
  }

  /** A ban may come between the last question of the gate and the moment from which the connection is known. */
  private refuseBanned(connection: Connection): void {
    const peer = didOfPeerId(connection.remotePeer)
    if (peer !== undefined && this.isBanned(peer)) connection.abort(new Error('The peer is banned'))
  }

  /** Every connection is closed, and what it carried breaks off. */
  cut(peer: Did): void {
    for (const connection of this.node?.getConnections(peerIdOfDid(peer)) ?? [])
      connection.abort(new Error('The peer was cut off'))
  }
}
