import type { Libp2p } from 'libp2p'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import { createLocalTransport } from '../../src/network/local/local-transport.ts'
import { createLibp2pTransport } from '../../src/network/libp2p/create-libp2p-transport.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { createHostilePeer, frame, openFrames, targetOf, untilClosed } from './hostile-peer.ts'
import { componentsOf, identityOf } from './identities.ts'
import { libp2pComponentsOf } from './libp2p-nodes.ts'

const PROTOCOL = '/kernell/test/1.0.0'
const WAIT_MS = 15_000
const question = { protocol: PROTOCOL, body: Uint8Array.of(7), timeoutMs: 10_000 }
const banned = new Set<Did>()
/** Says of a peer whether it is banned; replaced by a test that is about the moment in which it is asked. */
let isBanned = (peer: Did): boolean => banned.has(peer)
const { did } = identityOf(66)

let node: Libp2pTransport
const started: { stop(): Promise<unknown> | void }[] = []

async function startPeer(number: number): Promise<Libp2pTransport> {
  const peer = createLibp2pTransport(libp2pComponentsOf(number), { encryption: ['noise'] })
  started.push(peer)
  peer.handle(PROTOCOL, async ({ body }) => body)
  await peer.start()
  return peer
}

async function hostile(listen: string[] = []): Promise<Libp2p> {
  const peer = await createHostilePeer(66, listen)
  started.push(peer)
  return peer
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    (error: unknown) => (CodedError.is(error) ? error.code : String(error)),
  )
}

function ban(peer: Did): void {
  banned.add(peer)
  node.cutOff(peer)
}

beforeEach(async () => {
  banned.clear()
  isBanned = (peer) => banned.has(peer)
  const components = { ...libp2pComponentsOf(1), isBanned: (peer: Did) => isBanned(peer) }
  node = createLibp2pTransport(components, { encryption: ['noise'] })
  started.push(node)
  node.handle(PROTOCOL, async ({ body }) => body)
  await node.start()
})

afterEach(async () => {
  for (const each of started.splice(0)) await each.stop()
})

describe('a peer that is banned', () => {
  it('loses its connection at once, and the answers that it waits for', async () => {
    const waiting = Promise.withResolvers<AbortSignal>()
    node.handle('/kernell/slow/1.0.0', async (_, { signal }) => {
      waiting.resolve(signal)
      return await new Promise<never>((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      )
    })
    const peer = await startPeer(66)
    peer.addPeer(node.did, node.addresses[0] ?? '')
    const asked = codeOf(peer.request(node.did, { ...question, protocol: '/kernell/slow/1.0.0' }))
    const handling = await waiting.promise
    ban(did)
    expect(handling.aborted).toBe(true)
    expect([node.connectedPeers, node.counts.connections]).toEqual([[], 0])
    expect(await asked).toBe('NETWORK_UNREACHABLE')
  })

  it('is not let in again, from whatever address, and others are', async () => {
    const peer = await hostile()
    await openFrames(peer, node)
    ban(did)
    await vi.waitUntil(() => peer.getConnections().length === 0, { timeout: WAIT_MS })
    await expect(openFrames(peer, node)).rejects.toThrow()
    await peer.stop()
    const elsewhere = await hostile(['/ip4/127.0.0.1/tcp/0'])
    await expect(openFrames(elsewhere, node)).rejects.toThrow()
    await vi.waitUntil(() => node.counts.connections === 0, { timeout: WAIT_MS })
    expect(node.view(did).refusals.banned).toBeGreaterThanOrEqual(2)
    const other = await startPeer(2)
    other.addPeer(node.did, node.addresses[0] ?? '')
    expect(await other.request(node.did, question)).toEqual(question.body)
  })

  it('is not asked, even at an address that was just named, and nothing is dialled for it', async () => {
    const peer = await startPeer(66)
    ban(did)
    node.addPeer(did, peer.addresses[0] ?? '')
    expect(await codeOf(node.request(did, question))).toBe('NETWORK_UNREACHABLE')
    expect(peer.counts.refusals).toEqual({ ...peer.counts.refusals, total: 0 })
    expect([peer.counts.inbound, node.counts.connections]).toEqual([0, 0])
  })

  it('does not slip in while its connection is being opened', async () => {
    const peer = await hostile()
    const dialled = peer.dial(targetOf(node)).then(
      () => undefined,
      () => undefined,
    )
    ban(did)
    await dialled
    await vi.waitUntil(() => peer.getConnections().length === 0 && node.counts.connections === 0, { timeout: WAIT_MS })
    expect(node.connectedPeers).toEqual([])
  })

  it('does not stay where the ban came after the last question of the gate', async () => {
    let asked = 0
    isBanned = () => (asked += 1) > 2
    const peer = await hostile()
    await peer.dial(targetOf(node)).catch(() => undefined)
    await vi.waitUntil(() => asked > 2, { timeout: WAIT_MS })
    await vi.waitUntil(() => peer.getConnections().length === 0 && node.counts.connections === 0, { timeout: WAIT_MS })
    expect(node.counts.refusals.banned).toBe(0)
  })

  it('is let in once the ban is over', async () => {
    const peer = await startPeer(66)
    peer.addPeer(node.did, node.addresses[0] ?? '')
    ban(did)
    expect(await codeOf(peer.request(node.did, question))).toBe('NETWORK_UNREACHABLE')
    banned.clear()
    expect(await peer.request(node.did, question)).toEqual(question.body)
  })

  it('does not come in over a socket of this machine either', async () => {
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const near = createLocalTransport({ ...componentsOf(1), isBanned }, { listen })
    const far = createLocalTransport(componentsOf(66), { listen })
    started.push(near, far)
    near.handle(PROTOCOL, async ({ body }) => body)
    await Promise.all([near.start(), far.start()])
    far.addPeer(near.did, near.addresses[0] ?? '')
    near.addPeer(did, far.addresses[0] ?? '')
    expect(await far.request(near.did, question)).toEqual(question.body)
    banned.add(did)
    near.cutOff(did)
    expect(near.connectedPeers).toEqual([])
    await vi.waitUntil(() => far.connectedPeers.length === 0, { timeout: WAIT_MS })
    expect(await codeOf(far.request(near.did, question))).toBe('NETWORK_UNREACHABLE')
    await expect(near.request(did, question)).rejects.toThrow(/keeps .* away/)
    expect([near.connectedPeers, far.connectedPeers]).toEqual([[], []])
  })
})

describe('what a transport knows of a peer', () => {
  it('is its addresses, its connections and what went over them', async () => {
    const peer = await startPeer(66)
    node.addPeer(did, peer.addresses[0] ?? '')
    await node.request(did, question)
    expect(node.knownPeers()).toEqual(new Set([did]))
    const { connections, addresses, lastSeenAt, parts, refusals } = node.view(did)
    expect(connections).toMatchObject([
      { direction: 'outbound', address: peer.addresses[0], encryption: '/noise', isRelayed: false },
    ])
    expect(addresses[0]).toMatchObject({ address: peer.addresses[0], source: 'named' })
    expect([parts, refusals, typeof lastSeenAt]).toEqual([[], {}, 'number'])
    expect(node.trafficOf(did)).toMatchObject({ asked: 1, answered: 0, isOpenedHere: true })
    expect(peer.trafficOf(node.did)).toMatchObject({ asked: 0, answered: 1, isOpenedHere: false })
    expect(node.trafficOf(did)?.bytesOut).toBe(peer.trafficOf(node.did)?.bytesIn)
    await peer.stop()
    await vi.waitUntil(() => node.view(did).connections.length === 0, { timeout: WAIT_MS })
    expect([node.trafficOf(did), typeof node.view(did).lastSeenAt]).toEqual([undefined, 'number'])
  })

  it('says which faults a score is made of, and forgives a cut by order', async () => {
    const peer = await hostile()
    for (let time = 0; time < 2; time += 1) {
      const stream = await openFrames(peer, node)
      stream.send(frame('answer', 5n))
      await untilClosed(stream)
    }
    await vi.waitUntil(() => node.scoreOf(did).bannedUntil !== undefined, { timeout: WAIT_MS })
    const { parts, fadedPoints, score } = node.view(did)
    expect(parts).toMatchObject([{ conduct: 'frame-invalid', count: 2, points: -120 }])
    expect(score.points).toBeCloseTo(-120 + fadedPoints, 6)
    expect([node.pardon(did), node.pardon(did)]).toEqual([true, false])
    await vi.waitUntil(() => peer.getConnections().length === 0, { timeout: WAIT_MS })
    await expect(openFrames(peer, node)).resolves.toBeDefined()
  })
})
