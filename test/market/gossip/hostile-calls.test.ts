import { describe, expect, it } from 'vitest'
import { fixedKey, type FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import { auctionIdOf } from '../../../src/core/auction/auction-call.ts'
import { LOST_DEPOSITS } from '../../../src/core/auction/deposits.ts'
import { CALLS_OF_CALLER, CALLS_OF_NEIGHBOUR, CallGossip } from '../../../src/market/gossip/call-gossip.ts'
import { MemoryGossipNetwork } from '../../../src/network/memory/memory-gossip.ts'
import { callOfBody } from '../../../src/wire/v1/auction-messages.ts'
import { CALL_TOPIC, MARKET_TOPICS } from '../../../src/wire/v1/gossip-topics.ts'
import type { MessageBody } from '../../../src/wire/v1/message-types.ts'
import type { HeardCall } from '../../../src/wire/v1/read-announcement.ts'
import { settle, TestTime } from '../parties/party-fixtures.ts'
import { EAR, NEIGHBOUR, NETWORK, NODE, OTHER, SELLER, signed, textOf, USD, verify } from './card-fixtures.ts'

const BUYER = SELLER
const from = NEIGHBOUR.did
const NOW = new TestTime().now
/** Two neighbours of one block of addresses. */
const BLOCKS: ReadonlyMap<string, string> = new Map([NEIGHBOUR.did, OTHER.did].map((did) => [did, '192.0.2.0/24']))
/** 32 bytes. */
const SALT = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'

type Call = MessageBody<'auction-call'>['call']

function callBody(changes: Partial<Call> = {}, caller: FixedKey = BUYER): Call {
  return {
    auctioneer: caller.did,
    buyer: caller.did,
    skill: 'text.word-count',
    task: '88'.repeat(32) as Call['task'],
    currency: USD,
    kind: 'first',
    reservePriceNanos: amountFromNanos(500_000_000n),
    latencyMsMax: durationFromMs(30_000),
    depositNanos: amountFromNanos(0n),
    forfeitTo: LOST_DEPOSITS,
    opensAt: timestampFromMs(NOW),
    bidMs: durationFromMs(10_000),
    revealMs: durationFromMs(2_000),
    settleMs: durationFromMs(10_000),
    bidsMax: 64,
    filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: amountFromNanos(1_000_000_000n) },
    weights: { price: 1, latency: 0, reputation: 0 },
    salt: SALT as Call['salt'],
    ...changes,
  }
}

type Announced = {
  readonly call?: Partial<Call>
  readonly caller?: FixedKey
  /** Who signs the announcement; default the caller. */
  readonly by?: FixedKey
  readonly head?: Readonly<Record<string, unknown>>
  readonly inner?: Readonly<Record<string, unknown>>
}

function announced({ call = {}, caller = BUYER, by = caller, head = {}, inner = {} }: Announced = {}): Uint8Array {
  const body = { call: callBody(call, caller) }
  const contract = auctionIdOf(callOfBody(body))
  const text = textOf(signed('auction-call', body, { key: caller, contract, ...inner } as never))
  const announcement = { call: text, node: NODE.did, addresses: ['/ip4/203.0.113.7/tcp/4001'] }
  return signed('auction-announcement', announcement, { key: by, ...head })
}

type Ear = { readonly calls: CallGossip; readonly heard: HeardCall[]; readonly time: TestTime }

function createEar(gossip = new MemoryGossipNetwork().createGossip(EAR.did, MARKET_TOPICS)): Ear {
  const time = new TestTime()
  const heard: HeardCall[] = []
  const calls = new CallGossip(
    { gossip, verify, clock: time.clock },
    {
      network: NETWORK,
      blockOf: (neighbour) => BLOCKS.get(neighbour) ?? neighbour,
      onCall: (call) => heard.push(call),
    },
  )
  return { calls, heard, time }
}

function verdictOf(data: Uint8Array): unknown {
  const hearing = createEar().calls.hear({ from, data })
  return hearing.verdict === 'accept' ? hearing.verdict : [hearing.verdict, hearing.code]
}

describe('a call to everybody', () => {
  it('is heard with the node that takes bids', () => {
    const hearing = createEar().calls.hear({ from, data: announced() })
    expect(hearing).toMatchObject({ verdict: 'accept', heard: { node: NODE.did, call: { auctioneer: BUYER.did } } })
  })

  it('goes to everybody who listens, and each is told of it once', async () => {
    const network = new MemoryGossipNetwork()
    const [one, two, three] = [21, 22, 23].map((seed) => network.createGossip(fixedKey(seed).did, MARKET_TOPICS))
    if (one === undefined || two === undefined || three === undefined) throw new TypeError('three')
    const ears = [createEar(two), createEar(three)]
    for (const { calls } of ears) calls.start()
    await createEar(one).calls.publish(announced())
    await one.publish(CALL_TOPIC, announced())
    await settle()
    expect(ears.map(({ heard }) => heard.length)).toEqual([1, 1])
  })
})

describe('a call that is a lie', () => {
  it.each([
    ['signed by another key', announced({ by: OTHER, head: { iss: BUYER.did } }), 'ENVELOPE_SIGNATURE_WRONG'],
    ['of an auction of somebody else', announced({ by: OTHER }), 'CALL_STRANGER'],
    [
      'that its auctioneer has not signed',
      announced({ inner: { iss: BUYER.did, key: OTHER } }),
      'ENVELOPE_SIGNATURE_WRONG',
    ],
    ['of another auction than it names', announced({ inner: { contract: '99'.repeat(32) } }), 'CALL_WRONG'],
    ['for one bidder', announced({ inner: { aud: OTHER.did } }), 'CALL_WRONG'],
    ['that contradicts itself', announced({ call: { bidMs: durationFromMs(1) } }), 'CALL_WRONG'],
    ['of a contract', announced({ head: { contract: '77'.repeat(32) } }), 'CALL_TYPE_WRONG'],
    ['for one node', announced({ head: { aud: OTHER.did } }), 'ENVELOPE_AUDIENCE_WRONG'],
    ['that is no message', new Uint8Array(20), 'ENVELOPE_NOT_UTF8'],
    ['of too many bytes', new Uint8Array(12_289), 'CALL_TOO_LARGE'],
  ] as const)('is rejected: %s', (_why, data, code) => {
    const verdict = verdictOf(data)
    if (code === 'ENVELOPE_NOT_UTF8') expect(verdict).toMatchObject(['reject', expect.stringMatching(/^ENVELOPE_/)])
    else expect(verdict).toEqual(['reject', code])
  })

  it.each([
    ['another network', announced({ head: { net: 'other' } }), 'ENVELOPE_NETWORK_WRONG'],
    ['has expired', announced({ head: { iat: NOW - 120_000, exp: NOW - 60_000 } }), 'ENVELOPE_EXPIRED'],
    ['is over', announced({ call: { opensAt: timestampFromMs(NOW - 60_000) } }), 'CALL_OVER'],
  ] as const)('is ignored where it %s', (_why, data, code) => {
    expect(verdictOf(data)).toEqual(['ignore', code])
  })
})

describe('a flood of calls', () => {
  it('of one auctioneer is passed on at the rate of one', () => {
    const { calls, time } = createEar()
    const said = (index: number): unknown =>
      calls.hear({ from, data: announced({ call: { reservePriceNanos: amountFromNanos(BigInt(1_000 + index)) } }) })
        .verdict
    const verdicts = Array.from({ length: CALLS_OF_CALLER.burst + 5 }, (_, index) => said(index))
    expect(verdicts.filter((verdict) => verdict === 'accept')).toHaveLength(CALLS_OF_CALLER.burst)
    expect(verdicts.at(-1)).toBe('ignore')
    time.now += 10_000
    expect(calls.hear({ from, data: announced({ call: { opensAt: timestampFromMs(time.now) } }) }).verdict).toBe(
      'accept',
    )
  })

  it('under keys without end is heard no faster than one block of neighbours may tell, and others are heard', () => {
    const { calls } = createEar()
    for (let index = 0; index < CALLS_OF_NEIGHBOUR.burst; index += 1) calls.hear({ from, data: announced() })
    expect(calls.hear({ from, data: announced({ caller: OTHER }) })).toMatchObject({ code: 'CALL_TOO_OFTEN' })
    // Another key costs it nothing.
    expect(calls.hear({ from: OTHER.did, data: announced({ caller: OTHER }) })).toMatchObject({
      code: 'CALL_TOO_OFTEN',
    })
    expect(calls.hear({ from: EAR.did, data: announced({ caller: OTHER }) }).verdict).toBe('accept')
    expect(calls.size).toBe(2)
  })

  it('that is forged uses up nothing of whom it names', () => {
    const { calls } = createEar()
    for (let index = 0; index < 20; index += 1)
      calls.hear({ from, data: announced({ inner: { key: OTHER, iss: BUYER.did }, head: { seq: 0 } }) })
    expect(calls.hear({ from, data: announced() }).verdict).toBe('accept')
  })
})
