import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from 'libp2p'
import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { AddressBook } from './address-book.ts'
import { dialAddressOf, lastPeerOf, relayOf, withoutPeer } from './libp2p-addresses.ts'
import type { Libp2pComponents } from './libp2p-init.ts'
import { DIAL_ADDRESSES_MAX, DIAL_MS, STREAMS_OUT_MAX } from './limits.ts'
import { originOf } from './origin.ts'
import { peerIdOfDid } from './peer-identity.ts'

/** One stream of it, opened once, carries all questions of two nodes. */
export const FRAMES_PROTOCOL = '/kernell/frames/1.0.0'

export type PeerDiallerInit = Pick<Libp2pComponents, 'clock'> & {
  readonly isPrivateSwarm: boolean
  /** Whether others can be asked for the addresses of a node. */
  readonly hasTable: boolean
}

/** Opens streams to peers: where they are, in which order addresses are tried, and which are never. */
export class PeerDialler {
  private readonly book: AddressBook
  private readonly init: PeerDiallerInit
  /** Peers in whose place somebody else answered, while they are dialled. */
  private readonly wrong = new Set<string>()

  constructor(book: AddressBook, init: PeerDiallerInit) {
    this.book = book
    this.init = init
  }

  noteWrong(expected: PeerId): void {
    this.wrong.add(expected.toString())
  }

  /** A stream of frames to a peer, over a connection that is there or a new one. Rejects as `connect`. */
  async openStream(node: Libp2p, peer: Did): Promise<Stream> {
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
        signal: this.init.clock.timeoutSignal(DIAL_MS),
        runOnLimitedConnection: true,
        maxOutboundStreams: STREAMS_OUT_MAX,
      })
    } catch (cause: unknown) {
      if (!(cause instanceof Error) || cause.name !== 'UnsupportedProtocolError') throw cause
      throw new CodedError('NETWORK_PROTOCOL_UNKNOWN', { message: `The node does not speak ${FRAMES_PROTOCOL}`, cause })
    }
  }

  /** Rejects with `NETWORK_PEER_UNKNOWN`, `NETWORK_PEER_WRONG`, `NETWORK_UNREACHABLE`. */
  async connect(node: Libp2p, peer: Did): Promise<Connection> {
    const id = peerIdOfDid(peer)
    const addresses = await this.addressesFor(node, peer)
    this.wrong.delete(id.toString())
    try {
      const targets = addresses.map((address) => dialAddressOf(peer, address))
      const connection = await node.dial(targets, { signal: this.init.clock.timeoutSignal(DIAL_MS) })
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
    if (!this.init.hasTable) return []
    try {
      const signal = this.init.clock.timeoutSignal(DIAL_MS)
      const { multiaddrs } = await node.peerRouting.findPeer(peerIdOfDid(peer), { signal })
      const addresses = multiaddrs.map((address) => withoutPeer(address))
      return addresses.filter((address) => this.mayAsk(address)).map((address) => address.toString())
    } catch {
      return []
    }
  }

  private mayAsk(address: Multiaddr): boolean {
    return this.init.isPrivateSwarm || !originOf(address).isPrivate
  }

  /** Whoever names an address over a relay has named the relay. */
  knowRelay(address: string): void {
    const relay = relayOf(address)
    if (relay !== undefined) this.book.tell(relay.did, { ...relay, teller: relay.address, isItself: false })
  }

  /** Addresses of this machine and of the networks behind it are dialled where they are in the book, which takes them from neighbours only. */
  mayDial(address: Multiaddr): boolean {
    if (this.mayAsk(address)) return true
    const peer = lastPeerOf(address)
    return peer !== undefined && this.book.addressesOf(peer).includes(withoutPeer(address).toString())
  }
}
