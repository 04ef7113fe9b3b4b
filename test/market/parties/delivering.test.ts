import { describe, expect, it } from 'vitest'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import type { BuyRequest } from '../../../src/market/parties/buying/buy-order.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { hashOfBytes } from '../../../src/market/parties/contracts/task-package.ts'
import { encodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import {
  BUYER_POLICY,
  type BuyerNode,
  bytesOf,
  MarketWorld,
  type SellerNode,
  wanted,
  WORD_COUNTER,
} from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

/** What no honest count of three words gives. */
const IMPOSSIBLE = {
  kind: 'number-near',
  artifact: 'result',
  pointer: '/words',
  expected: '999',
  tolerance: '0',
} as const

type Pair = { readonly world: MarketWorld; readonly shop: SellerNode; readonly node: BuyerNode }

async function openPair(fallbackPerMillion = 0): Promise<Pair> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer(), 'words')
  return {
    world,
    shop,
    node: await world.buyer({ key: KEYS.buyer }, { policy: { ...BUYER_POLICY, fallbackPerMillion } }),
  }
}

const impossible = (changes: Partial<BuyRequest> = {}): BuyRequest => wanted({ predicate: IMPOSSIBLE, ...changes })

describe('work that ran and fails the predicate of the contract', () => {
  it.each(['C2', 'C3'] as const)(
    'is delivered, and a rejection costs the worker its price and nothing else: %s',
    async (custody) => {
      const { world, node } = await openPair()
      await node.buyer.buy(impossible({ custody }))
      const order = await world.until(node, 'order-1')
      const view = await world.view(order.contract)
      expect(view).toMatchObject({ state: 'FINAL', capturedNanos: '0' })
      expect(view?.transitions.map(({ event }) => event)).toContain('disputed')
      expect([await world.balance(KEYS.buyer.did), await world.balance(KEYS.seller.did)]).toEqual([10_000n, 10_000n])
    },
  )

  it('earns the share that the contract gives where nobody rules', async () => {
    const { world, node } = await openPair(400_000)
    await node.buyer.buy(impossible())
    const order = await world.until(node, 'order-1')
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', capturedNanos: '400' })
  })
})

describe('a result', () => {
  it('leaves when its delivery is certified, and not before', async () => {
    const { world, node } = await openPair()
    const gate = Promise.withResolvers<void>()
    const submit = world.notary.submit.bind(world.notary)
    let isAsked = false
    world.notary.submit = async (bytes, options) => {
      if (new TextDecoder().decode(bytes).includes('"escrow-delivery"')) {
        isAsked = true
        await gate.promise
      }
      return await submit(bytes, options)
    }
    await node.buyer.buy(wanted())
    await settle(80)
    await world.time.advance(3_000)
    const contract = node.buyer.order('order-1')?.contract
    expect([isAsked, (await world.view(contract))?.state]).toEqual([true, 'WORKING'])
    const result = hashOfBytes(bytesOf('{"words":3}'))
    expect(await node.party.journal.file(result)).toBeUndefined()
    gate.resolve()
    await world.until(node, 'order-1')
    expect(await world.view(contract)).toMatchObject({ state: 'FINAL', capturedNanos: '1000' })
    expect(await node.party.journal.file(result)).toBeDefined()
  })
})

function signedHeadOf(bytes: Uint8Array): { readonly head: object; readonly signature: string } {
  const {
    body: _body,
    signature,
    ...head
  } = JSON.parse(new TextDecoder().decode(bytes)) as {
    readonly body: unknown
    readonly signature: string
  }
  return { head, signature }
}

describe('a payer that says two things at one place', () => {
  it('pays for the work that it interrupted', async () => {
    const world = await MarketWorld.create()
    const gate = Promise.withResolvers<void>()
    const runner: TaskRunner = {
      run: async (...task) => {
        await gate.promise
        return await WORD_COUNTER.run(...task)
      },
    }
    const shop = await world.seller({ key: KEYS.seller }, { runner })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    await settle(60)
    await world.time.advance(1_000)
    const contract = node.buyer.order('order-1')?.contract
    const kept = node.party.wallet.said(`${contract}/hold`)
    if (kept === undefined) throw new TypeError('unreachable')
    const { bodyHash: _, ...head } = kept.envelope.head
    const lie = encodeEnvelope({ ...head, type: 'escrow-withdraw', body: { reason: 'lie' } }, KEYS.buyer.sign)
    const [first, second] = [kept.bytes, lie].map(signedHeadOf)
    await shop.party.tellNotary(contract as ContractId, {
      act: 'proof',
      type: 'equivocation-proof',
      body: { first, second } as never,
    })
    await world.time.advance(1_000)
    expect(await world.view(contract)).toMatchObject({ state: 'FROZEN' })
    gate.resolve()
    await world.until(node, 'order-1')
    expect(await world.view(contract)).toMatchObject({ state: 'FINAL', capturedNanos: '1000' })
    expect(await node.party.journal.file(hashOfBytes(bytesOf('{"words":3}')))).toBeDefined()
  })
})
