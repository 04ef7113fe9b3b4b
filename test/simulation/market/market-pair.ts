import type { ContractId } from '../../../src/core/evidence/names.ts'
import { pause } from '../../../src/market/parties/contracts/contract-follower.ts'
import { SKILLS } from '../../../src/market/parties/role/party-notes.ts'
import type { PartyMachine } from '../../../src/simulation/market/party-machine.ts'
import { SimulatedMarket } from '../../../src/simulation/market/simulated-market.ts'
import { nanos, offerOf, openStage, type TestStage, wanted, WORD_COUNTER } from './market-stage.ts'

/** A shop, a buyer and what becomes of one purchase. */
export type Pair = TestStage & {
  readonly market: SimulatedMarket
  readonly shop: PartyMachine
  readonly buyer: PartyMachine
  readonly failures: unknown[]
  /** The contract that came of it. */
  readonly ended: () => string | undefined
}

export async function openPair(seed: number, notaries: number, signatures?: 'ed25519'): Promise<Pair> {
  const test = openStage(seed, signatures)
  const failures: unknown[] = []
  return await test.during(
    (async () => {
      const market = await SimulatedMarket.open(test.stage, {
        notaries,
        onFailure: (name, cause) => failures.push([name, cause]),
      })
      const fundsNanos = nanos(100_000_000_000)
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
      const done: { key?: string | undefined } = {}
      const buyer = await market.join({
        name: 'buyer',
        fundsNanos,
        begin: async ({ buyer: side, parameters, party }) => {
          await parameters.refresh()
          // Where nobody offers anything now, somebody may later.
          for (let round = 0; done.key === undefined; round += 1) {
            const idempotencyKey = `order-${round}`
            await side.buy(wanted(market.currency, { idempotencyKey, peers: [shop.did] }))
            const { failed, contract } = await side.ended(idempotencyKey)
            if (failed?.code === 'BUY_NO_OFFER') await pause(party.components.timers, 1_000, party.signal)
            else done.key = contract ?? failed?.code
          }
        },
      })
      return { ...test, market, shop, buyer, failures, ended: () => done.key }
    })(),
  )
}

export async function stateOf({ market, during }: Pair, contract: string | undefined): Promise<string | undefined> {
  const view = await during(market.running?.contract(contract as ContractId) ?? Promise.resolve(undefined))
  return view?.state
}
