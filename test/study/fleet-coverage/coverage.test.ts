import { expect, it } from 'vitest'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { FLEET_KINDS } from '../../../src/simulation/scenarios/fleet/fleet-plan.ts'
import { FLEET_CHECKERS } from './checkers.ts'
import { reportOf } from './study.ts'

const onceEach = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, 1]))

const EDGES = ['SETTLED > FINAL by x', 'HELD > VOIDED by x', 'WORKING > EXPIRED by x', 'OFFERED > ABORTED by x']

const WHOLE: RunReport = {
  scenario: 'fleet',
  seed: 1,
  options: {},
  signatures: 'seeded',
  events: 20_000,
  virtualMs: 1,
  agents: 13,
  hash: '',
  faults: onceEach(FLEET_KINDS),
  plan: [],
  checks: onceEach(FLEET_CHECKERS),
  handled: { router: 0, market: 1, learning: 0, actors: 0 },
  violations: [],
  violationsFound: 0,
  lookEvery: 64,
  metrics: { convicted: [3], edges: onceEach(EDGES) },
  series: [],
  isCut: false,
}

const missedBy = (run: Partial<RunReport>): readonly string[] =>
  reportOf([{ ...WHOLE, ...run }])
    .findings.filter(({ isMet }) => !isMet)
    .map(({ what }) => what)

it('runs in which everything happened miss nothing', () => {
  expect(missedBy({})).toEqual([])
})

it('a lie that nobody told, a checker that never looked, an end that never came and a liar that got away are named', () => {
  const without = (names: readonly string[], name: string): Record<string, number> =>
    onceEach(names.filter((each) => each !== name))
  expect(missedBy({ faults: without(FLEET_KINDS, 'notary-splits') })).toEqual([
    'each kind of fault befalls somebody, but not notary-splits',
  ])
  expect(missedBy({ checks: without(FLEET_CHECKERS, 'proofs-convict') })).toEqual([
    'each checker looks, but not proofs-convict',
  ])
  expect(missedBy({ metrics: { convicted: [], edges: onceEach(EDGES.slice(0, 3)) } })).toEqual([
    'contracts end in each way, but not ABORTED',
    'members that vote twice are convicted (in 0 runs)',
  ])
})
