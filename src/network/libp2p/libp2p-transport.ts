import type { Did } from '../../core/evidence/names.ts'
import type { Conduct, PeerScore } from '../../core/peers/peer-score.ts'
import type { Gossip } from '../../ports/gossip.ts'
import { FramedTransport } from '../framed/framed-transport.ts'
import type { AddressBook } from './address-book.ts'
import type { Refusals } from './connection-gate.ts'
import { Libp2pDriver } from './libp2p-driver.ts'
import type { Libp2pComponents, Libp2pStack, Libp2pTransportInit } from './libp2p-init.ts'
import type { PeerView } from './peer-views.ts'

/** What the transport holds for others now, and whom it refused since its start. */
export type Libp2pCounts = {
  readonly connections: number
  readonly inbound: number
  /** Of all protocols. */
  readonly streams: number
  /** Of questions and answers. */
  readonly frameStreams: number
  /** Bytes of frames. */
  readonly heldBytes: number
  readonly blocks: number
  readonly scores: number
  readonly records: number
  readonly addresses: number
  readonly refusals: Refusals
}

/**
 * A transport between machines: libp2p connections whose peer ids are the nodes' own keys, one stream of frames for each pair. It runs wherever the parts
 * of its stack do, browsers included.
 */
export class Libp2pTransport extends FramedTransport {
  private readonly libp2p: Libp2pDriver

  constructor(components: Libp2pComponents, stack: Libp2pStack, init: Libp2pTransportInit) {
    const driver = new Libp2pDriver(components, stack, init)
    super({ ...components, identity: { ...components.identity, sign: neverGreets } }, driver)
    this.libp2p = driver
  }

  /** Where other nodes are reached. */
  get book(): AddressBook {
    return this.libp2p.book
  }

  /** Announcements to everybody, where topics were named. */
  get gossip(): Gossip | undefined {
    return this.libp2p.gossip
  }

  get counts(): Libp2pCounts {
    const { node, gate, scores, book, recordCount } = this.libp2p
    const connections = node?.getConnections() ?? []
    return {
      connections: connections.length,
      inbound: gate.inboundCount,
      streams: connections.reduce((sum, { streams }) => sum + streams.length, 0),
      frameStreams: this.connectionCount,
      heldBytes: this.heldBytes,
      blocks: gate.blockCount,
      scores: scores.size,
      records: recordCount,
      addresses: book.size,
      refusals: gate.refusals,
    }
  }

  /**
   * A node says itself where it is, in words that it has signed and that `teller` has passed on. It never displaces what was proved or named.
   *
   * @returns Whether the address is kept.
   */
  tell(peer: Did, told: { readonly address: string; readonly teller: Did }): boolean {
    return this.libp2p.tell(peer, told)
  }

  /**
   * Block of addresses over which a peer is connected now, of a relayed one that of the relay: keys cost nothing, so whatever is shared among peers is shared by block. Peers on
   * this machine count each for itself, and all that are not connected as one.
   */
  blockOf(peer: Did): string {
    return this.libp2p.blockOf(peer)
  }

  /** Becomes the neighbour of a node, so that announcements come from it and go to it. Rejects with `NETWORK_PEER_UNKNOWN`, `NETWORK_UNREACHABLE`, `NETWORK_PEER_WRONG`. */
  async join(peer: Did): Promise<void> {
    await this.libp2p.join(peer)
  }

  /** All peers of which anything is known. */
  knownPeers(): ReadonlySet<Did> {
    return this.libp2p.knownPeers()
  }

  /** What is known of a peer; of one that nobody has heard of, that there is nothing. */
  view(peer: Did): PeerView {
    return this.libp2p.view(peer)
  }

  /** Lets a peer in again that was cut off for its conduct. @returns Whether it was. */
  pardon(peer: Did): boolean {
    return this.libp2p.scores.pardon(peer)
  }

  scoreOf(peer: Did): PeerScore {
    return this.libp2p.scores.scoreOf(peer)
  }

  /** Says what a peer did, for protocols that judge messages themselves. A peer with too many faults is cut off. */
  report(peer: Did, conduct: Conduct): void {
    this.libp2p.scores.note(peer, conduct)
  }
}

/** Connections have proved both keys before there is a stream of frames. */
function neverGreets(): never {
  throw new TypeError('A stream of libp2p has no greeting to sign')
}
