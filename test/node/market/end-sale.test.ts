import { expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { hashOfBytes } from '../../../src/market/parties/contracts/task-package.ts'
import { EscrowDesk } from '../../../src/node/market/desks/escrow-desk.ts'
import { endSale, listSales, type StandingSale } from '../../../src/node/market/desks/end-sale.ts'
import {
  bytesOf,
  type BuyerNode,
  MarketWorld,
  type SellerNode,
  wanted,
  WORD_COUNTER,
} from '../../market/parties/market-world.ts'
import { KEYS, settle } from '../../market/parties/party-fixtures.ts'

const INPUT = bytesOf('one two three')

type Played = {
  readonly world: MarketWorld
  readonly shop: SellerNode
  readonly node: BuyerNode
  readonly contract: string
  readonly finish: () => void
  readonly signals: AbortSignal[]
}

/** A purchase whose work has begun and waits for `finish`. */
async function begin(): Promise<Played> {
  const world = await MarketWorld.create()
  const gate = Promise.withResolvers<void>()
  const signals: AbortSignal[] = []
  const runner = {
    run: async (...task: Parameters<typeof WORD_COUNTER.run>) => {
      signals.push(task[1].signal)
      await gate.promise
      return await WORD_COUNTER.run(...task)
    },
  }
  const shop = await world.seller({ key: KEYS.seller }, { runner })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer })
  await node.buyer.buy(wanted({ input: INPUT }))
  await settle(80)
  await world.time.advance(1_000)
  const contract = node.buyer.order('order-1')?.contract ?? ''
  expect((await world.view(contract))?.state).toBe('WORKING')
  return { world, shop, node, contract, finish: gate.resolve, signals }
}

const end = async ({ world, shop, contract }: Played): Promise<StandingSale> =>
  (await endSale(shop.party, world.notary, { op: 'end-sale', contract })) as unknown as StandingSale

const list = async ({ world, shop }: Played, input = INPUT): Promise<readonly StandingSale[]> => {
  const request = { op: 'sales', skill: 'text.word-count', inputHash: hashOfBytes(input) }
  return ((await listSales(shop.party, world.notary, request)) as unknown as { sales: StandingSale[] }).sales
}

/** As whoever owns the payer does with `kernell escrow cancel`. */
async function cancelAsPayer({ world, node, contract }: Played): Promise<unknown> {
  const desk = new EscrowDesk({ role: { party: node.party } as never, notary: world.notary, peers: () => [] })
  return await desk.act({ op: 'act', contract, act: 'cancel', key: 'cancel' })
}

it('a seller that gives up a contract whose payer has signed its end gives the whole price back at once', async () => {
  const played = await begin()
  const { world, node, contract, signals } = played
  // Nobody has agreed yet: it is the payer's word, and the work goes on.
  expect(await cancelAsPayer(played)).toMatchObject({ effect: 'refused', code: 'MARKET_STATEMENT_DECLINED' })
  expect(await list(played)).toMatchObject([{ contract, state: 'WORKING', isMade: false }])
  expect(await end(played)).toMatchObject({ contract, state: 'VOIDED', isMade: false })
  await world.until(node, 'order-1')
  expect([await world.balance(KEYS.buyer.did), await world.balance(KEYS.buyer.did, 'held')]).toEqual([10_000n, 0n])
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  // Once more changes nothing.
  expect(await end(played)).toMatchObject({ state: 'VOIDED' })
  played.finish()
})

it('a seller that gives up first has given its word: the payer ends the contract alone, and else T_deliver does', async () => {
  const played = await begin()
  const { world, node, contract } = played
  const before = await world.view(contract)
  const deliverBy = before?.timers.find(({ name }) => name === 'deliver')?.firesAt
  expect(await end(played)).toMatchObject({ state: 'WORKING', lapsesAt: deliverBy })
  expect(await cancelAsPayer(played)).toMatchObject({ effect: 'applied', state: 'VOIDED' })
  await world.until(node, 'order-1')
  expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  played.finish()
})

it('what is made is said to be, and is delivered whatever was signed; other inputs have nothing to do with it', async () => {
  const played = await begin()
  const { world, node } = played
  played.finish()
  await world.until(node, 'order-1')
  expect(await list(played)).toMatchObject([{ state: 'FINAL', isMade: true, lapsesAt: null }])
  expect(await end(played)).toMatchObject({ state: 'FINAL' })
  expect(await list(played, bytesOf('four'))).toEqual([])
  const stranger = { ...played, contract: 'a'.repeat(64) }
  await expect(end(stranger)).rejects.toMatchObject({ code: 'MARKET_OBJECT_UNKNOWN' })
})

it('what is made and not yet certified to be delivered is said to be made', async () => {
  const played = await begin()
  const { world, node } = played
  const gate = Promise.withResolvers<void>()
  const submit = world.notary.submit.bind(world.notary)
  world.notary.submit = async (bytes, options) => {
    if (new TextDecoder().decode(bytes).includes('"escrow-delivery"')) await gate.promise
    return await submit(bytes, options)
  }
  played.finish()
  await settle(80)
  expect(await list(played)).toMatchObject([{ state: 'WORKING', isMade: true }])
  gate.resolve()
  await world.until(node, 'order-1')
})

it('a set that does not answer keeps nobody from giving up: the word is signed, and counts when the payer asks', async () => {
  const played = await begin()
  const { world, node, shop } = played
  const away = Object.create(world.notary) as typeof world.notary
  away.contract = async () => await Promise.reject(new CodedError('NETWORK_TIMEOUT', { message: 'no answer' }))
  const told = await endSale(shop.party, away, { op: 'end-sale', contract: played.contract })
  expect(told).toMatchObject({ state: 'UNKNOWN', lapsesAt: null })
  expect(await cancelAsPayer(played)).toMatchObject({ effect: 'applied', state: 'VOIDED' })
  await world.until(node, 'order-1')
  played.finish()
})
