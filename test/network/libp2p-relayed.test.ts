import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { RELAY_CONNECTION_BYTES } from '../../src/network/libp2p/limits.ts'
import { peerIdOf } from '../../src/wire/v1/peer-id.ts'
import { createTestNode } from './libp2p-nodes.ts'

const PROTOCOL = '/kernell/test/1.0.0'
const question = (bytes: number) => ({ protocol: PROTOCOL, body: new Uint8Array(bytes).fill(7), timeoutMs: 10_000 })

let relay: Libp2pTransport
let far: Libp2pTransport
let near: Libp2pTransport

/** The far node is reached over the relay alone; both ends answer with how much they were sent. */
beforeEach(async () => {
  relay = createTestNode(3, { isRelay: true })
  await relay.start()
  far = createTestNode(2, { listen: [`${relay.addresses[0]}/p2p/${peerIdOf(relay.did)}/p2p-circuit`] })
  near = createTestNode(1, { listen: [] })
  for (const node of [far, near]) node.handle(PROTOCOL, async ({ body }) => new Uint8Array([body.byteLength & 255]))
  await Promise.all([far.start(), near.start()])
  await expect.poll(() => far.addresses.length, { timeout: 10_000 }).toBeGreaterThan(0)
  near.addPeer(far.did, far.addresses[0] ?? '')
})

afterEach(async () => {
  await Promise.all([near, far, relay].map(async (node) => await node.stop()))
})

describe('a node behind a relay', () => {
  it('answers questions, and asks them over the same connection', async () => {
    expect(await near.request(far.did, question(5))).toEqual(Uint8Array.of(5))
    expect(await far.request(near.did, question(9))).toEqual(Uint8Array.of(9))
  })

  it('shares what is shared with all that are behind it, and a node that is called directly does not', async () => {
    await near.request(far.did, question(5))
    expect([near.blockOf(far.did), near.blockOf(relay.did), far.blockOf(near.did)]).toEqual([
      'relayed by 127.0.0.0/24',
      relay.did,
      'relayed by 127.0.0.0/24',
    ])
    await near.stop()
    await expect.poll(() => far.blockOf(near.did)).toBe('unknown')
  })

  it('is reached again when a connection has carried as much as the relay carries for anybody', async () => {
    const part = RELAY_CONNECTION_BYTES / 4
    const codes: string[] = []
    for (let time = 0; time < 12; time += 1) {
      const answer = await near.request(far.did, question(part)).catch((error: unknown) => error)
      codes.push(CodedError.is(answer) ? answer.code : 'answered')
    }
    // A question that is under way when the relay ends the connection is lost, as over any wire; whoever asks again is answered.
    expect(new Set(codes)).toEqual(new Set(['answered', 'NETWORK_UNREACHABLE']))
    expect(codes.filter((code) => code === 'answered').length).toBeGreaterThan(6)
    expect(codes.join(' ')).not.toContain('NETWORK_UNREACHABLE NETWORK_UNREACHABLE')
  })
})
