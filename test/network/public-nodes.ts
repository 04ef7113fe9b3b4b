/**
 * Run in a network namespace whose loopback has public addresses, by `public-nodes.test.ts`: three nodes of which one is reached over another one. Prints what happened as
 * one JSON document.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from '../../src/base/errors.ts'
import type { Libp2pNodeInit } from '../../src/network/libp2p/create-libp2p-transport.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { peerIdOf } from '../../src/wire/v1/peer-id.ts'
import { createTestNode } from './libp2p-nodes.ts'

const ECHO = '/kernell/test/1.0.0'
const DIRECT_MS_MAX = 20_000

async function start(number: number, init: Libp2pNodeInit): Promise<Libp2pTransport> {
  const node = createTestNode(number, init)
  node.handle(ECHO, async ({ body }) => body)
  await node.start()
  return node
}

const wildcard = await start(4, { listen: ['/ip4/0.0.0.0/tcp/4004'] })
const relay = await start(1, { listen: ['/ip4/45.0.0.1/tcp/4001'], isRelay: true })
const through = `/ip4/45.0.0.1/tcp/4001/p2p/${peerIdOf(relay.did)}/p2p-circuit`
const far = await start(2, { listen: [through, '/ip4/45.0.0.2/tcp/4001'] })
while (!far.addresses.includes(through)) await sleep(20)
const near = await start(3, { listen: ['/ip4/45.0.0.3/tcp/4001'] })
near.addPeer(far.did, through)
const question = { protocol: ECHO, body: Uint8Array.of(7), timeoutMs: 10_000 }
/** What was asked over the relay fails with it when the direct way takes its place, and is asked again. */
const ask = async (): Promise<Uint8Array> =>
  await near.request(far.did, question).catch(async (error: unknown) => {
    if (!CodedError.is(error, 'NETWORK_UNREACHABLE')) throw error
    return await near.request(far.did, question)
  })
const first = await ask()
const isDirect = (): boolean => near.view(far.did).connections.some(({ isRelayed }) => !isRelayed)
const untilMs = performance.now() + DIRECT_MS_MAX
while (!isDirect() && performance.now() < untilMs) await sleep(20)
const second = await ask()
const told = { wildcard: wildcard.addresses, named: relay.addresses }
process.stdout.write(JSON.stringify({ told, answers: [first[0], second[0]], isDirect: isDirect() }))
await Promise.all([wildcard, relay, far, near].map(async (node) => await node.stop()))
