import { describe, expect, test } from 'vitest'
import { whyNoPostgres } from '../../storage/postgres/postgres-cluster.ts'
import { playFleet } from './fleet-round.ts'

const INIT = {
  seed: 1,
  gateways: 2,
  processes: 4,
  connections: 64,
  requests: 240,
  leaseMs: 1_500,
  attemptTimeoutMs: 1_000,
} as const

describe.skipIf(whyNoPostgres() !== undefined)('gateways on one PostgreSQL', { timeout: 120_000 }, () => {
  test('hold budgets together over a kill, and answer from each other’s cache', async () => {
    const { failures, answeredBy, looks } = await playFleet({ ...INIT, plant: '' })
    expect(failures).toEqual([])
    expect([answeredBy.length, looks > 0]).toEqual([2, true])
  })

  test('room that is given to everybody is noticed', async () => {
    const { failures } = await playFleet({ ...INIT, plant: 'free-room' })
    expect(failures.join()).toMatch(/overspent|dearer than its limit/)
  })

  test('holds of a dead gateway that stay are noticed', async () => {
    const kept = await playFleet({ ...INIT, plant: 'kept-holds' })
    expect(kept.failures.join()).toContain('holds are open')
  })
})
