import { expect, it } from 'vitest'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { cancelHash } from '../../../src/wire/v1/escrow-events.ts'
import { type BuyerNode, MarketWorld, nanos, USD, wanted, WORD_COUNTER } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

async function signEnd({ wallet }: Party, name: string | undefined, amount: number) {
  const contract = name as ContractId
  const statement = { contract, amountNanos: nanos(amount), currency: USD }
  const hash = cancelHash(statement)
  return { statement, signature: await wallet.sign({ kind: 'cancel', place: `${contract}/${hash}`, hash }) }
}

/** What the seller says to an end at an amount. */
async function askToEnd({ buyer, party }: BuyerNode, amount: number): Promise<string> {
  const { statement, signature } = await signEnd(party, buyer.order('order-1')?.contract, amount)
  const question = { frame: { type: 'cancel', statement, signature } } as const
  return (await party.components.door.ask(KEYS.seller.did, question)).frame.type
}

it('a worker in the middle of its work ends the contract for its whole price, and for no less', async () => {
  const world = await MarketWorld.create()
  const gate = Promise.withResolvers<void>()
  const runner = {
    run: async (...task: Parameters<typeof WORD_COUNTER.run>) => {
      await gate.promise
      return await WORD_COUNTER.run(...task)
    },
  }
  const shop = await world.seller({ key: KEYS.seller }, { runner })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer })
  await node.buyer.buy(wanted())
  await settle(80)
  await world.time.advance(1_000)
  expect(await world.view(node.buyer.order('order-1')?.contract)).toMatchObject({ state: 'WORKING' })
  const answers = [await askToEnd(node, 0), await askToEnd(node, 999), await askToEnd(node, 1_000)]
  expect(answers).toEqual(['declined', 'declined', 'cosigned'])
  // As whoever owns the seller does.
  await signEnd(shop.party, node.buyer.order('order-1')?.contract, 300)
  expect([await askToEnd(node, 300), await askToEnd(node, 299)]).toEqual(['cosigned', 'declined'])
  gate.resolve()
  await world.until(node, 'order-1')
})

it('a worker whose start is on its way signs nothing that would be good in the middle of its work', async () => {
  const world = await MarketWorld.create()
  const gate = Promise.withResolvers<void>()
  const submit = world.notary.submit.bind(world.notary)
  world.notary.submit = async (bytes, options) => {
    if (new TextDecoder().decode(bytes).includes('"escrow-start"')) await gate.promise
    return await submit(bytes, options)
  }
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer })
  await node.buyer.buy(wanted())
  await settle(80)
  await world.time.advance(1_000)
  expect(await world.view(node.buyer.order('order-1')?.contract)).toMatchObject({ state: 'HELD' })
  expect(await askToEnd(node, 0)).toBe('declined')
  gate.resolve()
  await world.until(node, 'order-1')
})
