import { expect, it } from 'vitest'
import { formatRun, formatSeeds } from '../../../src/cli/simulate/format-simulation.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { SeedTotals } from '../../../src/simulation/seeds/seed-totals.ts'

// Only what the formatter asks of one.
const terminal = { cutWidth: 200, style: (_colour: string, text: string) => text } as unknown as Terminal
const replay = (seed: number): string => `play ${seed}`

const REPORT: RunReport = {
  scenario: 'busy',
  seed: 3,
  options: {},
  signatures: 'seeded',
  events: 10,
  virtualMs: 1_000,
  agents: 1,
  hash: 'ab',
  faults: {},
  plan: [],
  checks: {},
  handled: { router: 0, market: 0, learning: 0, actors: 0 },
  violationsFound: 0,
  violations: [],
  metrics: {},
  series: [],
  lookEvery: 64,
  isCut: false,
}

function totalsOf(seeds: number, found: number): SeedTotals {
  const totals = new SeedTotals()
  for (let seed = 1; seed <= seeds; seed += 1)
    totals.add({
      seed,
      hash: 'ab',
      events: 1,
      virtualMs: 1,
      agents: 1,
      faults: {},
      checks: {},
      handled: {},
      metrics: {},
      found,
      violations: [1, 2].map((number) => ({ checker: 'sums', what: `${number} is off` })),
    })
  return totals
}

it('what a list of seeds leaves out is counted, and so are all findings of a seed', () => {
  const shared = { scenario: 'busy', options: {}, signatures: 'seeded', from: 1, to: 23, isInterrupted: false } as const
  const text = formatSeeds({ ...shared, totals: totalsOf(23, 97), resumed: 0 }, terminal, replay)
  expect(text).toContain('  seed 1: sums: 1 is off (and 96 more)')
  expect(text).toContain('  and 3 more seeds with violations')
  expect(text).not.toContain('seed 21:')
  const few = formatSeeds({ ...shared, totals: totalsOf(20, 2), resumed: 0 }, terminal, replay)
  expect(few).toContain('(and 1 more)')
  expect(few).not.toContain('more seeds')
})

it('findings of a run that are not listed are counted', () => {
  const violations = Array.from({ length: 30 }, (_, event) => ({ checker: 'sums', what: 'off', atMs: event, event }))
  const report = { ...REPORT, violations, violationsFound: 97 }
  const run = { kind: 'done', report, unequal: undefined, lastEvents: [], traceFailure: undefined } as const
  const text = formatRun({ ...run, isTwice: false }, terminal, replay)
  expect(text.split('\n').filter((line) => line.startsWith('  sums'))).toHaveLength(20)
  expect(text).toContain('  and 77 more violations')
})

it('a second run says that it was equal, and services that were not used are not named', () => {
  const run = { kind: 'done', report: REPORT, unequal: undefined, lastEvents: [], traceFailure: undefined } as const
  const text = formatRun({ ...run, isTwice: true }, terminal, replay)
  expect(text).toContain('Both runs had equal hashes')
  expect(text).not.toContain('handled by')
  expect(formatRun({ ...run, isTwice: false }, terminal, replay)).not.toContain('equal hashes')
})
