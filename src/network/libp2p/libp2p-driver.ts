import type { GossipSub } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
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
import { parseAddressOf, withoutPeer } from './libp2p-addresses.ts'
import type { Libp2pComponents, Libp2pStack, Libp2pTransportInit } from './libp2p-init.ts'
import { FRAME_STREAMS_MAX, NEIGHBOURS_MET_MAX, QUESTIONS_PER_PEER, STREAMS_OUT_MAX } from './limits.ts'
import { listenFailure } from './listen-failure.ts'
import { shareOf } from './origin.ts'
import { FRAMES_PROTOCOL, PeerDialler } from './peer-dialler.ts'
import { didOfPeerId, peerIdOfDid } from './peer-identity.ts'
import { PeerScores } from './peer-scores.ts'
import { type PeerView, provedAt, viewConnection } from './peer-views.ts'
import { StreamChannel } from './stream-channel.ts'
import { noteIdentified, withNeighbours } from './told-addresses.ts'
import { UpgradeWatch } from './watched-upgrade.ts'

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
  private readonly dialler: PeerDialler
  /** Neighbours on the local network with which this node has connected by itself. */
  private readonly met = new Set<Did>()
  private readonly lastSeen = new LastSeen()
  private built: { readonly node: Libp2p; readonly records: BoundedDatastore } | undefined

  constructor(components: Libp2pComponents, stack: Libp2pStack, init: Libp2pTransportInit) {
    this.components = components
    this.stack = stack
    this.init = init
    const { clock, addresses, onFailure } = components
    this.book = new AddressBook({ clock, store: addresses, onFailure })
    this.dialler = new PeerDialler(this.book, {
      clock,
      isPrivateSwarm: init.isPrivateSwarm === true,
      hasTable: stack.services !== undefined && 'dht' in stack.services,
    })
    this.scores = new PeerScores(clock, (peer) => this.cut(peer))
    this.gate = new ConnectionGate({
      clock,
      isBanned: (peer) => this.isBanned(peer),
      mayDial: (address) => stack.mayDial?.(address) !== false && this.dialler.mayDial(address),
      isSecuring: (connection) => this.watch.isSecuring(connection),
      isPrivateNetwork: stack.protector !== undefined,
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
      onWrongPeer: (expected) => this.dialler.noteWrong(expected),
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
    this.dialler.knowRelay(parsed)
  }

  /** The node says so itself, in words that `teller` has passed on. */
  tell(peer: Did, { address, teller }: { readonly address: string; readonly teller: Did }): boolean {
    const [connection] = this.node?.getConnections(peerIdOfDid(teller)) ?? []
    const from = connection && withoutPeer(connection.remoteAddr).toString()
    return this.book.tell(peer, { address, teller: from, isItself: true })
  }

  /** What shares count of a peer; all that are not connected are one. */
  blockOf(peer: Did): string {
    const connections = this.node?.getConnections(peerIdOfDid(peer)) ?? []
    const [connection = connections[0]] = connections.filter(({ limits }) => limits === undefined)
    return connection === undefined ? 'unknown' : shareOf(peer, connection.remoteAddr)
  }

  /** Connects with a node, where there is no connection. Rejects as `dial`. */
  async join(peer: Did): Promise<void> {
    const { node } = this
    if (node !== undefined && node.getConnections(peerIdOfDid(peer)).length === 0)
      await this.dialler.connect(node, peer)
  }

  /** A neighbour on the same network: one that cannot be reached says so again. */
  private meet(peer: Did): void {
    if (this.met.size >= NEIGHBOURS_MET_MAX || this.met.has(peer)) return
    this.met.add(peer)
    this.join(peer).then(
      () => undefined,
      () => void this.met.delete(peer),
    )
  }

  addresses(): readonly string[] {
    return (this.node?.getMultiaddrs() ?? []).map((address) => withoutPeer(address).toString())
  }

  async listen(accept: AcceptChannel): Promise<readonly string[]> {
    await this.book.load()
    for (const address of this.init.listen) this.dialler.knowRelay(address)
    const { identity } = this.components
    this.built = await buildNode(
      {
        identity,
        stack: withNeighbours(this.stack, { book: this.book, onFound: (peer) => this.meet(peer) }),
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
    const stream = await this.dialler.openStream(node, peer)
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
