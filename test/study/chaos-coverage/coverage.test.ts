import { expect, it } from 'vitest'
import { CHAOS_KINDS } from '../../../src/simulation/scenarios/chaos/chaos-faults.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { CHAOS_CHECKERS } from './checkers.ts'
import { reportOf } from './study.ts'

const onceEach = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, 1]))

const WHOLE: RunReport = {
  scenario: 'chaos',
  seed: 1,
  options: {},
  signatures: 'seeded',
  events: 20_000,
  virtualMs: 1,
  agents: 50,
  hash: '',
  faults: onceEach(CHAOS_KINDS),
  plan: [],
  checks: onceEach(CHAOS_CHECKERS),
  handled: { router: 1, market: 1, learning: 1, actors: 1 },
  violations: [],
  violationsFound: 0,
  lookEvery: 64,
  metrics: {},
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

it('what happened to nobody, looked never, worked never or was found is named', () => {
  const without = (names: readonly string[], name: string): Record<string, number> =>
    onceEach(names.filter((each) => each !== name))
  expect(missedBy({ faults: without(CHAOS_KINDS, 'full-disk') })).toEqual([
    'each kind of fault befalls somebody, but not full-disk',
  ])
  expect(missedBy({ checks: without(CHAOS_CHECKERS, 'never-back') })).toEqual([
    'each checker looks, but not never-back',
  ])
  expect(missedBy({ handled: { ...WHOLE.handled, learning: 0 } })).toEqual([
    'each part of the product works, but not learning',
  ])
  expect(missedBy({ events: 19_999 })[0]).toContain('(19999, 50)')
  const violation = { checker: 'progress', what: 'nothing moves', atMs: 1, event: 1 }
  expect(missedBy({ violations: [violation] })).toEqual(['nothing is found: 1 progress: nothing moves'])
})
