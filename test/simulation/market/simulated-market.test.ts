import { expect, it } from 'vitest'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { SKILLS } from '../../../src/market/parties/role/party-notes.ts'
import type { PartyMachine } from '../../../src/simulation/market/party-machine.ts'
import { SimulatedMarket } from '../../../src/simulation/market/simulated-market.ts'
import { nanos, offerOf, openStage, type TestStage, wanted, WORD_COUNTER } from './market-stage.ts'

type Pair = TestStage & {
  readonly market: SimulatedMarket
  readonly shop: PartyMachine
  readonly buyer: PartyMachine
  readonly failures: unknown[]
  readonly ended: () => string | undefined
}

async function openPair(seed: number, notaries: number, signatures?: 'ed25519'): Promise<Pair> {
  const test = openStage(seed, signatures)
  const failures: unknown[] = []
  return await test.during(
    (async () => {
      const market = await SimulatedMarket.open(test.stage, {
        notaries,
        onFailure: (name, cause) => failures.push([name, cause]),
      })
      const fundsNanos = nanos(100_000)
      const shop = await market.join({
        name: 'shop',
        fundsNanos,
        hooks: () => ({ runner: WORD_COUNTER }),
        begin: async (running) => {
          await running.parameters.refresh()
          await running.party.keep(SKILLS, 'text.word-count', { agent: 'words', custody: ['C2', 'C3'] })
          await running.seller.offer(offerOf(running, market.currency), 'words')
        },
      })
      const done: { key?: string } = {}
      const buyer = await market.join({
        name: 'buyer',
        fundsNanos,
        begin: async ({ buyer: side, parameters }) => {
          await parameters.refresh()
          await side.buy(wanted(market.currency, { peers: [shop.did] }))
          const order = await side.ended('order-1')
          done.key = order.contract ?? order.failed?.code ?? 'none'
        },
      })
      return { ...test, market, shop, buyer, failures, ended: () => done.key }
    })(),
  )
}

async function stateOf({ market, during }: Pair, contract: string | undefined): Promise<string | undefined> {
  const view = await during(market.running?.contract(contract as ContractId) ?? Promise.resolve(undefined))
  return view?.state
}

it.each([1, 4])('a purchase ends FINAL with %i notaries', async (notaries) => {
  const pair = await openPair(7, notaries)
  await pair.stage.world.run({ untilMs: 60_000 })
  expect(pair.failures).toEqual([])
  expect(await stateOf(pair, pair.ended())).toBe('FINAL')
  expect(pair.stage.handled.market).toBeGreaterThan(10)
  expect(pair.stage.world.failures).toEqual([])
})
