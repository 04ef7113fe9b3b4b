import { expect, it } from 'vitest'
import { EscrowDesk } from '../../../src/node/market/desks/escrow-desk.ts'
import { MarketWorld, wanted } from '../../market/parties/market-world.ts'
import { KEYS, settle } from '../../market/parties/party-fixtures.ts'

it('does one of two acts that come at once with one key, and the other is a conflict', async () => {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer }, { acceptsAlone: false })
  await node.buyer.buy(wanted())
  await settle(60)
  await world.time.advance(1_000)
  const contract = node.buyer.order('order-1')?.contract
  expect((await world.view(contract))?.state).toBe('DELIVERED')
  // The party is all of its role that acts.
  const desk = new EscrowDesk({ role: { party: node.party } as never, notary: world.notary, peers: () => [] })
  const act = async (name: string): Promise<unknown> => await desk.act({ op: 'act', contract, act: name, key: 'k' })
  expect(await Promise.allSettled([act('accept'), act('reject'), act('accept')])).toMatchObject([
    { value: { effect: 'applied' } },
    { reason: { code: 'MARKET_KEY_REUSED' } },
    { value: { effect: 'exists' } },
  ])
})
