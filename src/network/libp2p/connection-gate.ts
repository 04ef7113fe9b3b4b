import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Did } from '../../core/evidence/names.ts'
import { type BucketRate, fullBucket, takeTokens, type TokenBucket } from '../../core/peers/token-bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import { endWhenAborted } from './aborted-web-socket.ts'
import { limitEarlyBytes } from './early-bytes.ts'
import {
  ARRIVALS_OF_LOOPBACK,
  ARRIVALS_PER_BLOCK,
  BLOCKS_REMEMBERED_MAX,
  CONNECTIONS_IN_MAX,
  CONNECTIONS_OF_LOOPBACK_MAX,
  CONNECTIONS_PER_BLOCK_MAX,
  CONNECTIONS_PER_PEER_MAX,
  EARLY_BYTES_MAX,
  NEGOTIATION_BYTES_MAX,
  PENDING_OF_LOOPBACK_MAX,
  PENDING_PER_BLOCK_MAX,
  SCORES_MAX,
} from './limits.ts'
import { originOf } from './origin.ts'
import { didOfPeerId } from './peer-identity.ts'

export type ConnectionGateComponents = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly isBanned: (peer: Did) => boolean
  /** Whether an address may be dialled: those of a network of its own only where somebody of this node, or of that network, named them. */
  readonly mayDial: (address: Multiaddr) => boolean
  /** Whether a connection's encryption was chosen; absent: it is known when both keys are proved. */
  readonly isSecuring?: (connection: MultiaddrConnection) => boolean
  /** Whether all is encrypted with a key of the network before anything else is chosen. */
  readonly isPrivateNetwork?: boolean
}

/** Why connections were refused. */
export type Refusals = Readonly<
  Record<'total' | 'block' | 'pending' | 'arrivals' | 'key' | 'banned' | 'peer' | 'address', number>
>

/** Why connections with one peer were refused, how often. */
export type PeerRefusals = Readonly<Partial<Record<'banned' | 'peer', number>>>

type BlockCount = { open: number; pending: number; arrivals: TokenBucket }
type Known = { readonly block: string; isPending: boolean; peer: Did | undefined }

/**
 * Who may connect. Before anything is known of somebody, his block of addresses is counted: how many connections it has, how many of them have said
 * nothing yet, how fast they come. Once the key is proved, it must be one that can be held to its word, not cut off, and not here too often already.
 */
export class ConnectionGate {
  private readonly components: ConnectionGateComponents
  /** Least recently used first. */
  private readonly blocks = new Map<string, BlockCount>()
  private readonly peers = new Map<Did, number>()
  private readonly known = new WeakMap<MultiaddrConnection, Known>()
  private readonly upgraded = new WeakSet<MultiaddrConnection>()
  private readonly refused = { total: 0, block: 0, pending: 0, arrivals: 0, key: 0, banned: 0, peer: 0, address: 0 }
  /** Of peers whose key is known, the least recently refused first. */
  private readonly refusedPeers = new Map<Did, { banned?: number; peer?: number }>()
  private inbound = 0

  constructor(components: ConnectionGateComponents) {
    this.components = components
  }

  get refusals(): Refusals {
    return { ...this.refused }
  }

  /** Connections that others opened, with those that have not proved a key yet. */
  get inboundCount(): number {
    return this.inbound
  }

  get blockCount(): number {
    return this.blocks.size
  }

  refusalsOf(peer: Did): PeerRefusals {
    return { ...this.refusedPeers.get(peer) }
  }

  readonly gater: ConnectionGater = {
    denyDialPeer: (peer) => this.peerRefusal(peer) !== undefined,
    denyDialMultiaddr: (address) => this.refuse(this.components.mayDial(address) ? undefined : 'address'),
    denyInboundConnection: (connection) => {
      this.begin(connection)
      return this.refuse(this.arrive(connection))
    },
    denyOutboundConnection: (_peer, connection) => {
      this.begin(connection)
      return false
    },
    denyInboundEncryptedConnection: (peer) => this.refuse(this.peerRefusal(peer)),
    denyOutboundEncryptedConnection: (peer) => this.refuse(this.peerRefusal(peer)),
    denyInboundUpgradedConnection: (peer, connection) => this.refuse(this.settle(peer, connection)),
    denyOutboundUpgradedConnection: (peer, connection) => this.refuse(this.settle(peer, connection)),
  }

  private begin(connection: MultiaddrConnection): void {
    endWhenAborted(connection)
    const { isPrivateNetwork, isSecuring } = this.components
    limitEarlyBytes(connection, {
      bytesMax: isPrivateNetwork === true ? EARLY_BYTES_MAX : NEGOTIATION_BYTES_MAX,
      isChosen: () => this.upgraded.has(connection) || isSecuring?.(connection) === true,
    })
  }

  private refuse(why: keyof Refusals | undefined): boolean {
    if (why === undefined) return false
    this.refused[why] += 1
    return true
  }

  private arrive(connection: MultiaddrConnection): keyof Refusals | undefined {
    const { block, isLoopback } = originOf(connection.remoteAddr)
    const limits = isLoopback ? LOOPBACK_LIMITS : BLOCK_LIMITS
    const atMs = this.components.clock.monotonicMs()
    const count = this.countOf(block, limits.arrivals, atMs)
    count.arrivals = takeTokens(count.arrivals, { rate: limits.arrivals, count: 1, atMs })
    if (count.arrivals.tokens < 0) {
      // A refusal is not paid for: who keeps trying is let in as often as everybody.
      count.arrivals = { ...count.arrivals, tokens: 0 }
      return 'arrivals'
    }
    if (this.inbound >= CONNECTIONS_IN_MAX) return 'total'
    if (count.open >= limits.open) return 'block'
    if (count.pending >= limits.pending) return 'pending'
    count.open += 1
    count.pending += 1
    this.inbound += 1
    const known: Known = { block, isPending: true, peer: undefined }
    this.known.set(connection, known)
    connection.addEventListener('close', () => this.leave(known))
    return undefined
  }

  private peerRefusal(peer: PeerId): keyof Refusals | undefined {
    const did = didOfPeerId(peer)
    if (did === undefined) return 'key'
    if (this.components.isBanned(did)) return this.countRefusal(did, 'banned')
    return (this.peers.get(did) ?? 0) >= CONNECTIONS_PER_PEER_MAX ? this.countRefusal(did, 'peer') : undefined
  }

  private countRefusal<Why extends 'banned' | 'peer'>(peer: Did, why: Why): Why {
    const counted = this.refusedPeers.get(peer) ?? {}
    this.refusedPeers.delete(peer)
    this.refusedPeers.set(peer, { ...counted, [why]: (counted[why] ?? 0) + 1 })
    const [oldest] = this.refusedPeers.keys()
    if (this.refusedPeers.size > SCORES_MAX && oldest !== undefined) this.refusedPeers.delete(oldest)
    return why
  }

  private settle(peer: PeerId, connection: MultiaddrConnection): keyof Refusals | undefined {
    const refusal = this.peerRefusal(peer)
    const did = didOfPeerId(peer)
    if (refusal !== undefined || did === undefined) return refusal ?? 'key'
    this.upgraded.add(connection)
    this.peers.set(did, (this.peers.get(did) ?? 0) + 1)
    const known = this.known.get(connection)
    if (known === undefined) connection.addEventListener('close', () => this.leavePeer(did))
    else {
      known.peer = did
      this.noLongerPending(known)
    }
    return undefined
  }

  private leave(known: Known): void {
    this.inbound -= 1
    this.noLongerPending(known)
    const count = this.blocks.get(known.block)
    if (count !== undefined) count.open -= 1
    if (known.peer !== undefined) this.leavePeer(known.peer)
  }

  private noLongerPending(known: Known): void {
    const count = this.blocks.get(known.block)
    if (known.isPending && count !== undefined) count.pending -= 1
    known.isPending = false
  }

  private leavePeer(peer: Did): void {
    const rest = (this.peers.get(peer) ?? 1) - 1
    if (rest === 0) this.peers.delete(peer)
    else this.peers.set(peer, rest)
  }

  private countOf(block: string, arrivals: BucketRate, atMs: number): BlockCount {
    const count = this.blocks.get(block) ?? { open: 0, pending: 0, arrivals: fullBucket(arrivals, atMs) }
    this.blocks.delete(block)
    this.blocks.set(block, count)
    if (this.blocks.size > BLOCKS_REMEMBERED_MAX) this.forgetBlock()
    return count
  }

  /** A block with connections is counted for as long as it has them. */
  private forgetBlock(): void {
    for (const [block, { open }] of this.blocks)
      if (open === 0) {
        this.blocks.delete(block)
        return
      }
  }
}

const BLOCK_LIMITS = { open: CONNECTIONS_PER_BLOCK_MAX, pending: PENDING_PER_BLOCK_MAX, arrivals: ARRIVALS_PER_BLOCK }
const LOOPBACK_LIMITS = {
  open: CONNECTIONS_OF_LOOPBACK_MAX,
  pending: PENDING_OF_LOOPBACK_MAX,
  arrivals: ARRIVALS_OF_LOOPBACK,
}
