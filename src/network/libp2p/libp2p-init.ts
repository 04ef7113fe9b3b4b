import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import type { BucketRate } from '../../core/peers/token-bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { Timers } from '../../ports/timers.ts'
import type { FramedTransportComponents } from '../framed/framed-transport.ts'
import type { Libp2pIdentity } from './peer-identity.ts'

/** What a libp2p transport needs from outside, on Node and in a page alike. For Node `peerComponentsOf` makes those that have to be there. */
export type Libp2pComponents = Omit<FramedTransportComponents, 'clock' | 'identity'> & {
  readonly identity: Libp2pIdentity
  readonly clock: Pick<Clock, 'now' | 'monotonicMs' | 'timeoutSignal'>
  readonly timers: Timers
  /** Where addresses of other nodes survive a restart; absent: they do not. */
  readonly addresses?: KeyValueStore | undefined
  /** Told of failures that nobody waits for. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

type Part<Module> = NonNullable<Libp2pOptions[Extract<Module, keyof Libp2pOptions>]>

/** The parts of libp2p that differ from one platform to the next: a browser has neither listeners nor TLS of its own. */
export type Libp2pStack = {
  readonly transports: Part<'transports'>
  /** In the order in which they are offered. */
  readonly encrypters: Part<'connectionEncrypters'>
  readonly muxer: Part<'streamMuxers'>[number]
  /** Tells of nodes that were named. */
  readonly bootstrap?: Part<'peerDiscovery'>[number]
  /** Tells of nodes on the same local network. */
  readonly neighbours?: Part<'peerDiscovery'>[number]
  readonly protector?: Part<'connectionProtector'>
  readonly services?: Part<'services'>
  /** Addresses that this platform lets nobody call; absent: it lets call all of them. */
  readonly mayDial?: (address: Multiaddr) => boolean
}

/** What is the same on every platform. */
export type Libp2pTransportInit = {
  /** Multiaddrs to listen at. */
  readonly listen: readonly string[]
  /** Multiaddrs that others are told instead: what a router or a proxy in front of this node shows. */
  readonly announce?: readonly string[]
  /**
   * All nodes are within one private network: addresses of such a network are dialled whoever tells them. Default false: an address of a private network
   * that comes from outside would have this node call whatever listens near it.
   */
  readonly isPrivateSwarm?: boolean
  /** Topics of gossip that may be subscribed; absent: no gossip. */
  readonly gossipTopics?: readonly string[]
  /** Questions of one peer that are taken. Default `QUESTIONS_PER_PEER`. */
  readonly questionsPerPeer?: BucketRate
}
