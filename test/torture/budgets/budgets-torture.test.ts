import { describe, expect, test } from 'vitest'
import { playBudgets } from './budgets-round.ts'

const INIT = { seed: 1, requests: 40, attemptTimeoutMs: 1_000 } as const

describe('budgets under load', { timeout: 60_000 }, () => {
  test('hold to the nano-dollar while the provider fails, over a kill, and no breaker wedges', async () => {
    const { failures, openings, looks, inFlightAtKill } = await playBudgets({ ...INIT, trials: ['served'], plant: '' })
    expect(failures).toEqual([])
    expect([openings > 0, looks > 0, inFlightAtKill]).toEqual([true, true, 20])
  })

  test('a call that is settled without a hold is noticed', async () => {
    const { failures } = await playBudgets({ ...INIT, trials: [], plant: 'settle-without-hold' })
    expect(failures.join()).toContain('was overspent')
  })
})
