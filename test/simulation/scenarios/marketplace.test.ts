import { expect, it } from 'vitest'
import { createInlineSignatures } from '../../../src/keys/pool/inline-signatures.ts'
import { MARKET_CHECKS } from '../../../src/simulation/market/audit/check-market.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { MARKETPLACE } from '../../../src/simulation/scenarios/marketplace.ts'

type Agent = {
  readonly name: string
  readonly side: string
  readonly strategy: string
  readonly isChosen: string
  readonly profitNanos: string
  readonly attempts: number
}

async function play(seed: number, options: object, signatures: 'seeded' | 'ed25519' = 'seeded'): Promise<RunReport> {
  return await runScenario(MARKETPLACE, { seed, options, signatures, ed25519: createInlineSignatures() })
}

function agentsOf({ metrics }: RunReport): readonly Agent[] {
  return metrics['agents'] as unknown as readonly Agent[]
}

const SMALL = { agents: 4, steps: 2, auctions: 0.5, gapMs: 5_000 }

it('honest parties get their work done, every checker looks, and a seed is a run', async () => {
  const [first, again] = [await play(1, SMALL), await play(1, SMALL)]
  expect(first.violations).toEqual([])
  expect(first.metrics['ends']).toEqual({ FINAL: 4 })
  for (const check of MARKET_CHECKS) expect(first.checks[check], check).toBeGreaterThan(0)
  expect(first.handled.market).toBeGreaterThan(100)
  expect(agentsOf(first).every(({ side, profitNanos }) => side === 'seller' || BigInt(profitNanos) > 0n)).toBe(true)
  expect(again.hash).toBe(first.hash)
})

it('sellers that deliver junk are found by arbiters, lose what they staked, and are left by their buyers', async () => {
  const junk = { ...SMALL, agents: 4, steps: 3, strategy: 'lazy', attackers: 1, openShare: 1, auctions: 0 }
  const report = await play(1, junk)
  expect(report.violations).toEqual([])
  expect(report.metrics['disputes']).toBeGreaterThan(0)
  const tried = agentsOf(report).filter(({ attempts }) => attempts > 0)
  expect(tried.length).toBeGreaterThan(1)
  expect(tried.every(({ profitNanos }) => BigInt(profitNanos) < 0n)).toBe(true)
})

it('four notaries keep one journal', async () => {
  const report = await play(2, { ...SMALL, agents: 3, nodes: 4 })
  expect(report.violations).toEqual([])
  expect(report.metrics['ends']).toEqual({ FINAL: 4 })
})

it.each([3])('seed %i with real Ed25519 has the same outcome', async (seed) => {
  const [seeded, real] = [await play(seed, SMALL), await play(seed, SMALL, 'ed25519')]
  expect(real.signatures).toBe('ed25519')
  expect(real.metrics['ends']).toEqual(seeded.metrics['ends'])
  expect(agentsOf(real)).toEqual(agentsOf(seeded))
  expect(real.events).toBe(seeded.events)
})
