import { describe, expect, it } from 'vitest'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { pause } from '../../../src/market/parties/contracts/contract-follower.ts'
import { SKILLS } from '../../../src/market/parties/role/party-notes.ts'
import type { Machine } from '../../../src/simulation/machine/machine.ts'
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

const VICTIMS = ['buyer', 'shop', 'notary'] as const

function machineOf({ market, shop, buyer }: Pair, victim: (typeof VICTIMS)[number]): Machine | undefined {
  if (victim === 'notary') return market.notaries[0]?.machine
  return victim === 'buyer' ? buyer.machine : shop.machine
}

describe.each(VICTIMS)('a purchase during which the %s dies', (victim) => {
  it.each([1, 5, 20, 40, 80, 300])(
    '%i ms behind its beginning is brought to its end by what lies on the disk',
    async (afterMs) => {
      const pair = await openPair(afterMs, 1)
      const { world } = pair.stage
      const machine = machineOf(pair, victim)
      await world.run({ untilMs: world.nowMs() + afterMs })
      if (afterMs % 40 === 0) machine?.cutPower()
      else machine?.kill()
      machine?.restartIn(500)
      await world.run({ untilMs: world.nowMs() + 90_000 })
      expect(pair.failures).toEqual([])
      expect(await stateOf(pair, pair.ended())).toBe('FINAL')
      expect(machine?.incarnation).toBe(2)
    },
  )
})

it('a seed is a run, and another kind of signatures changes none of what came of it', async () => {
  const outcomeOf = async (signatures?: 'ed25519'): Promise<object> => {
    const pair = await openPair(11, 1, signatures)
    await pair.stage.world.run({ untilMs: 10_000 })
    const { events, hash } = pair.stage.world
    const accounts = await pair.during(pair.market.running?.accounts() ?? Promise.resolve(undefined))
    const balances = accounts?.ledgers.flatMap((ledger) => ledger.accounts.map(({ balanceNanos }) => balanceNanos))
    return {
      events,
      hash: signatures ?? hash,
      state: await stateOf(pair, pair.ended()),
      balances: balances?.toSorted(),
    }
  }
  const [first, again, real] = [await outcomeOf(), await outcomeOf(), await outcomeOf('ed25519')]
  expect(again).toEqual(first)
  expect({ ...real, hash: undefined }).toEqual({ ...first, hash: undefined })
})
