import { CHAOS_KINDS } from '../../../src/simulation/scenarios/chaos/chaos-faults.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { type CoverageAsked, coverageOf } from '../covered/coverage-of.ts'
import { seedsOf, type Study, type StudyInit, type StudyReport } from '../study.ts'
import { CHAOS_CHECKERS } from './checkers.ts'

const SEEDS_DEFAULT = 20
const ASKED: CoverageAsked = {
  name: 'chaos-coverage',
  kinds: CHAOS_KINDS,
  checkers: CHAOS_CHECKERS,
  parts: ['router', 'market', 'learning', 'actors'],
  eventsMin: 20_000,
  agentsMin: 50,
}

/** What befalls the world of chaos, who looks at it, and which parts of the product work in it. */
export const study: Study = {
  name: 'chaos-coverage',
  summary: 'chaos: how often each fault befell somebody, each checker looked, and each part worked',
  async run(init: StudyInit): Promise<StudyReport> {
    const seeds = seedsOf(init, SEEDS_DEFAULT)
    const runs = await init.runAll(seeds.map((seed) => ({ scenario: 'chaos', seed, options: {} })))
    return reportOf(runs)
  },
}

/** What came of the runs, and whether it is all there. */
export function reportOf(runs: readonly RunReport[]): StudyReport {
  return coverageOf(ASKED, runs)
}
