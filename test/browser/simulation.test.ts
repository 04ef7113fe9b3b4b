import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as simulation from '../../dist/src/simulation/index.js'
import { nameOf, PINNED_RUNS, readPinnedHashes } from '../simulation/pins/pinned-runs.ts'
import { findChromium, readResult } from './chromium.ts'
import { createLetters } from './page-scenario.ts'
import { startPageServer, type Page, type PageServer } from './page-server.ts'

const SEEDS = [1, 2]

const PAGES = {
  letters: {
    allowsWasm: false,
    script: `
  const simulation = await import('kernell-os/simulation')
  const { z } = await import('zod')
  const { createLetters } = await import('/scenario.js')
  const scenario = createLetters({ simulation, z })
  const results = []
  for (const seed of ${JSON.stringify(SEEDS)}) results.push(await simulation.playTwice(scenario, { seed, options: { steps: 100 } }))
  return JSON.stringify(results)`,
  },
  pinned: {
    allowsWasm: false,
    script: `
  const { findScenario, runScenario } = await import('kernell-os/simulation')
  const hashes = {}
  for (const { name, scenario, seed, options } of ${JSON.stringify(PINNED_RUNS.map((run) => ({ ...run, name: nameOf(run) })))})
    hashes[name] = (await runScenario(findScenario(scenario), { seed, options })).hash
  return JSON.stringify(hashes)`,
  },
} as const satisfies Record<string, Page>

const chromium = findChromium()
if ('reason' in chromium) console.warn(`Pages are not opened: ${chromium.reason}`)

describe.skipIf('reason' in chromium)('a world in Chromium', { timeout: 60_000 }, () => {
  let server: PageServer
  const open = async (name: keyof typeof PAGES): Promise<unknown> => {
    const result = await readResult('path' in chromium ? chromium.path : '', server.urlOf(name))
    if (!/^[[{]/.test(result)) throw new Error(result)
    return JSON.parse(result)
  }

  beforeAll(async () => {
    const scenario = stripTypeScriptTypes(await readFile(new URL('page-scenario.ts', import.meta.url), 'utf8'))
    server = await startPageServer(PAGES, { '/scenario.js': scenario })
  })
  afterAll(() => server.close())

  it('runs as it does in Node: machines, disks, network and faults of a scenario', async () => {
    const scenario = createLetters({ simulation, z })
    const expected = []
    for (const seed of SEEDS) expected.push(await simulation.playTwice(scenario, { seed, options: { steps: 100 } }))
    expect(await open('letters')).toEqual(expected)
    expect(expected.map(({ violations, unequal }) => ({ violations, unequal }))).toEqual(
      SEEDS.map(() => ({ violations: [], unequal: undefined })),
    )
    expect(Math.min(...expected.map(({ events }) => events))).toBeGreaterThan(500)
  })

  it('gives the pinned hashes', async () => {
    expect(await open('pinned')).toEqual(readPinnedHashes())
  })
})
