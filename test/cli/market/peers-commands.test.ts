import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { Libp2pTransport } from '../../../src/network/libp2p/libp2p-transport.ts'
import { parsePeerAddress } from '../../../src/wire/v1/peer-address.ts'
import { peerIdOf } from '../../../src/wire/v1/peer-id.ts'
import { identityOf } from '../../network/identities.ts'
import { createTestNode } from '../../network/libp2p-nodes.ts'
import { type BinaryRun, makeFolder, removeFolders, runBinary, type StartedBinary, startBinary } from '../run-binary.ts'
import { type Json, told } from './market-folder.ts'

/** A real `kernell node`, and peers of it in this process that keep to the protocol and are not wanted all the same. */
const folder = makeFolder()
const environment = { KERNELL_KEY_PASSPHRASE: 'correct horse battery staple' }
const WAIT_MS = 20_000
const [bad, other] = [identityOf(66).did, identityOf(67).did]
const peers: Libp2pTransport[] = []
let node: StartedBinary
let ready: Json

async function start(...words: readonly string[]): Promise<void> {
  node = startBinary(['node', '--data-dir', 'd', '--port', '0', '--json', ...words], { folder, environment })
  ready = JSON.parse(await node.untilOutput(/"event":"ready"/)) as Json
}

async function stop(): Promise<void> {
  node.child.kill('SIGINT')
  await node.ended
}

async function askPeers(...words: readonly string[]): Promise<BinaryRun> {
  return await runBinary(['peers', ...words, '--data-dir', 'd', '--json'], { folder, environment })
}

/** Asks the node what it does not know: the failure says that it was reached. */
async function reach(peer: Libp2pTransport): Promise<string> {
  const { did, address } = parsePeerAddress((ready['addresses'] as readonly string[])[0] ?? '')
  peer.addPeer(did, address)
  const question = { protocol: '/kernell/nothing/1.0.0', body: new Uint8Array(0), timeoutMs: 10_000 }
  return await peer.request(did, question).then(
    () => 'none',
    (error: unknown) => (CodedError.is(error) ? error.code : 'none'),
  )
}

async function startPeer(number: number): Promise<Libp2pTransport> {
  const peer = createTestNode(number)
  peers.push(peer)
  await peer.start()
  return peer
}

const rowsOf = (run: BinaryRun): readonly Json[] => told(run)['peers'] as readonly Json[]
const codeOf = (run: BinaryRun): unknown => (told(run)['error'] as Json | undefined)?.['code']
const rowOf = (run: BinaryRun, did: Did): Json | undefined => rowsOf(run).find((row) => row['did'] === did)

beforeAll(async () => await start('--listen', '/ip4/127.0.0.1/tcp/0'), 60_000)
afterAll(async () => {
  await stop()
  for (const peer of peers) await peer.stop()
  removeFolders()
}, 60_000)

describe('the peers of a running node', () => {
  test('are listed with what they are and did, and banned for good', { timeout: 120_000 }, async () => {
    const [unwanted, welcome] = [await startPeer(66), await startPeer(67)]
    expect([await reach(unwanted), await reach(welcome)]).toEqual([
      'NETWORK_PROTOCOL_UNKNOWN',
      'NETWORK_PROTOCOL_UNKNOWN',
    ])
    const listed = await askPeers('list')
    expect([listed.code, told(listed)['total']]).toEqual([0, 2])
    expect(rowOf(listed, bad)).toEqual({
      peerId: peerIdOf(bad),
      did: bad,
      address: expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/) as unknown,
      addresses: unwanted.addresses,
      connected: true,
      direction: 'inbound',
      score: 0,
      scoreParts: { conduct: [], fadedPoints: 0 },
      latencyMs: expect.toSatisfy((ms: unknown) => ms === null || typeof ms === 'number') as unknown,
      lastSeenAt: expect.any(Number) as unknown,
      bytesIn: expect.any(Number) as unknown,
      bytesOut: expect.any(Number) as unknown,
      questionsAsked: 0,
      questionsAnswered: 1,
      refusals: {},
      ban: null,
    })
    const banned = await askPeers('ban', peerIdOf(bad) ?? '', '--for', '7d', '--reason', 'floods')
    expect([banned.code, told(banned)]).toMatchObject([
      0,
      { did: bad, peerId: peerIdOf(bad), effect: 'applied', wasConnected: true, isNotary: false },
    ])
    await vi.waitUntil(() => unwanted.connectedPeers.length === 0, { timeout: WAIT_MS })
    expect([await reach(unwanted), await reach(welcome)]).toEqual(['NETWORK_UNREACHABLE', 'NETWORK_PROTOCOL_UNKNOWN'])
    const shown = await askPeers('show', bad)
    expect(told(shown)).toMatchObject({
      did: bad,
      connected: false,
      connections: [],
      refusals: { banned: expect.any(Number) as unknown },
      ban: {
        kind: 'operator',
        until: told(banned)['bannedUntil'],
        reason: 'floods',
        by: expect.stringContaining('command line') as unknown,
      },
    })
    const text = await runBinary(['peers', 'list', '--banned', '--data-dir', 'd'], { folder, environment })
    expect(text.output).toMatch(new RegExp(`^${peerIdOf(bad)} .*until \\d{4}-\\d\\d-\\d\\dT.*: floods`, 'm'))
    expect(text.output).not.toContain(peerIdOf(other))
  })

  test('stay away after a restart, and are let in by order alone', { timeout: 120_000 }, async () => {
    const [unwanted] = peers
    if (unwanted === undefined) throw new Error('no peer')
    const own = String(ready['did'])
    await stop()
    await start('--listen', '/ip4/127.0.0.1/tcp/0')
    expect(ready['did']).toBe(own)
    expect(await reach(unwanted)).toBe('NETWORK_UNREACHABLE')
    const lifted = await askPeers('unban', bad)
    expect([lifted.code, told(lifted)]).toEqual([0, { did: bad, peerId: peerIdOf(bad), effect: 'applied' }])
    expect(await reach(unwanted)).toBe('NETWORK_PROTOCOL_UNKNOWN')
    expect(told(await askPeers('unban', bad))).toMatchObject({ effect: 'exists' })
    const shown = await runBinary(['peers', 'show', bad, '--data-dir', 'd'], { folder, environment })
    expect([shown.code, shown.output]).toEqual([
      0,
      expect.stringMatching(/kept away {2}no[\s\S]*score {6}0\n[\s\S]*inbound \/ip4/) as unknown,
    ])
  })

  test('are named rightly, and never the node itself', { timeout: 120_000 }, async () => {
    for (const [words, code, exit] of [
      [['ban', String(ready['did'])], 'PEER_IS_SELF', 3],
      [['ban', '12D3KooWnobody'], 'PEER_ID_INVALID', 2],
      [['show', identityOf(99).did], 'PEER_UNKNOWN', 1],
    ] as const) {
      const run = await askPeers(...words)
      expect([words, codeOf(run), run.code]).toEqual([words, code, exit])
      expect(((told(run)['error'] as Json)['details'] as Json)['remedy'] ?? code).toBeTruthy()
    }
    expect(rowsOf(await askPeers('list', '--banned'))).toEqual([])
  })

  test('need a node that runs, and that has connections between machines', { timeout: 120_000 }, async () => {
    await stop()
    const nobody = await askPeers('list')
    expect([codeOf(nobody), nobody.code]).toEqual(['MARKET_NODE_MISSING', 1])
    await start()
    const alone = await askPeers('ban', bad)
    expect([codeOf(alone), alone.code]).toEqual(['PEER_NETWORK_MISSING', 1])
  })
})
