/**
 * Connections between machines over libp2p, for Node: a transport that listens, dials and proves keys, announcements to everybody, and who is kept away. It is
 * no market and no router: questions and answers of whatever protocol are given to it. `kernell-os` composes a whole node that is one of its peers.
 *
 * ```ts
 * import { randomBytes } from 'node:crypto'
 * import { createLibp2pTransport, peerComponentsOf } from 'kernell-os/network/libp2p'
 *
 * const server = createLibp2pTransport(peerComponentsOf(randomBytes(32)), { listen: ['/ip4/127.0.0.1/tcp/0'] })
 * server.handle('/kernell/echo/1.0.0', async ({ body }) => body)
 * await server.start()
 *
 * const client = createLibp2pTransport(peerComponentsOf(randomBytes(32)), { listen: [] })
 * await client.start()
 * client.addPeer(server.did, server.addresses[0] ?? '')
 * const question = { protocol: '/kernell/echo/1.0.0', body: new TextEncoder().encode('hello'), timeoutMs: 5_000 }
 * console.log(new TextDecoder().decode(await client.request(server.did, question))) // hello
 * await client.stop()
 * await server.stop()
 * ```
 */
export { peerComponentsOf } from './transport-identity.ts'
export { createLibp2pTransport, type Libp2pNodeInit } from '../../network/libp2p/create-libp2p-transport.ts'
export type { Libp2pComponents } from '../../network/libp2p/libp2p-init.ts'
export type { Libp2pCounts, Libp2pTransport } from '../../network/libp2p/libp2p-transport.ts'
export type { ConnectionView, PeerView } from '../../network/libp2p/peer-views.ts'
export type { PeerTraffic, TransportIdentity } from '../../network/framed/framed-transport.ts'
export { PeerBans, type BanEffect, type PeerBansComponents } from '../../network/peer-bans.ts'
export type { PeerBan } from '../../core/peers/peer-bans.ts'
export type { Conduct, PeerScore } from '../../core/peers/peer-score.ts'
export { formatPeerAddress, parsePeerAddress, type PeerAddress } from '../../wire/v1/peer-address.ts'
export { parsePeerName, peerIdOf } from '../../wire/v1/peer-id.ts'
