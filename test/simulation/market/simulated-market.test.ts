import { describe, expect, it } from 'vitest'
import type { Machine } from '../../../src/simulation/machine/machine.ts'
import { openPair, type Pair, stateOf } from './market-pair.ts'

it.each([1, 4])('a purchase ends FINAL with %i notaries', async (notaries) => {
  const pair = await openPair(7, notaries)
  await pair.stage.world.run({ untilMs: 5_000 })
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
  it.each([1, 20, 40, 80])(
    '%i ms behind its beginning is brought to its end by what lies on the disk',
    async (afterMs) => {
      const pair = await openPair(afterMs, 1)
      const { world } = pair.stage
      const machine = machineOf(pair, victim)
      await world.run({ untilMs: world.nowMs() + afterMs })
      if (afterMs % 40 === 0) machine?.cutPower()
      else machine?.kill()
      machine?.restartIn(500)
      await world.run({ untilMs: world.nowMs() + 60_000 })
      expect(pair.failures).toEqual([])
      expect(await stateOf(pair, pair.ended())).toBe('FINAL')
      expect(machine?.incarnation).toBe(2)
    },
  )
})

it('a seed is a run, and another kind of signatures changes none of what came of it', async () => {
  const outcomeOf = async (signatures?: 'ed25519'): Promise<object> => {
    const pair = await openPair(11, 1, signatures)
    await pair.stage.world.run({ untilMs: 4_000 })
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
