import { describe, expect, it } from 'vitest'
import { type FixedKey, fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { ContractId, Did } from '../../../src/core/evidence/names.ts'
import type { Currency } from '../../../src/core/ledger/ledger-names.ts'
import { declined, type MarketAnswer, TAKEN } from '../../../src/market/parties/market-door.ts'
import type { PartyCode } from '../../../src/market/parties/party-codes.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { encodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { rememberDecline } from '../../../src/market/parties/buying/decliners.ts'
import { IOU, MarketWorld, nanos, USD, wanted } from './market-world.ts'
import { KEYS } from './party-fixtures.ts'

type Liar = { readonly party: Party; readonly asked: string[]; readonly seen: string[] }

const SKILL = 'text.word-count'

/** A node that answers with offers as it likes, and declines. */
async function openLiar(
  world: MarketWorld,
  answer: (party: Party) => Promise<MarketAnswer>,
  code: PartyCode = 'MARKET_BUSY',
): Promise<Liar> {
  const { party } = await world.party(KEYS.rival, createMemoryEventLog())
  const asked: string[] = []
  const seen: string[] = []
  const given = await answer(party)
  party.components.door.serve({
    'offers-wanted': async () => await Promise.resolve(given),
    contract: async ({ bytes }) => {
      asked.push('contract')
      seen.push(new TextDecoder().decode(bytes))
      return await Promise.resolve(declined(code))
    },
    input: async ({ bytes }) => {
      seen.push(new TextDecoder().decode(bytes))
      return await Promise.resolve(TAKEN)
    },
  })
  return { party, asked, seen }
}

type OfferedAt = { readonly node: Did; readonly label: string; readonly currency?: Currency }

function offerOf(world: MarketWorld, key: FixedKey, { node, label, currency = USD }: OfferedAt): string {
  const iat = world.time.clock.now()
  const nonce = Buffer.from(sha256Hex(label).slice(0, 32), 'hex').toString('base64url')
  const head = { net: 'test', iss: key.did, aud: '*', iat, exp: (iat + 600_000) as typeof iat, nonce, seq: 0 } as const
  const body = { ...world.offer({ priceNanos: nanos(1), currency }), capabilities: [], node }
  return new TextDecoder().decode(encodeEnvelope({ type: 'market-offer', body, ...head }, key.sign))
}

async function openShop(world: MarketWorld, currency = USD): Promise<void> {
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer({ currency }), 'words')
}

describe('a node that repeats the offer of a seller', () => {
  it('is not taken for the seller, and sees nothing of a task', async () => {
    const world = await MarketWorld.create()
    await openShop(world)
    const liar = await openLiar(world, async ({ components: { door } }) => {
      return await door.ask(KEYS.seller.did, { frame: { type: 'offers-wanted', skill: SKILL } })
    })
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted({ peers: [KEYS.rival.did, KEYS.seller.did] }))
    const order = await world.until(node, 'order-1')
    expect([order.failed, liar.asked, liar.seen]).toEqual([undefined, [], []])
  })
})

describe('a node that offers and signs nothing', () => {
  it.each([9, 32])('under %i keys is tried once, and last by the next purchase', async (keys) => {
    const world = await MarketWorld.create()
    await openShop(world)
    const liar = await openLiar(world, async ({ did: node }) => {
      const envelopes = Array.from({ length: keys }, (_, at) =>
        offerOf(world, fixedKey(100 + at), { node, label: `offer ${at}` }),
      )
      return await Promise.resolve({ frame: { type: 'offers', envelopes } })
    })
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
    expect(liar.asked).toHaveLength(1)
    await node.buyer.buy(wanted({ idempotencyKey: 'order-2' }))
    expect((await world.until(node, 'order-2')).failed).toBeUndefined()
    expect(liar.asked).toHaveLength(1)
    expect(liar.seen.filter((text) => text !== '')).toEqual([])
  })
})

describe('a node that says that a contract of the same two is open', () => {
  it.each([
    ['C2', USD, 1],
    ['C1', IOU, 5],
  ] as const)('in %s, is not asked for ever, and last by the next purchase', async (custody, currency, times) => {
    const world = await MarketWorld.create()
    await openShop(world, currency)
    const answer = async ({ did: node }: Party): Promise<MarketAnswer> => {
      const envelopes = [offerOf(world, KEYS.rival, { node, label: 'offer', currency })]
      return await Promise.resolve({ frame: { type: 'offers', envelopes } })
    }
    const liar = await openLiar(world, answer, 'MARKET_CREDIT_OPEN')
    const node = await world.buyer({ key: KEYS.buyer })
    for (const idempotencyKey of ['order-1', 'order-2']) {
      await node.buyer.buy(wanted({ idempotencyKey, custody, currency }))
      expect((await world.until(node, idempotencyKey)).failed).toBeUndefined()
      expect(liar.asked).toHaveLength(times)
    }
  })
})

describe('the input of a task', () => {
  it('comes with the contract where the worker would lose a penalty, else after its signature', async () => {
    const seen: string[] = []
    for (const custody of ['C2', 'C3'] as const) {
      const world = await MarketWorld.create()
      const shop = await world.seller({ key: KEYS.seller })
      await shop.seller.offer(world.offer(), 'words')
      const node = await world.buyer({ key: KEYS.buyer })
      const { door } = node.party.components
      const ask = door.ask.bind(door)
      Object.assign(door, {
        ask: async (...[to, post, options]: Parameters<typeof ask>) => {
          if (post.bytes !== undefined) seen.push(`${custody} ${post.frame.type}`)
          return await ask(to, post, options)
        },
      })
      await node.buyer.buy(wanted({ custody }))
      const order = await world.until(node, 'order-1')
      expect((await world.view(order.contract))?.state).toBe('FINAL')
    }
    expect(seen).toEqual(['C2 input', 'C3 contract'])
  })

  it('is taken of the node that had the contract signed, and only what the contract names', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    const codes: unknown[] = []
    while (node.buyer.order('order-1')?.cosignature === undefined) await new Promise((done) => setImmediate(done))
    const contract = node.buyer.order('order-1')?.contract as ContractId
    const { party: stranger } = await world.party(KEYS.rival, createMemoryEventLog())
    const frame = { type: 'input', contract } as const
    for (const [{ components }, text] of [
      [stranger, 'one two three'],
      [node.party, 'other bytes'],
    ] as const) {
      const bytes = new TextEncoder().encode(text)
      const answer = await components.door.ask(KEYS.seller.did, { frame, bytes })
      codes.push(answer.frame.type === 'declined' ? answer.frame.code : answer.frame.type)
    }
    expect(codes).toEqual(['MARKET_CONTRACT_UNKNOWN', 'MARKET_TASK_WRONG'])
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
  })
})

describe('a seller that signs and never starts', () => {
  it('comes behind everybody else for a day', async () => {
    const world = await MarketWorld.create()
    await openShop(world)
    const rogue = await world.seller({ key: KEYS.rival })
    await rogue.seller.offer(world.offer({ priceNanos: nanos(1) }), 'rogue')
    const tell = rogue.party.tellNotary.bind(rogue.party)
    rogue.party.tellNotary = async (contract, said) => {
      if (said.act === 'start') return await new Promise<never>(() => undefined)
      return await tell(contract, said)
    }
    const { buyer, ...node } = await world.buyer({ key: KEYS.buyer })
    const buy = async (key: string): Promise<readonly unknown[]> => {
      await buyer.buy(wanted({ idempotencyKey: key }))
      const { contract } = await world.until({ buyer, ...node }, key)
      const view = await world.view(contract)
      return [view?.state, view?.worker]
    }
    expect(await buy('first')).toEqual(['VOIDED', KEYS.rival.did])
    expect(await buy('second')).toEqual(['FINAL', KEYS.seller.did])
    // A no in between does not wash it off.
    await rememberDecline(node.party, KEYS.rival.did)
    await world.time.advance(86_000_000)
    expect(await buy('third')).toEqual(['FINAL', KEYS.seller.did])
    await world.time.advance(86_400_000)
    expect(await buy('fourth')).toEqual(['VOIDED', KEYS.rival.did])
  })
})
