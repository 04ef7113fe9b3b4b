import { describe, expect, it } from 'vitest'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { chaos } from '../../../src/simulation/scenarios/chaos.ts'
import { STEADY_CHECKERS } from '../../study/chaos-coverage/checkers.ts'

describe('chaos', () => {
  it('is the same twice', { timeout: 60_000 }, async () => {
    const init = { seed: 6, options: { notaries: 0 }, eventsMax: 6_000 } as const
    expect((await runScenario(chaos, init)).hash).toBe((await runScenario(chaos, init)).hash)
  })

  it('is large enough, and every part of the product works in it', { timeout: 60_000 }, async () => {
    const first = await runScenario(chaos, { seed: 6, options: { notaries: 1 } })
    expect(first.violations).toEqual([])
    expect(first.agents).toBeGreaterThanOrEqual(50)
    expect(first.events).toBeGreaterThanOrEqual(20_000)
    for (const calls of Object.values(first.handled)) expect(calls).toBeGreaterThan(50)
    expect(STEADY_CHECKERS.filter((name) => (first.checks[name] ?? 0) === 0)).toEqual([])
    // Whatever the seed leaves out: machines die, lose their power, and their clocks are set.
    expect(first.faults).toMatchObject({
      'process-death': expect.any(Number),
      'power-cut': expect.any(Number),
      'clock-jump': expect.any(Number),
    })
  })

  it('without faults finds nothing', { timeout: 60_000 }, async () => {
    const report = await runScenario(chaos, { seed: 3, options: { notaries: 1, faults: 0, seconds: 4, purchases: 1 } })
    expect(report.violations).toEqual([])
    expect(report.faults).toEqual({})
    // Each account of each machine: the node's own, three tenants', and those of six rushes.
    expect(report.checks['spend-covers-bill']).toBe(30)
  })
})
