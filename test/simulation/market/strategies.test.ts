import { beforeAll, describe, expect, it } from 'vitest'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { MARKETPLACE } from '../../../src/simulation/scenarios/marketplace.ts'
import { agentsOf, figureOf } from '../../study/runs/marketplace-runs.ts'

const WORLD = { agents: 6, sellers: 0.67, steps: 2, skills: 1, gapMs: 8_000, arbiters: 1, rulers: 1, attackers: 0.3 }

async function play(options: object, seed = 5): Promise<RunReport> {
  const report = await runScenario(MARKETPLACE, { seed, options: { ...WORLD, ...options } })
  expect(report.violations).toEqual([])
  return report
}

type Cheat = { readonly attempts: number; readonly gain: number; readonly detected: number | undefined }

let honest: RunReport

async function cheat(strategy: string, options: object = {}, seed = 5): Promise<Cheat> {
  const report = await play({ strategy, ...options }, seed)
  const before = new Map(agentsOf(honest).map(({ name, profit }) => [name, profit]))
  const own = agentsOf(report).filter((agent) => agent.strategy === strategy)
  expect(own.length).toBeGreaterThan(0)
  const detection = report.metrics['detection'] as Record<string, { readonly detected: number }>
  return {
    attempts: own.reduce((sum, { attempts }) => sum + attempts, 0),
    gain: own.reduce((sum, { name, profit }) => sum + profit - (before.get(name) ?? 0), 0),
    detected: detection[strategy]?.detected,
  }
}

beforeAll(async () => {
  honest = await play({})
})

describe('a market of honest agents', () => {
  it('brings most of what could be had', () => {
    expect(figureOf(honest, 'welfare_share')).toBeGreaterThan(0.9)
    expect(honest.metrics).toMatchObject({ purchases: 4, purchases_right: 4 })
  })
})

describe('strategies', () => {
  it.each(['lazy', 'sleeper', 'whitewasher', 'sybil-ring'])(
    '%s delivers junk, is seen through, and loses by it',
    async (name) => {
      const { attempts, gain, detected } = await cheat(name)
      expect(attempts).toBeGreaterThan(0)
      expect(gain).toBeLessThan(0)
      expect(detected).toBeGreaterThan(0)
    },
  )

  it('non-revealer loses its deposits', async () => {
    const { attempts, gain } = await cheat('non-revealer', { auctions: 1 })
    expect(attempts).toBeGreaterThan(0)
    expect(gain).toBeLessThan(0)
  })

  it('griefing-holder loses its penalties', async () => {
    const { attempts, gain } = await cheat('griefing-holder', {
      parameters: { silentPerMillion: 0, rejectPerMillion: 0 },
    })
    expect(attempts).toBeGreaterThan(0)
    expect(gain).toBeLessThan(0)
  })

  it('cartel and shill act in auctions', async () => {
    expect((await cheat('cartel', { auctions: 1 })).attempts).toBeGreaterThan(0)
    // Only where what its own bidder offers fits the call, which the seed decides.
    expect((await cheat('shill', { auctions: 1 }, 6)).attempts).toBeGreaterThan(0)
  })

  it('adaptive with the numbers of an honest seller is one', async () => {
    const { attempts, gain } = await cheat('adaptive')
    expect(attempts).toBe(0)
    expect(gain).toBeCloseTo(0, 1)
  })
})
