import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { PLANTED_BUGS } from '../../study/bugs/planted/planted-bugs.ts'
import { findScenario } from '../../../src/simulation/scenarios/scenario-table.ts'

/** Runs that once found something, and must find nothing any more. */
type Entry = {
  readonly scenario: string
  readonly seed: number
  readonly options: unknown
  readonly faultIds: readonly number[] | 'all'
  readonly eventsMax?: number
  /** The mistake that was planted when it found something; absent: nobody had planted it. */
  readonly planted?: string
  /** What it found. */
  readonly found: string
}

const FOLDER = new URL('./', import.meta.url)
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))

const entryOf = (name: string): Entry => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Entry

test('what was planted can be planted still, and such runs name the faults that they need', () => {
  const known = new Set(PLANTED_BUGS.map(({ name }) => name))
  const planted = NAMES.map(entryOf).filter((entry) => entry.planted !== undefined)
  expect(planted.length).toBeGreaterThan(2)
  for (const entry of planted) {
    expect(known).toContain(entry.planted)
    expect(entry.faultIds).not.toBe('all')
  }
})

test.each(NAMES)('%s finds nothing any more', { timeout: 60_000 }, async (name) => {
  const entry = entryOf(name)
  expect(entry.found.length).toBeGreaterThan(20)
  const { scenario, seed, options, faultIds, eventsMax } = entry
  const report = await runScenario(findScenario(scenario), {
    seed,
    options,
    ...(faultIds !== 'all' && { faultIds: new Set(faultIds) }),
    ...(eventsMax !== undefined && { eventsMax }),
  })
  expect(report.violations).toEqual([])
})
