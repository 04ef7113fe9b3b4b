import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareSides, findFaults } from './compare.ts'
import { listPlants } from './plants.ts'
import { runSide, type SideOutcome } from './run-side.ts'

const XSTATE = fileURLToPath(import.meta.resolve('xstate'))

/** A repository in the shape of XState's: its source is the installed package, its tests are these. */
const FILES: Readonly<Record<string, string>> = {
  'src/index.ts': `export * from ${JSON.stringify(XSTATE)}`,
  'src/reportUnhandledError.ts': 'export const reportUnhandledError = (error: unknown) => console.error(error)',
  'test/counter.test.ts': `
    import { assign, createActor, createMachine, fromCallback, sendTo } from '../src/index.ts'
    const counter = createMachine({
      context: { count: 0 },
      invoke: { id: 'child', src: fromCallback(({ receive, sendBack }) => receive(() => sendBack({ type: 'counted' }))) },
      on: {
        count: { actions: sendTo('child', { type: 'count' }) },
        counted: { actions: assign({ count: ({ context }) => context.count + 1 }) },
      },
    })
    describe('counter', () => {
      it('counts every event', () => {
        const actor = createActor(counter).start()
        for (let index = 0; index < 3; index += 1) actor.send({ type: 'count' })
        expect(actor.getSnapshot().context.count).toBe(3)
      })
      it('ends when it is stopped', () => {
        expect(createActor(counter).start().stop().getSnapshot().status).toBe('stopped')
      })
      it('fails on both sides', () => expect(1).toBe(2))
    })`,
  'test/pure.test.ts': `
    import { createMachine } from '../src'
    it('creates no actor', () => expect(createMachine({}).root.key).toBe('(machine)'))`,
  'test/hanging.test.ts': `
    it('hangs when told to', () => { while (process.env.KERNELL_PLANT === 'hangs'); })`,
}

let folder = ''
let theirs: SideOutcome

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-conformance-test-'))
  for (const [file, text] of Object.entries(FILES)) {
    await mkdir(join(folder, file, '..'), { recursive: true })
    await writeFile(join(folder, file), text)
  }
  theirs = await runSide({ core: folder, side: 'xstate', filters: [], plant: '' })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function compareWith(plant: string): Promise<ReturnType<typeof compareSides>> {
  return compareSides(theirs, await runSide({ core: folder, side: 'kernell', filters: [], plant }), [])
}

describe('the conformance run', () => {
  it('compares the same tests on both sides, and sees every actor in a cell', async () => {
    const comparison = await compareWith('')
    expect(findFaults(comparison)).toEqual([])
    expect(comparison).toMatchObject({ comparable: 4, passed: 4, comparableWithActors: 2, passedWithActors: 2 })
    expect(comparison.leftOut.map(({ test }) => test)).toEqual(['counter > fails on both sides'])
    expect(comparison.census).toMatchObject({ roots: 2, cells: 2, children: 2, adopted: 2, turnsOutside: 0 })
  })

  it.each(listPlants())('finds the planted fault %s', async (plant) => {
    expect(findFaults(await compareWith(plant))).not.toEqual([])
  })

  it('finds actors that XState itself ran, though every test passes', async () => {
    const comparison = await compareWith('xstate-runs')
    expect(comparison.passed).toBe(comparison.comparable)
    expect(findFaults(comparison)).toContain(
      "test/counter.test.ts: counter > counts every event: XState's own Actor processed 9 events outside a cell's turn",
    )
  })

  it('gives up a file that never ends, and takes its tests for failed', async () => {
    const ours = await runSide({ core: folder, side: 'kernell', filters: ['hanging'], plant: 'hangs', stallMs: 2_000 })
    expect(ours.files).toEqual([{ file: 'test/hanging.test.ts', tests: [], loadError: 'did not end' }])
  })
})
