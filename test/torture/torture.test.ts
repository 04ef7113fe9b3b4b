import { afterAll, describe, expect, test } from 'vitest'
import { BUDGET_TORTURE } from './budget-torture.ts'
import { exploreBudgetMachine } from './explore-budget-machine.ts'
import { exploreBudgetOwner } from './explore-budget-owner.ts'
import { StorageVictim, buildFaultyDisk } from './kill-storage.ts'
import { BUDGET_PLANTS } from './plants.ts'
import { STORAGE_TORTURE } from './storage-torture.ts'

const victims: StorageVictim[] = []
async function victimOf(plant: string): Promise<StorageVictim> {
  const victim = await StorageVictim.create({ seed: 5, plant })
  victims.push(victim)
  return victim
}
afterAll(async () => {
  for (const victim of victims) await victim.remove()
})
const disk = await buildFaultyDisk()
if ('reason' in disk) console.warn(`LevelDB over the faulty disk is left out: ${disk.reason}`)
const shim = 'shim' in disk ? disk.shim : ''

describe('a killed process', () => {
  test('leaves everything it acknowledged, and the next start succeeds', { timeout: 30_000 }, async () => {
    const victim = await victimOf('')
    for (let kill = 0; kill < 3; kill += 1) {
      const { failures, acknowledgements } = await victim.kill()
      expect(failures).toEqual([])
      expect(acknowledgements).toBeGreaterThan(0)
    }
  })

  test('that acknowledged early is noticed', { timeout: 30_000 }, async () => {
    const victim = await victimOf('ack-before-sync')
    const failures: string[] = []
    for (let kill = 0; kill < 6 && failures.length === 0; kill += 1) failures.push(...(await victim.kill()).failures)
    expect(failures.length).toBeGreaterThan(0)
  })
})

describe.runIf(shim !== '')('a power cut', () => {
  const whole = { shim, at: undefined, kind: 'crash', cut: 'lose', rounds: 6 } as const

  test('leaves everything that was acknowledged, on a new and on a used directory', { timeout: 30_000 }, async () => {
    const victim = await victimOf('')
    const first = await victim.cutPower(whole)
    expect(first.failures).toEqual([])
    expect(first.acknowledgements).toBeGreaterThan(5)
    for (const kind of ['crash', 'fail', 'tear'] as const) {
      expect((await victim.cutPower({ ...whole, kind, at: Math.floor(first.calls * 0.7) })).failures).toEqual([])
    }
  })

  test.each([12, 14, 16, 18, 20, 22])(
    'while everything is created for the first time (call %i) is survived',
    { timeout: 30_000 },
    async (at) => {
      const victim = await victimOf('')
      expect((await victim.cutPower({ ...whole, at, rounds: 1 })).failures).toEqual([])
      expect((await victim.cutPower(whole)).failures).toEqual([])
    },
  )

  test.each([44, 50, 56, 62])(
    'after a torn write (call %i) loses nothing that was acknowledged later',
    { timeout: 30_000 },
    async (at) => {
      expect((await (await victimOf('')).cutPower({ ...whole, at, kind: 'tear', rounds: 10 })).failures).toEqual([])
    },
  )

  test.each(['unsynced-append', 'unsynced-batch'])('%s is noticed', { timeout: 30_000 }, async (plant) => {
    const failures: string[] = []
    for (let cut = 0; cut < 4 && failures.length === 0; cut += 1) {
      failures.push(...(await (await victimOf(plant)).cutPower({ ...whole, rounds: 10 + cut })).failures)
    }
    expect(failures.length).toBeGreaterThan(0)
  })
})

describe('budgets', () => {
  test('are right in every state of a small world', () => {
    const { failures, states, isComplete } = exploreBudgetMachine({ ids: 2, statesMax: 100_000 })
    expect(failures).toEqual([])
    expect([states, isComplete]).toEqual([470, true])
  })

  test.each([1, 2])('survive every fault at every disk operation (seed %i)', async (seed) => {
    const { failures, runs } = await exploreBudgetOwner({ seed })
    expect(failures).toEqual([])
    expect(runs).toBeGreaterThan(300)
  })

  test.each(Object.entries(BUDGET_PLANTS))('%s is noticed', async (_name, plant) => {
    const { failures } = await exploreBudgetOwner({ seed: 1, plant })
    const { machine } = plant
    const explored = exploreBudgetMachine({ ids: 2, statesMax: 10_000, ...(machine !== undefined && { machine }) })
    expect(failures.length + explored.failures.length).toBeGreaterThan(0)
  })
})

test('the plants are those that are listed', () => {
  expect(Object.keys(BUDGET_PLANTS).toSorted()).toEqual(Object.keys(BUDGET_TORTURE.plants).toSorted())
  expect(Object.keys(STORAGE_TORTURE.plants)).toEqual([
    'unsynced-append',
    'unsynced-directory',
    'ack-before-sync',
    'unsynced-batch',
  ])
})
