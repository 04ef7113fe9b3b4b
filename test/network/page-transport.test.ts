import { openPageDoor } from '../../src/browser/page-door.ts'
import { MARKET_PROTOCOL } from '../../src/wire/v1/market-frames.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { createPageTransport } from '../../src/network/libp2p/create-page-transport.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { peerIdOf } from '../../src/wire/v1/peer-id.ts'
import { createTestNode, libp2pComponentsOf } from './libp2p-nodes.ts'
import { identityOf } from './identities.ts'

const ECHO = '/kernell/test/1.0.0'
const PEER = identityOf(2).did
const running: Libp2pTransport[] = []
afterEach(async () => {
  for (const transport of running.splice(0)) await transport.stop()
})

/** A key that answers later, as one of a browser. */
function openPage(): Libp2pTransport {
  const components = libp2pComponentsOf(1)
  const { sign, ...identity } = components.identity
  const later = async (bytes: Uint8Array): Promise<Uint8Array> => await Promise.resolve(sign(bytes))
  const page = createPageTransport({ ...components, identity: { ...identity, sign: later } })
  running.push(page)
  return page
}

describe('the transport of a page', () => {
  it.each(['/dns4/example.org/tcp/443/tls/ws', '/dns4/example.org/tcp/443/wss', '/ip4/127.0.0.1/tcp/9001/ws'])(
    'takes %s',
    (address) => {
      openPage().addPeer(PEER, address)
    },
  )

  it.each([
    '/ip4/198.51.100.7/tcp/4001/ws',
    '/dns4/example.org/tcp/80/ws',
    '/ip4/10.0.0.1/tcp/4001/ws',
    '/ip4/127.0.0.1/tcp/9001',
  ])('refuses %s', (address) => {
    expect(() => openPage().addPeer(PEER, address)).toThrow(
      expect.objectContaining({ code: 'NETWORK_ADDRESS_INVALID' }) as Error,
    )
  })

  it('is asked over the connection that it has opened, has no address, and has proved a key that signs later', async () => {
    const page = openPage()
    const node = createTestNode(2, { listen: ['/ip4/127.0.0.1/tcp/0/ws'], encryption: ['tls', 'noise'] })
    running.push(node)
    await Promise.all([page.start(), node.start()])
    page.handle(ECHO, async ({ body }) => body)
    page.addPeer(node.did, node.addresses[0] ?? '')
    await page.reach(node.did, { signal: new AbortController().signal })
    const answer = await node.request(page.did, { protocol: ECHO, body: Uint8Array.of(1, 2), timeoutMs: 5_000 })
    expect([[...answer], page.addresses, node.connectedPeers]).toEqual([[1, 2], [], [page.did]])
    const ended = new Promise((resolve) => page.watchEnds(resolve))
    node.cutOff(page.did)
    expect(await ended).toBe(node.did)
    await expect(
      node.request(page.did, { protocol: ECHO, body: Uint8Array.of(1), timeoutMs: 5_000 }),
    ).rejects.toMatchObject({ code: 'NETWORK_PEER_UNKNOWN' })
  })

  it('cuts off a node that keeps asking what is no question of the market', async () => {
    const page = openPage()
    const node = createTestNode(2, { listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    running.push(node)
    await Promise.all([page.start(), node.start()])
    const door = openPageDoor(page)
    page.addPeer(node.did, node.addresses[0] ?? '')
    await page.reach(node.did, { signal: new AbortController().signal })
    const nonsense = { protocol: MARKET_PROTOCOL, body: Uint8Array.of(1, 2, 3), timeoutMs: 5_000 }
    for (let asked = 0; asked < 6; asked += 1) await node.request(page.did, nonsense)
    expect(page.scoreOf(node.did)).toMatchObject({ bannedUntil: undefined })
    await node.request(page.did, nonsense).catch(() => undefined)
    expect(page.scoreOf(node.did).bannedUntil).toBeDefined()
    door.stop()
  })

  it('calls a node over a relay that it calls over a WebSocket', async () => {
    const relay = createTestNode(3, { listen: ['/ip4/127.0.0.1/tcp/0/ws'], isRelay: true })
    running.push(relay)
    await relay.start()
    const relayed = `${relay.addresses[0]}/p2p/${peerIdOf(relay.did)}/p2p-circuit`
    const far = createTestNode(2, { listen: [relayed] })
    running.push(far)
    await far.start()
    far.handle(ECHO, async ({ body }) => body)
    await expect.poll(() => far.addresses.length, { timeout: 10_000 }).toBeGreaterThan(0)
    const page = openPage()
    await page.start()
    page.addPeer(far.did, relayed)
    const answer = await page.request(far.did, { protocol: ECHO, body: Uint8Array.of(4), timeoutMs: 5_000 })
    expect([...answer]).toEqual([4])
    const plain = relayed.replace('/ws/', '/')
    expect(() => page.addPeer(far.did, plain)).toThrow(
      expect.objectContaining({ code: 'NETWORK_ADDRESS_INVALID' }) as Error,
    )
  })
})
