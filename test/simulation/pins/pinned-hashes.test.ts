import { describe, expect, it } from 'vitest'
import { SCENARIOS } from '../../../src/simulation/scenarios/scenario-table.ts'
import { findNode, playOnNode } from './platforms.ts'
import { differencesOf, nameOf, PINNED_RUNS, playPinnedRun, readPinnedHashes } from './pinned-runs.ts'

/** Another release than the one that runs this. */
const OTHER = 26
const other = findNode(OTHER)
if ('reason' in other) console.warn(`Hashes are not compared on Node ${OTHER}: ${other.reason}`)

describe('pinned hashes', () => {
  // npm run pin-hashes changes them, and the commit says why.
  it.each(PINNED_RUNS.map((run) => [nameOf(run), run] as const))(
    'are those of the runs on this platform: %s',
    async (name, run) => {
      expect(await playPinnedRun(run)).toBe(readPinnedHashes()[name])
    },
    60_000,
  )

  it.skipIf('reason' in other)(`are those of the runs on Node ${OTHER}`, { timeout: 120_000 }, () => {
    const played = playOnNode(OTHER)
    expect('hashes' in played ? differencesOf(readPinnedHashes(), played.hashes) : played).toEqual([])
  })

  it('are there for each scenario', () => {
    expect(new Set(PINNED_RUNS.map(({ scenario }) => scenario))).toEqual(new Set(SCENARIOS.map(({ name }) => name)))
    expect(Object.keys(readPinnedHashes()).toSorted()).toEqual(PINNED_RUNS.map(nameOf).toSorted())
  })

  it('say which run is another', () => {
    expect(differencesOf({ a: '1', b: '2', c: '3' }, { a: '1', b: '4', d: '5' })).toEqual([
      'b: pinned 2, found 4',
      'c: pinned 3, found nothing',
      'd: pinned not at all, found 5',
    ])
  })
})
