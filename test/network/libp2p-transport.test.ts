import { connect, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Libp2pNodeInit } from '../../src/network/libp2p/create-libp2p-transport.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { peerIdOfDid, privateKeyOf } from '../../src/network/libp2p/peer-identity.ts'
import { peerIdOf } from '../../src/wire/v1/peer-id.ts'
import { identityOf } from './identities.ts'
import { createTestNode } from './libp2p-nodes.ts'

const PROTOCOL = '/kernell/test/1.0.0'
const started: Libp2pTransport[] = []

afterEach(async () => {
  await Promise.all(started.splice(0).map(async (transport) => await transport.stop()))
})

async function start(number: number, init: Libp2pNodeInit = {}): Promise<Libp2pTransport> {
  const transport = createTestNode(number, init)
  started.push(transport)
  transport.handle(PROTOCOL, async ({ body }) => body)
  await transport.start()
  return transport
}

function introduce(near: Libp2pTransport, far: Libp2pTransport): void {
  near.addPeer(far.did, far.addresses[0] ?? '')
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : String(error)
  }
}

const question = (body = new Uint8Array(0), timeoutMs = 10_000) => ({ protocol: PROTOCOL, body, timeoutMs })
const streamsBetween = (transport: Libp2pTransport): number => transport.counts.frameStreams

describe('the identity of a libp2p node', () => {
  it('is its DID in another notation', () => {
    const { did } = identityOf(1)
    expect(peerIdOfDid(did).toString()).toBe(peerIdOf(did))
  })

  it('signs without giving the secret out', () => {
    const key = privateKeyOf(identityOf(1))
    expect(key.publicKey.verify(Uint8Array.of(1), key.sign(Uint8Array.of(1)) as Uint8Array)).toBe(true)
    expect(() => key.raw).toThrow(TypeError)
  })
})

describe('the libp2p transport', () => {
  it('listens on loopback alone unless it is told otherwise', async () => {
    const { addresses } = await start(1)
    expect(addresses).toEqual([expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/)])
  })

  it('says which address it could not have', async () => {
    const taken = await start(1)
    const failure: unknown = await start(2, { listen: taken.addresses }).catch((error: unknown) => error)
    expect(CodedError.is(failure) && failure.code).toBe('NETWORK_LISTEN_FAILED')
    // Nothing of settings that only a program has, and no stack.
    const [address = ''] = taken.addresses
    const port = address.split('/').at(-1)
    expect(failure).toHaveProperty('message', `${address}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`)
  })

  it('says of each of several addresses why it could not have it', async () => {
    const [one, other] = [await start(1), await start(2)]
    const failure: unknown = await start(3, { listen: [...one.addresses, ...other.addresses] }).catch(
      (error: unknown) => error,
    )
    const { message } = failure as Error
    expect(message.split('; ').map((part) => part.split(': ')[0])).toEqual([...one.addresses, ...other.addresses])
    expect(message).not.toMatch(/faultTolerance|\n/)
  })

  it('does not talk to somebody else than the one it wants', async () => {
    const [near, far] = [await start(1), await start(2)]
    const wanted = identityOf(3).did
    near.addPeer(wanted, far.addresses[0] ?? '')
    expect(await codeOf(near.request(wanted, question()))).toBe('NETWORK_PEER_WRONG')
    expect(near.connectedPeers).toEqual([])
  })

  it('notices over TLS too that somebody else answers', async () => {
    const [near, far] = [await start(1, { encryption: ['tls'] }), await start(2, { encryption: ['tls'] })]
    const wanted = identityOf(3).did
    near.addPeer(wanted, far.addresses[0] ?? '')
    expect(await codeOf(near.request(wanted, question()))).toBe('NETWORK_PEER_WRONG')
  })

  it('answers the other way without an address, over the connection that is there', async () => {
    const [near, far] = [await start(1), await start(2, { listen: [] })]
    introduce(far, near)
    await far.request(near.did, question())
    expect(await near.request(far.did, question(Uint8Array.of(7)))).toEqual(Uint8Array.of(7))
    expect(streamsBetween(near)).toBe(1)
  })

  it('leaves one stream in use when both sides dial at the same time', async () => {
    const [near, far] = [await start(1), await start(2)]
    introduce(near, far)
    introduce(far, near)
    const all = Array.from({ length: 20 }, (_, index) => question(Uint8Array.of(index)))
    const answers = await Promise.all(all.flatMap((each) => [near.request(far.did, each), far.request(near.did, each)]))
    expect(answers.map(([first]) => first)).toEqual(all.flatMap(({ body: [first] }) => [first, first]))
    // What is asked afterwards goes over the one that both have chosen, and the other one is gone once it was answered.
    await expect.poll(() => [streamsBetween(near), streamsBetween(far)]).toEqual([1, 1])
    expect(await near.request(far.did, question(Uint8Array.of(9)))).toEqual(Uint8Array.of(9))
    expect(await far.request(near.did, question(Uint8Array.of(8)))).toEqual(Uint8Array.of(8))
  })

  it('dials again after the other side was away', async () => {
    const [near, first] = [await start(1), await start(2)]
    introduce(near, first)
    await near.request(first.did, question())
    const { addresses } = first
    await first.stop()
    expect(await codeOf(near.request(first.did, question()))).toBe('NETWORK_UNREACHABLE')
    await start(2, { listen: addresses })
    expect(await near.request(first.did, question(Uint8Array.of(2)))).toEqual(Uint8Array.of(2))
  })

  it('gives up in the time that a question has when somebody accepts and says nothing', async () => {
    const silent = createServer((socket) => void socket.on('error', () => {}).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const bound = silent.address()
    const near = await start(1)
    near.addPeer(identityOf(3).did, `/ip4/127.0.0.1/tcp/${typeof bound === 'object' ? bound?.port : 0}`)
    expect(await codeOf(near.request(identityOf(3).did, question(undefined, 50)))).toBe('NETWORK_TIMEOUT')
    await near.stop()
    await new Promise<void>((resolve) => silent.close(() => resolve()))
  })

  it('lets nobody into a private network without its key', async () => {
    const inside = { privateNetworkKey: new Uint8Array(32).fill(5) }
    const [near, far] = [await start(1, inside), await start(2, inside)]
    introduce(near, far)
    expect(await near.request(far.did, question(Uint8Array.of(1)))).toEqual(Uint8Array.of(1))
    const outside = await start(3, { privateNetworkKey: new Uint8Array(32).fill(6) })
    introduce(outside, far)
    // Whichever side gives up first.
    const code = await codeOf(outside.request(far.did, question(undefined, 300)))
    expect(['NETWORK_TIMEOUT', 'NETWORK_UNREACHABLE']).toContain(code)
    expect([outside.connectedPeers, far.connectedPeers]).toEqual([[], [near.did]])
  })

  it('reaches a node over a relay that passes connections on', async () => {
    const relay = await start(3, { isRelay: true })
    const relayed = `${relay.addresses[0]}/p2p/${peerIdOf(relay.did)}/p2p-circuit`
    const far = await start(2, { listen: [relayed] })
    await expect.poll(() => far.addresses.length, { timeout: 10_000 }).toBeGreaterThan(0)
    const near = await start(1, { listen: [] })
    introduce(near, far)
    expect(await near.request(far.did, question(Uint8Array.of(4)))).toEqual(Uint8Array.of(4))
  })

  it('connects to the nodes that were named for the start', async () => {
    const far = await start(2)
    const near = await start(1, { bootstrap: [{ did: far.did, address: far.addresses[0] ?? '' }] })
    await expect.poll(() => near.counts.connections, { timeout: 10_000 }).toBe(1)
  })

  it('finds a node that it has no address of by asking those that keep the table', async () => {
    const keeper = { kademlia: 'server', isPrivateSwarm: true } as const
    const hub = await start(3, keeper)
    const far = await start(2, keeper)
    const near = await start(1, { kademlia: 'client', isPrivateSwarm: true })
    for (const node of [far, near]) {
      introduce(node, hub)
      await node.request(hub.did, question())
    }
    await expect
      .poll(async () => await codeOf(near.request(far.did, question())), { timeout: 15_000, interval: 200 })
      .toBe('none')
    expect(near.connectedPeers).toContain(far.did)
  })

  it('closes a socket that speaks no libp2p, and goes on', async () => {
    const [near, far] = [await start(1), await start(2)]
    const port = Number(far.addresses[0]?.split('/').at(-1))
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n'.repeat(40)))
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      socket.resume()
    })
    introduce(near, far)
    expect(await near.request(far.did, question(Uint8Array.of(1)))).toEqual(Uint8Array.of(1))
  })
})

describe('an address of a libp2p node', () => {
  const node = createTestNode(1)
  const { did } = identityOf(2)

  it.each([
    '/ip4/127.0.0.1/tcp/4001',
    '/ip6/::1/tcp/4001/ws',
    '/dns4/node.example/tcp/443/tls/ws',
    `/ip4/127.0.0.1/tcp/4001/p2p/${peerIdOf(did)}`,
    `/ip4/192.0.2.1/tcp/4001/p2p/${peerIdOf(identityOf(3).did)}/p2p-circuit`,
  ])('may be %s', (address) => {
    expect(() => node.addPeer(did, address)).not.toThrow()
  })

  it.each([
    '',
    'localhost:4001',
    '/unix/run/kernell.sock',
    '/ip4/127.0.0.1/udp/4001/quic-v1',
    '/ip4/127.0.0.1',
    '/dnsaddr/node.example',
    `/ip4/127.0.0.1/tcp/4001/p2p/${peerIdOf(identityOf(3).did)}`,
  ])('is not %s', (address) => {
    expect(() => node.addPeer(did, address)).toThrow(expect.objectContaining({ code: 'NETWORK_ADDRESS_INVALID' }))
  })
})
