import { type AddressInfo, createServer, type Socket } from 'node:net'
import { noise } from '@libp2p/noise'
import { peerDiscoverySymbol, type PeerInfo } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { afterEach, describe, expect, it } from 'vitest'
import { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { NEIGHBOURS_MET_MAX } from '../../src/network/libp2p/limits.ts'
import { createMuxer } from '../../src/network/libp2p/muxer.ts'
import { peerIdOfDid } from '../../src/network/libp2p/peer-identity.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import { identityOf } from './identities.ts'
import { createTestNode, libp2pComponentsOf } from './libp2p-nodes.ts'

const ECHO = '/kernell/test/1.0.0'
const started: Libp2pTransport[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map(async (transport) => await transport.stop()))
})

/** What a neighbour on the local network would say, without a network: nothing of it leaves this process. */
class Neighbourhood extends TypedEventEmitter<{ peer: CustomEvent<PeerInfo> }> {
  readonly [peerDiscoverySymbol] = this
  readonly [Symbol.toStringTag] = 'neighbourhood'

  say(peer: Did, address: string): void {
    const detail = { id: peerIdOfDid(peer), multiaddrs: [multiaddr(address)] }
    this.dispatchEvent(new CustomEvent('peer', { detail }))
  }
}

async function listening(number: number): Promise<Libp2pTransport> {
  const node = createTestNode(number)
  started.push(node)
  await node.start()
  return node
}

async function hearing(
  isBanned: (peer: Did) => boolean = () => false,
): Promise<{ readonly node: Libp2pTransport; readonly neighbourhood: Neighbourhood }> {
  const neighbourhood = new Neighbourhood()
  const stack = {
    transports: [tcp()],
    encrypters: [noise()],
    muxer: createMuxer(),
    neighbours: () => neighbourhood,
  }
  const node = new Libp2pTransport({ ...libp2pComponentsOf(1), isBanned }, stack, { listen: [] })
  started.push(node)
  await node.start()
  return { node, neighbourhood }
}

describe('a neighbour on the local network', () => {
  it('that says where it is, is connected with', async () => {
    const [{ node, neighbourhood }, other] = [await hearing(), await listening(2)]
    neighbourhood.say(other.did, other.addresses[0] ?? '')
    await expect.poll(() => node.counts.connections, { timeout: 10_000 }).toBe(1)
    neighbourhood.say(other.did, other.addresses[0] ?? '')
    expect(node.counts.connections).toBe(1)
  })

  it('that could not be reached is tried again when it says so again', async () => {
    const [{ node, neighbourhood }, other] = [await hearing(), await listening(2)]
    const [address = ''] = other.addresses
    await other.stop()
    neighbourhood.say(other.did, address)
    const again = await listening(2)
    await expect
      .poll(
        () => {
          neighbourhood.say(again.did, again.addresses[0] ?? '')
          return node.counts.connections
        },
        { timeout: 10_000 },
      )
      .toBe(1)
  })

  it('that is kept away is not', async () => {
    const [banned, other] = [await listening(2), await listening(3)]
    const { node, neighbourhood } = await hearing((peer) => peer === banned.did)
    neighbourhood.say(banned.did, banned.addresses[0] ?? '')
    neighbourhood.say(other.did, other.addresses[0] ?? '')
    await expect.poll(() => node.counts.connections, { timeout: 10_000 }).toBe(1)
    expect(node.connectedPeers).not.toContain(banned.did)
  })

  it('with names without end takes so many dials, and leaves room for others', async () => {
    const { node, neighbourhood } = await hearing()
    let dialled = 0
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => {
      dialled += 1
      sockets.add(socket.on('error', () => undefined))
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    try {
      const say = (first: number): void => {
        for (let number = first; number < first + NEIGHBOURS_MET_MAX; number += 1)
          neighbourhood.say(identityOf(number).did, `/ip4/127.0.0.1/tcp/${port}`)
      }
      say(10)
      await expect.poll(() => dialled, { timeout: 10_000 }).toBe(NEIGHBOURS_MET_MAX)
      say(10 + NEIGHBOURS_MET_MAX)
      const other = await listening(2)
      other.handle(ECHO, async ({ body }) => body)
      node.addPeer(other.did, other.addresses[0] ?? '')
      await node.request(other.did, { protocol: ECHO, body: new Uint8Array(0), timeoutMs: 10_000 })
      expect(dialled).toBe(NEIGHBOURS_MET_MAX)
    } finally {
      for (const socket of sockets) socket.destroy()
      silent.close()
    }
  })
})
