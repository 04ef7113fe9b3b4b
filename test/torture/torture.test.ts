import { afterAll, describe, expect, test } from 'vitest'
import { BUDGET_TORTURE } from './budget-torture.ts'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLevelKeyValueStore } from '../../src/storage/level/level-key-value-store.ts'
import { exploreBudgetMachine } from './explore-budget-machine.ts'
import { exploreBudgetOwner } from './explore-budget-owner.ts'
import { buildFaultyDisk } from './faulty-disk.ts'
import { StorageVictim } from './kill-storage.ts'
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

/** One run of level-child.ts whose write at the given call is torn, and what is left after the power cut. */
async function runLevel(init: {
  shim: string
  at: number | undefined
}): Promise<{ calls: number; acknowledged: readonly number[]; found: readonly number[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-level-'))
  for (const name of ['root', 'trash']) await mkdir(join(folder, name))
  const env = {
    ...process.env,
    LD_PRELOAD: init.shim,
    FAULTY_DISK_ROOT: join(folder, 'root'),
    FAULTY_DISK_TRASH: join(folder, 'trash'),
    FAULTY_DISK_COUNT: join(folder, 'count'),
    FAULTY_DISK_KIND: 'tear',
    ...(init.at !== undefined && { FAULTY_DISK_AT: String(init.at) }),
  }
  const script = fileURLToPath(new URL('level-child.ts', import.meta.url))
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [script, join(folder, 'root')], { env }, (_error, stdout) => resolve(stdout))
  })
  const acknowledged = [...said.matchAll(/A (\d+)/g)].map(([, number]) => Number(number))
  const store = await openLevelKeyValueStore({ location: join(folder, 'root', 'store') })
  const found: number[] = []
  for await (const { key } of store.iterate()) found.push(Number(key.slice(1)))
  await store.close()
  const calls = Number(await readFile(join(folder, 'count'), 'utf8'))
  await rm(folder, { recursive: true })
  return { calls, acknowledged, found }
}

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

  test('after a torn write loses nothing that was acknowledged later', { timeout: 60_000 }, async () => {
    const { calls } = await runLevel({ shim, at: undefined })
    // The last 24 calls are the writes and the syncs of the twelve values.
    for (let at = calls - 24; at < calls; at += 2) {
      const { acknowledged, found } = await runLevel({ shim, at })
      expect(found, `call ${at}`).toEqual(expect.arrayContaining([...acknowledged]))
      expect(acknowledged.length, `call ${at}`).toBeLessThan(12)
    }
  })

  test.each(['unsynced-append', 'unsynced-batch'])('%s is noticed', { timeout: 30_000 }, async (plant) => {
    const failures: string[] = []
    for (let cut = 0; cut < 4 && failures.length === 0; cut += 1) {
      failures.push(...(await (await victimOf(plant)).cutPower({ ...whole, rounds: 10 + cut })).failures)
    }
    expect(failures.length).toBeGreaterThan(0)
  })

  test('split-batch is noticed', { timeout: 60_000 }, async () => {
    const { calls } = await (await victimOf('split-batch')).cutPower({ ...whole, rounds: 10 })
    const failures: string[] = []
    for (let at = calls; at > 0 && failures.length === 0; at -= 1)
      failures.push(...(await (await victimOf('split-batch')).cutPower({ ...whole, rounds: 10, at })).failures)
    expect(failures[0]).toContain('tasks are in sums as')
  })
})

describe('budgets', () => {
  test('are right in every state of a small world', () => {
    const { failures, states, isComplete } = exploreBudgetMachine({ ids: 2, statesMax: 100_000 })
    expect(failures).toEqual([])
    expect([states, isComplete]).toEqual([3140, true])
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
    'split-batch',
  ])
})
