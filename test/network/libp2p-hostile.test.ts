import { connect, type Socket } from 'node:net'
import type { Stream } from '@libp2p/interface'
import type { Libp2p } from 'libp2p'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PENDING_OF_LOOPBACK_MAX } from '../../src/network/libp2p/limits.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { asked, createHostilePeer, frame, openFrames, targetOf, untilClosed } from './hostile-peer.ts'
import { identityOf } from './identities.ts'
import { createTestNode } from './libp2p-nodes.ts'

const PROTOCOL = '/kernell/test/1.0.0'
const LARGE = 65_536
/** Every byte says that the length goes on. */
const NO_LENGTH = new Uint8Array(65_536).fill(0xff)
const question = { protocol: PROTOCOL, body: Uint8Array.of(7), timeoutMs: 10_000 }
const hostileDid = identityOf(66).did

let victim: Libp2pTransport
let honest: Libp2pTransport
const peers: Libp2p[] = []

beforeEach(async () => {
  victim = createTestNode(1)
  honest = createTestNode(2)
  victim.handle(PROTOCOL, async ({ body }) => body)
  victim.handle('/kernell/large/1.0.0', async () => new Uint8Array(LARGE))
  await Promise.all([victim.start(), honest.start()])
  honest.addPeer(victim.did, victim.addresses[0] ?? '')
  await honest.request(victim.did, question)
})

afterEach(async () => {
  expect(await honest.request(victim.did, question), 'others are served').toEqual(question.body)
  await Promise.all([victim.stop(), honest.stop(), ...peers.splice(0).map(async (peer) => await peer.stop())])
})

async function hostile(number: number | 'secp256k1' = 66, listen: string[] = []): Promise<Libp2p> {
  const peer = await createHostilePeer(number, listen)
  peers.push(peer)
  return peer
}

const isCut = (): boolean => victim.scoreOf(hostileDid).bannedUntil !== undefined

/** Longest wait for what happens at once on a quiet machine. */
const WAIT_MS = 15_000

describe('a hostile peer', () => {
  it.each([
    ['a length of two gigabytes', () => Buffer.from('800000000200000000000000000100000000', 'hex')],
    ['bytes that are no frames', () => new Uint8Array(100).fill(255)],
    ['a greeting where it is known', () => frame('hello', 0n, new Uint8Array(88))],
    ['an answer to nothing', () => frame('answer', 5n)],
    ['a question without a protocol', () => frame('request', 1n, Uint8Array.of(200, 1))],
    ['goodbyes without end', () => Buffer.concat([frame('goodbye', 0n), frame('goodbye', 0n)])],
  ])('that sends %s is scored down, and cut off when it comes back with it', async (_, speak) => {
    const peer = await hostile()
    for (let time = 0; time < 2; time += 1) {
      const stream = await openFrames(peer, victim)
      stream.send(speak())
      await untilClosed(stream)
    }
    await vi.waitUntil(isCut, { timeout: WAIT_MS })
    await vi.waitUntil(() => peer.getConnections().length === 0, { timeout: WAIT_MS })
    await expect(openFrames(peer, victim)).rejects.toThrow()
    expect(victim.counts.refusals.banned).toBeGreaterThan(0)
    expect(victim.counts.heldBytes).toBe(0)
  })

  it('that asks and does not read holds no more than the answers to the questions that it may have open', async () => {
    const stream = await openFrames(await hostile(), victim)
    stream.pause()
    const ask = (correlation: number): void =>
      void stream.send(frame('request', BigInt(correlation), asked('/kernell/large/1.0.0')))
    for (let correlation = 1; correlation <= 64; correlation += 1) ask(correlation)
    await vi.waitUntil(() => victim.counts.heldBytes > LARGE, { timeout: WAIT_MS })
    for (let correlation = 65; correlation <= 1_000; correlation += 1) ask(correlation)
    await vi.waitUntil(() => victim.scoreOf(hostileDid).points < 0, { timeout: WAIT_MS })
    expect(victim.counts.heldBytes).toBeLessThan(64 * (LARGE + 100))
  })

  it('that sends the beginning of a large question and no end takes the memory of what it sent', async () => {
    const stream = await openFrames(await hostile(), victim)
    const whole = frame('request', 1n, new Uint8Array(1_000_000))
    stream.send(whole.subarray(0, 20))
    await vi.waitUntil(() => victim.counts.heldBytes > 0, { timeout: WAIT_MS })
    expect(victim.counts.heldBytes).toBeLessThan(20_000)
  })

  it('that takes questions back without end is read as slowly as one that asks', async () => {
    const stream = await openFrames(await hostile(), victim)
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => frame('cancel', 1n)))
    let sent = 0
    while (sent < 2_000 && stream.send(many)) sent += 1
    // The window of the stream is used up, and nobody opens it again for as long as the questions are not paid for.
    expect(sent).toBeLessThan(2_000)
    expect(stream.writeBufferLength + many.byteLength * sent).toBeGreaterThan(0)
    expect(victim.counts.heldBytes).toBeLessThan(1_000)
  })

  it('that sends what is no name of a protocol, four megabytes of it, is cut off before they are read', async () => {
    const port = Number(victim.addresses[0]?.split('/').at(-1))
    const socket = connect(port, '127.0.0.1')
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => {})
    for (let count = 0; count < 64; count += 1) socket.write(NO_LENGTH)
    await closed
  })

  it('that is cut off over a WebSocket does not keep it', async () => {
    const node = createTestNode(3, { listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    await node.start()
    const port = /\/tcp\/(\d+)\/ws/.exec(node.addresses[0] ?? '')?.[1]
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    const closed = new Promise((resolve) => socket.addEventListener('close', resolve))
    socket.addEventListener('open', () => socket.send(NO_LENGTH))
    await closed
    await node.stop()
  })

  it('that does so over streams of its connections is cut off', async () => {
    const peer = await hostile()
    for (let connections = 0; !isCut() && connections < 8; connections += 1) {
      const connection = await peer.dial(targetOf(victim))
      // Of libp2p's own class: a stream for which nothing was negotiated.
      const { muxer } = connection as unknown as { readonly muxer: { createStream(): Promise<Stream> } }
      const stream = await muxer.createStream()
      stream.send(NO_LENGTH)
      await untilClosed(stream)
      await vi.waitUntil(() => peer.getConnections().length === 0, { timeout: WAIT_MS })
    }
    expect(isCut()).toBe(true)
  })

  it('that opens streams of frames without end has two of them', async () => {
    const peer = await hostile()
    const streams = []
    for (let count = 0; count < 5; count += 1) streams.push(await openFrames(peer, victim).catch(() => undefined))
    await vi.waitUntil(() => victim.scoreOf(hostileDid).points < 0, { timeout: WAIT_MS })
    // With the one of the honest peer.
    expect(victim.counts.frameStreams).toBeLessThanOrEqual(3)
  })

  it('that opens streams of any kind without end loses its connection', async () => {
    const peer = await hostile()
    // A stream that is answered says that both sides have finished opening the connection.
    await openFrames(peer, victim)
    const connection = await peer.dial(targetOf(victim))
    // More at a time are reset by the multiplexer, which tells nobody.
    for (let round = 0; round < 20 && connection.status === 'open'; round += 1) {
      const opened = Array.from(
        { length: 50 },
        async () => await connection.newStream('/nobody/serves/1.0.0').catch(() => {}),
      )
      await Promise.all(opened)
    }
    await vi.waitUntil(() => victim.scoreOf(hostileDid).points < 0, { timeout: WAIT_MS })
    await vi.waitUntil(() => connection.status !== 'open', { timeout: WAIT_MS })
    expect(victim.counts.streams).toBeLessThanOrEqual(64)
  })

  it('with a key that is not Ed25519 is refused', async () => {
    const peer = await hostile('secp256k1')
    await expect(openFrames(peer, victim)).rejects.toThrow()
    expect(victim.counts.refusals.key).toBe(1)
  })

  it('that speaks libp2p and not our protocol is told apart from one that is away', async () => {
    const other = await hostile(66, ['/ip4/127.0.0.1/tcp/0'])
    victim.addPeer(hostileDid, other.getMultiaddrs()[0]?.toString() ?? '')
    await expect(victim.request(hostileDid, question)).rejects.toThrow(
      expect.objectContaining({ code: 'NETWORK_PROTOCOL_UNKNOWN' }),
    )
  })

  it('with a thousand connections takes places from its own block of addresses only', async () => {
    const port = Number(victim.addresses[0]?.split('/').at(-1))
    const sockets: Socket[] = []
    const settled = Array.from({ length: 1_000 }, async (_, index) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.5.${1 + (index % 200)}` })
      sockets.push(socket)
      socket.on('error', () => {})
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve())
        // Who is let in hears the greeting of libp2p.
        socket.once('data', () => resolve())
      })
    })
    await vi.waitUntil(() => Object.values(victim.counts.refusals).reduce((sum, count) => sum + count, 0) > 900, {
      timeout: 15_000,
    })
    expect(victim.counts.inbound).toBeLessThanOrEqual(PENDING_OF_LOOPBACK_MAX + 1)
    const newcomer = createTestNode(3)
    await newcomer.start()
    newcomer.addPeer(victim.did, victim.addresses[0] ?? '')
    expect(await newcomer.request(victim.did, question)).toEqual(question.body)
    for (const socket of sockets) socket.destroy()
    await Promise.all([...settled, newcomer.stop()])
    await vi.waitUntil(() => victim.counts.inbound === 1, { timeout: WAIT_MS })
  })

  it('with many keys is remembered within a bound', async () => {
    for (let number = 70; number < 80; number += 1) {
      const peer = await hostile(number)
      await peer.dial(targetOf(victim))
      await peer.stop()
    }
    expect(victim.counts.records).toBeLessThanOrEqual(13)
    expect(victim.counts.blocks).toBe(1)
  })
})
