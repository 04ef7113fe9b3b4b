import { expect, it } from 'vitest'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { cancelHash } from '../../../src/wire/v1/escrow-events.ts'
import { MarketWorld, nanos, USD, wanted, WORD_COUNTER } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

it('a worker in the middle of its work ends the contract for its whole price, and for no less', async () => {
  const world = await MarketWorld.create()
  let free = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    free = resolve
  })
  const runner = {
    run: async (...task: Parameters<typeof WORD_COUNTER.run>) => {
      await gate
      return await WORD_COUNTER.run(...task)
    },
  }
  const shop = await world.seller({ key: KEYS.seller }, { runner })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer })
  await node.buyer.buy(wanted())
  await settle(80)
  await world.time.advance(1_000)
  const contract = node.buyer.order('order-1')?.contract
  expect(await world.view(contract)).toMatchObject({ state: 'WORKING' })
  const ask = async (amount: number): Promise<string> => {
    const statement = { contract: contract as ContractId, amountNanos: nanos(amount), currency: USD }
    const hash = cancelHash(statement)
    const signature = await node.party.wallet.sign({ kind: 'cancel', place: `${contract}/${hash}`, hash })
    const question = { frame: { type: 'cancel', statement, signature } } as const
    return (await node.party.components.door.ask(KEYS.seller.did, question)).frame.type
  }
  expect([await ask(0), await ask(999), await ask(1_000)]).toEqual(['declined', 'declined', 'cosigned'])
  free()
  await world.until(node, 'order-1')
})
