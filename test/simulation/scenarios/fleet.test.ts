import { describe, expect, it } from 'vitest'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { fleet } from '../../../src/simulation/scenarios/fleet.ts'
import { STEADY_CHECKERS } from '../../study/fleet-coverage/checkers.ts'

describe('fleet', () => {
  it('is the same twice, with a notary that lies', { timeout: 60_000 }, async () => {
    const init = { seed: 3, options: { liars: 1 }, eventsMax: 8_000 } as const
    const [first, again] = [await runScenario(fleet, init), await runScenario(fleet, init)]
    expect(first.isCut).toBe(true)
    expect(again.hash).toBe(first.hash)
  })

  it(
    'finds nothing where machines fail and one of four notaries lies, and every checker looks',
    { timeout: 60_000 },
    async () => {
      const report = await runScenario(fleet, { seed: 8, options: { liars: 1, purchases: 1, seconds: 6 } })
      expect(report.violations).toEqual([])
      expect(STEADY_CHECKERS.filter((name) => (report.checks[name] ?? 0) === 0)).toEqual([])
      expect(report.metrics['liar']).toMatch(/^notary-[0-3]$/)
      expect(Object.keys(report.faults).some((kind) => kind.startsWith('notary-'))).toBe(true)
      expect(report.faults).toMatchObject({ 'machine-joins': 2, 'machine-leaves': 2 })
    },
  )

  it('without faults finds nothing, and everything that is bought ends well', { timeout: 60_000 }, async () => {
    const options = { faults: 0, seconds: 4, purchases: 1, liars: 0, joiners: 0, leavers: 0 } as const
    const report = await runScenario(fleet, { seed: 2, options })
    expect(report.violations).toEqual([])
    expect(report.faults).toEqual({})
    expect(report.metrics['convicted']).toEqual([])
  })
})
