import { describe, expect, it, test, vi } from 'vitest'
import { MemoryGossipNetwork } from '../../src/network/memory/memory-gossip.ts'
import { SeveralGossips } from '../../src/network/ways/several-gossips.ts'
import type { Libp2pGossip } from '../../src/network/libp2p/libp2p-gossip.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import type { Gossip } from '../../src/ports/gossip.ts'
import { GOSSIP_CASES, GOSSIP_TOPIC, type GossipLine } from '../../src/testing/conformance/gossip-cases.ts'
import { identityOf } from './identities.ts'
import { createTestNode } from './libp2p-nodes.ts'

const gossipTopics = [GOSSIP_TOPIC]

type Made = { readonly line: GossipLine; readonly stop: () => Promise<void> }

async function memoryLine(): Promise<Made> {
  const network = new MemoryGossipNetwork()
  const make = (number: number): Gossip => network.createGossip(identityOf(number).did, gossipTopics)
  const line = { near: make(1), far: make(2), third: make(3), untilKnown: async () => {} }
  return { line, stop: async () => {} }
}

/** The middle one is in two networks, and each of the others in one of them. */
async function bridgedLine(): Promise<Made> {
  const [left, right] = [new MemoryGossipNetwork(), new MemoryGossipNetwork()]
  const { did } = identityOf(2)
  const far = new SeveralGossips([left, right].map((network) => network.createGossip(did, gossipTopics)))
  const near = left.createGossip(identityOf(1).did, gossipTopics)
  const third = right.createGossip(identityOf(3).did, gossipTopics)
  return { line: { near, far, third, untilKnown: async () => {} }, stop: async () => {} }
}

function gossipOf({ gossip }: Libp2pTransport): Gossip {
  if (gossip === undefined) throw new Error('no gossip')
  return gossip
}

/** Three nodes, of which the first and the last know the middle one alone. */
async function libp2pLine(): Promise<Made> {
  const nodes = [1, 2, 3].map((number) => createTestNode(number, { gossipTopics }))
  const [near, far, third] = nodes
  if (near === undefined || far === undefined || third === undefined) throw new Error('three nodes')
  await Promise.all(nodes.map(async (node) => await node.start()))
  const protocol = '/kernell/test/1.0.0'
  far.handle(protocol, async ({ body }) => body)
  for (const node of [near, third]) {
    node.addPeer(far.did, far.addresses[0] ?? '')
    await node.request(far.did, { protocol, body: new Uint8Array(0), timeoutMs: 10_000 })
  }
  const untilKnown = async (): Promise<void> => {
    // Who is known, and not in the mesh yet, misses a message that comes in between.
    const joined = (node: Libp2pTransport): number => (gossipOf(node) as Libp2pGossip).meshOf(GOSSIP_TOPIC).length
    await vi.waitUntil(() => joined(near) === 1 && joined(third) === 1 && joined(far) === 2, { timeout: 10_000 })
  }
  const line = { near: gossipOf(near), far: gossipOf(far), third: gossipOf(third), untilKnown }
  return { line, stop: async () => void (await Promise.all(nodes.map(async (node) => await node.stop()))) }
}

describe.each([
  ['memory', memoryLine],
  ['two networks as one', bridgedLine],
  ['gossipsub', libp2pLine],
])('Gossip: %s', (_, create) => {
  test.each(GOSSIP_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const { line, stop } = await create()
    try {
      await item.run(line)
    } finally {
      await stop()
    }
  })
})

describe('gossip over libp2p', () => {
  it('cuts off a neighbour that passes on what it could have seen to be wrong, and serves the others', async () => {
    const [liar, judge, honest] = [1, 2, 3].map((number) => createTestNode(number, { gossipTopics }))
    if (liar === undefined || judge === undefined || honest === undefined) throw new Error('three nodes')
    const nodes = [liar, judge, honest]
    const question = { protocol: '/kernell/test/1.0.0', body: new Uint8Array(0), timeoutMs: 10_000 }
    try {
      await Promise.all(nodes.map(async (node) => await node.start()))
      judge.handle(question.protocol, async ({ body }) => body)
      gossipOf(judge).subscribe(GOSSIP_TOPIC, { judge: () => 'reject', receive: () => {} })
      for (const node of [liar, honest]) {
        node.addPeer(judge.did, judge.addresses[0] ?? '')
        await node.request(judge.did, question)
      }
      await vi.waitUntil(() => gossipOf(liar).peersOf(GOSSIP_TOPIC).length === 1, { timeout: 10_000 })
      for (let count = 0; count < 7; count += 1) await gossipOf(liar).publish(GOSSIP_TOPIC, Uint8Array.of(count))
      await vi.waitUntil(() => judge.scoreOf(liar.did).bannedUntil !== undefined, { timeout: 10_000 })
      await expect(liar.request(judge.did, question)).rejects.toThrow(
        expect.objectContaining({ code: 'NETWORK_UNREACHABLE' }),
      )
      expect(await honest.request(judge.did, question)).toEqual(question.body)
    } finally {
      await Promise.all(nodes.map(async (node) => await node.stop()))
    }
  })
})

test('the suite has as many cases as promised', () => {
  expect(GOSSIP_CASES.length).toBe(6)
})
