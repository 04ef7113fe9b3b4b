import { describe, expect, it } from 'vitest'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { PEER_TIER } from '../../../src/simulation/scenarios/peer-tier.ts'

type Figures = Readonly<Record<'with' | 'without' | 'liar' | 'honest', Readonly<Record<string, number>>>>

async function play(options: object, seed = 2): Promise<Figures> {
  const { metrics, violations } = await runScenario(PEER_TIER, { seed, options })
  expect(violations).toEqual([])
  return metrics as unknown as Figures
}

describe('the peer tier in a world', { timeout: 60_000 }, () => {
  it('saves money at no less quality, and is done with whoever undercuts and lies', async () => {
    const figures = await play({ tasks: 60, trainTasks: 100, liar: 'plausible' })
    expect(figures.with['cost_usd']).toBeLessThan((figures.without['cost_usd'] ?? 0) * 0.9)
    expect(figures.with['quality']).toBeGreaterThanOrEqual((figures.without['quality'] ?? 1) - 0.03)
    expect(figures.with['failed']).toBe(0)
    expect(figures.honest['answered']).toBeGreaterThan(5)
    expect(figures.liar['share_after_50']).toBe(0)
  })

  it.each(['garbage', 'silent'])('is done with a peer that gives %s', async (liar) => {
    const figures = await play({ tasks: 40, trainTasks: 60, liar })
    expect(figures.liar['asked']).toBeGreaterThan(0)
    expect(figures.liar['asked']).toBeLessThan(8)
    expect(figures.with['failed']).toBe(0)
  })

  it('loses no money and no answer of a node that lives, whoever dies in the middle of a purchase', async () => {
    const figures = await play({ tasks: 20, trainTasks: 60, kills: 20, gapMs: 10_000 }, 3)
    expect(figures.with['peer_asked']).toBeGreaterThan(0)
    // Tasks of a node that was killed, or down when they came.
    expect(figures.with['failed']).toBeLessThan(15)
  })

  it('buys nothing where nobody sells, and is then what it is without', async () => {
    const figures = await play({ tasks: 20, trainTasks: 40, liar: 'none', honest: 0 })
    expect(figures.with).toEqual(figures.without)
  })
})
