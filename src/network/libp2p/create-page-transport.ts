import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2pComponents, Libp2pTransportInit } from './libp2p-init.ts'
import { Libp2pTransport } from './libp2p-transport.ts'
import { createMuxer } from './muxer.ts'
import { originOf } from './origin.ts'

export type PageTransportInit = Omit<Libp2pTransportInit, 'listen' | 'announce'>

/**
 * A transport for a page: it calls others over WebSockets and is called by nobody, so that all questions to it come over connections that it has opened. Encryption is
 * noise, within that of the WebSocket, because a page proves and sees keys of nodes only so. Without TLS it calls this machine alone: a page that was
 * served with TLS may call nothing else, and every other one would show whom it calls to the whole way.
 *
 * `addPeer` throws `NETWORK_ADDRESS_INVALID` for what is no such address.
 */
export function createPageTransport(components: Libp2pComponents, init: PageTransportInit = {}): Libp2pTransport {
  const stack = {
    transports: [webSockets(), circuitRelayTransport()],
    encrypters: [noise()],
    muxer: createMuxer(),
    mayDial: mayDialFromPage,
  }
  return new Libp2pTransport(components, stack, { ...init, listen: [] })
}

/** Of an address over a relay, the way to the relay counts. */
function mayDialFromPage(address: Multiaddr): boolean {
  const names = address.getComponents().map(({ name }) => name)
  const isWebSocket = names.includes('ws') || names.includes('wss')
  const isSecure = names.includes('wss') || names.includes('tls')
  return isWebSocket && (isSecure || originOf(address).isLoopback)
}
