import { autoNATv2 } from '@libp2p/autonat-v2'
import { bootstrap } from '@libp2p/bootstrap'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { hexOfBytes } from '../../base/hex.ts'
import type { Did } from '../../core/evidence/names.ts'
import { checkAnnouncedAddress, checkListenAddress, dialAddressOf, parseAddressOf } from './libp2p-addresses.ts'
import type { Libp2pComponents, Libp2pStack, Libp2pTransportInit } from './libp2p-init.ts'
import { Libp2pTransport } from './libp2p-transport.ts'
import {
  KAD_BUCKET,
  KAD_QUESTIONS,
  KAD_STREAMS_MAX,
  RELAY_CONNECTION_BYTES,
  RELAY_CONNECTION_MS,
  RELAY_RESERVATIONS_MAX,
} from './limits.ts'
import { originOf } from './origin.ts'
import { createMuxer } from './muxer.ts'

/**
 * What `createLibp2pTransport` takes. Absent, `listen` is a free TCP port of loopback, and `isPrivateSwarm` is true where there is a
 * `privateNetworkKey`.
 */
export type Libp2pNodeInit = Partial<Libp2pTransportInit> & {
  /** What connections are encrypted with, the preferred one first. Default TLS, which is cheaper for long connections, then noise, which everybody speaks. */
  readonly encryption?: readonly ('tls' | 'noise')[]
  /** Nodes to connect to at the start. */
  readonly bootstrap?: readonly { readonly did: Did; readonly address: string }[]
  /** Tells neighbours on the local network of this node, and hears of them. Default false. */
  readonly isMdnsOn?: boolean
  /** Passes on connections between others that cannot reach each other. Default false. */
  readonly isRelay?: boolean
  /** Finds out whether others reach this node, and ways through a router. Default: true where it listens beyond this machine. */
  readonly isNatTraversalOn?: boolean
  /** Finds nodes by their DID in a table that they keep together: `client` asks it, `server` keeps a part of it too. Absent: neither. */
  readonly kademlia?: 'client' | 'server'
  /** 32 bytes that all nodes of a private network share; nobody without them gets as far as a greeting. */
  readonly privateNetworkKey?: Uint8Array
}

/** A table of its own: nodes of other programs are no use in it. */
export const KAD_PROTOCOL = '/kernell/kad/1.0.0'
const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']

/**
 * A transport for Node: TCP and WebSockets. It listens on loopback unless `listen` says otherwise. QUIC is left out: its package brings a native program
 * for each platform, and TLS over TCP is as fast for the few long connections of a node.
 *
 * Throws `NETWORK_ADDRESS_INVALID`, and `RangeError` for a private network's key that has not 32 bytes.
 */
export function createLibp2pTransport(components: Libp2pComponents, init: Libp2pNodeInit = {}): Libp2pTransport {
  const listen = (init.listen ?? LOOPBACK).map(checkListenAddress)
  const { announce } = init
  const transport = new Libp2pTransport(components, stackOf(init, listen), {
    ...init,
    listen,
    ...(announce !== undefined && { announce: announce.map(checkAnnouncedAddress) }),
    isPrivateSwarm: init.isPrivateSwarm ?? init.privateNetworkKey !== undefined,
  })
  for (const { did, address } of init.bootstrap ?? []) transport.addPeer(did, address)
  return transport
}

function stackOf(init: Libp2pNodeInit, listen: readonly string[]): Libp2pStack {
  const encrypters = { tls: tls(), noise: noise() }
  const chosen = (init.encryption ?? ['tls', 'noise']).map((name) => encrypters[name])
  const list = (init.bootstrap ?? []).map(({ did, address }) =>
    dialAddressOf(did, parseAddressOf(did, address)).toString(),
  )
  return {
    transports: [tcp(), webSockets(), circuitRelayTransport()],
    encrypters: chosen,
    muxer: createMuxer(),
    services: servicesOf(init, listen),
    ...(list.length > 0 && { bootstrap: bootstrap({ list, timeout: 0 }) }),
    ...(init.isMdnsOn === true && { neighbours: mdns() }),
    ...(init.privateNetworkKey !== undefined && {
      protector: preSharedKey({ psk: networkKeyOf(init.privateNetworkKey) }),
    }),
  }
}

type Services = NonNullable<Libp2pStack['services']>

function servicesOf(init: Libp2pNodeInit, listen: readonly string[]): Services {
  const isBeyond = listen.some((address) => address.startsWith('/') && !originOf(multiaddr(address)).isLoopback)
  const isTraversing = init.isNatTraversalOn ?? isBeyond
  const reservations = {
    maxReservations: RELAY_RESERVATIONS_MAX,
    defaultDurationLimit: RELAY_CONNECTION_MS,
    defaultDataLimit: BigInt(RELAY_CONNECTION_BYTES),
  }
  return {
    ...(init.isRelay === true && { relay: circuitRelayServer({ reservations }) }),
    ...(init.kademlia !== undefined && { dht: tableOf(init.kademlia) }),
    ...(isTraversing && { autonat: autoNATv2(), dcutr: dcutr() }),
  }
}

/** No value is kept for others: the table says where nodes are, and each of them proves it when it is dialled. */
function tableOf(part: 'client' | 'server'): Services[string] {
  const create = kadDHT({
    protocol: KAD_PROTOCOL,
    clientMode: part === 'client',
    kBucketSize: KAD_BUCKET,
    alpha: KAD_QUESTIONS,
    peerInfoMapper: passthroughMapper,
    validators: {},
    selectors: {},
    allowQueryWithZeroPeers: true,
    maxInboundStreams: KAD_STREAMS_MAX,
    maxOutboundStreams: KAD_STREAMS_MAX,
  })
  // Every node has the service of pings that it asks for, which the types of a map of services cannot say.
  return (components) => create(components as unknown as Parameters<typeof create>[0])
}

/** The form in which libp2p's private networks write their key. */
function networkKeyOf(key: Uint8Array): Uint8Array {
  if (key.byteLength !== 32) throw new RangeError(`A private network's key has 32 bytes, not ${key.byteLength}`)
  return new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${hexOfBytes(key)}`)
}
