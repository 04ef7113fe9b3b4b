import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { findScenario } from '../../../src/simulation/scenarios/scenario-table.ts'

/** Runs that once found something, and must find nothing any more. */
type Entry = {
  readonly scenario: string
  readonly seed: number
  readonly options: unknown
  readonly faultIds: readonly number[] | 'all'
  readonly eventsMax?: number
  /** What it found. */
  readonly found: string
}

const FOLDER = new URL('./', import.meta.url)
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))

test.each(NAMES)('%s finds nothing any more', { timeout: 60_000 }, async (name) => {
  const entry = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Entry
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
