import { expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { NotaryClient } from '../../../src/ports/notary-client.ts'
import { MarketWorld, wanted } from './market-world.ts'
import { KEYS } from './party-fixtures.ts'

it('a purchase goes on by itself when its notary set answers again', async () => {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer })
  const { notary } = node.party.components
  let asked = 0
  const accounts: NotaryClient['accounts'] = async (...question) => {
    asked += 1
    if (asked <= 2) throw new CodedError('NOTARY_UNREACHABLE', { message: 'Nobody answers' })
    return await notary.accounts(...question)
  }
  const away = new Proxy(notary, {
    get: (target, name) => {
      if (name === 'accounts') return accounts
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
  Object.assign(node.party.components, { notary: away })
  await node.buyer.buy(wanted())
  const order = await world.until(node, 'order-1')
  expect(asked).toBeGreaterThan(2)
  expect(order.failed).toBeUndefined()
  expect((await world.view(order.contract))?.state).toBe('FINAL')
})
