import { deepEqual, equal, ok } from 'node:assert/strict'
import { base58btc } from 'multiformats/bases/base58'
import { CodedError } from '../../../src/base/errors.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { Gossip } from '../../../src/ports/gossip.ts'
import { type Libp2pTransport, parsePeerAddress, parsePeerName } from '../../../src/node/network/index.ts'
import type { OtherPeer } from './other-peer.ts'

/** Ours and the other one, not connected yet at the first case; each case stands on those before it. */
export type Pair = {
  readonly ours: Libp2pTransport
  readonly gossip: Gossip
  /** Ours, with its peer id. */
  readonly address: string
  readonly other: OtherPeer
  /** What ours was asked, by whom. */
  readonly asked: readonly { readonly from: string; readonly bytes: number }[]
  /** Payloads that ours was given to judge. */
  readonly judged: readonly string[]
  readonly untilReceived: (payload: string) => Promise<void>
}

export type InteropCase = { readonly name: string; readonly run: (pair: Pair) => Promise<void> }

export const ECHO = '/kernell/echo/1.0.0'
export const TOPIC = '/kernell/interop/1.0.0'
const LARGE = 1_000_000
const TIMEOUT_MS = 20_000

const FRAME_OF_FORGED_LENGTH = 'ffffffff02000000000000000000010000' + '0000'

export const INTEROP_CASES: readonly InteropCase[] = [
  {
    name: 'it dials ours: encryption, yamux, and both keys proved',
    run: async ({ ours, other, address }) => {
      const { peer } = await other.do('connect', { address })
      equal(parsePeerName(String(peer)), ours.did)
    },
  },
  {
    name: 'identify: it reads who ours is',
    run: async ({ ours, other, address }) => {
      const told = await other.do('identify', { address })
      equal(told['agent'], 'kernell-os')
      const protocols = told['protocols'] as readonly string[]
      for (const protocol of ['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0', '/kernell/frames/1.0.0', '/meshsub/1.2.0'])
        ok(protocols.includes(protocol), `${protocol} of ${protocols.join(' ')}`)
      deepEqual(
        told['addresses'],
        ours.addresses.map((each) => each.replace(/\/p2p\/.*$/u, '')),
      )
      // A protobuf of two members: Ed25519, and 32 bytes.
      const key = base58btc.decode(ours.did.slice('did:key:'.length)).slice(2)
      equal(told['key'], `08011220${Buffer.from(key).toString('hex')}`)
    },
  },
  {
    name: 'ping: ours answers each of five',
    run: async ({ other, address }) => {
      deepEqual(await other.do('ping', { address, count: 5 }), { rounds: 5 })
    },
  },
  {
    name: 'frames: ours answers its questions, and knows who asks',
    run: async ({ other, address, asked }) => {
      const body = Buffer.alloc(LARGE, 'kernell')
      const told = await other.do('ask', { address, protocol: ECHO, body: body.toString('hex') })
      ok(told['answer'] === Buffer.from(body.toReversed()).toString('hex'), 'the answer is another one')
      equal(told['credit'], 1)
      deepEqual(asked, [{ from: didIn(other.address), bytes: LARGE }])
    },
  },
  {
    name: 'frames: a question that nobody answers is refused by code',
    run: async ({ other, address }) => {
      const told = await other.do('ask', { address, protocol: '/kernell/nobody/1.0.0', body: '' })
      equal((told['failure'] as { readonly code?: string } | undefined)?.code, 'NETWORK_PROTOCOL_UNKNOWN')
    },
  },
  {
    name: 'frames: it answers questions of ours, on the stream that it opened',
    run: async ({ ours, other }) => {
      const body = new TextEncoder().encode('from ours')
      const answer = await ours.request(didIn(other.address), { protocol: ECHO, body, timeoutMs: TIMEOUT_MS })
      equal(new TextDecoder().decode(answer), 'sruo morf')
    },
  },
  {
    name: 'frames: a refusal of the other side reaches the asker as its code',
    run: async ({ ours, other }) => {
      const question = { protocol: '/kernell/nobody/1.0.0', body: new Uint8Array(0), timeoutMs: TIMEOUT_MS }
      const failure = await ours.request(didIn(other.address), question).catch((error: unknown) => error)
      ok(CodedError.is(failure) && failure.code === 'NETWORK_PROTOCOL_UNKNOWN', String(failure))
    },
  },
  {
    name: 'gossipsub: both are in one mesh, and what it announces is judged and received once',
    run: async ({ other, judged, untilReceived }) => {
      await other.do('subscribe', { topic: TOPIC })
      await other.do('meshed', { topic: TOPIC })
      await other.do('publish', { topic: TOPIC, body: hex('from the other') })
      await untilReceived('from the other')
      deepEqual(judged, ['from the other'])
      // Its own comes back to itself from nobody but itself.
      deepEqual(await other.do('heard', { topic: TOPIC }), { body: hex('from the other'), named: false })
    },
  },
  {
    name: 'gossipsub: it hears what ours announces, without an author',
    run: async ({ gossip, other }) => {
      await gossip.publish(TOPIC, new TextEncoder().encode('from ours'))
      deepEqual(await other.do('heard', { topic: TOPIC }), { body: hex('from ours'), named: false })
    },
  },
  {
    name: 'gossipsub: a message that names an author never gets as far as a judge',
    run: async ({ other, judged, untilReceived }) => {
      await other.do('publish_named', { topic: TOPIC, body: hex('with a name') })
      await other.do('publish', { topic: TOPIC, body: hex('the next') })
      await untilReceived('the next')
      deepEqual(judged, ['from the other', 'the next'])
    },
  },
  {
    name: 'frames: what is no frame ends its stream, and ours goes on',
    run: async ({ other, address }) => {
      deepEqual(await other.do('send_raw', { address, body: FRAME_OF_FORGED_LENGTH }), { ended: true })
      deepEqual(await other.do('ping', { address, count: 1 }), { rounds: 1 })
    },
  },
]

/** Cases of a pair in which ours dials; there is no connection yet. */
export const DIALLING_CASES: readonly InteropCase[] = [
  {
    name: 'ours dials it: encryption, yamux, both keys proved, and a question of a megabyte',
    run: async ({ ours, other }) => {
      const { did, address } = parsePeerAddress(other.address)
      ours.addPeer(did, address)
      const body = Uint8Array.from({ length: LARGE }, (_, at) => at % 251)
      const answer = await ours.request(did, { protocol: ECHO, body, timeoutMs: TIMEOUT_MS })
      ok(Buffer.compare(answer, body.toReversed()) === 0, 'the answer is another one')
    },
  },
]

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}

function didIn(address: string): Did {
  return parsePeerAddress(address).did
}
