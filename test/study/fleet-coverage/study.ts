import type { RunReport } from '../../../src/simulation/run/report.ts'
import type { MetricValue } from '../../../src/simulation/scenario/scenario.ts'
import { FLEET_KINDS } from '../../../src/simulation/scenarios/fleet/fleet-plan.ts'
import { type CoverageAsked, coverageOf } from '../covered/coverage-of.ts'
import { type Finding, seedsOf, type Study, type StudyInit, type StudyReport } from '../study.ts'
import { FLEET_CHECKERS } from './checkers.ts'

const SEEDS_DEFAULT = 40
const ASKED: CoverageAsked = {
  name: 'fleet-coverage',
  kinds: FLEET_KINDS,
  checkers: FLEET_CHECKERS,
  parts: ['market'],
  eventsMin: 10_000,
  agentsMin: 13,
}
/** States in which contracts end. */
const ENDS = ['FINAL', 'VOIDED', 'EXPIRED', 'ABORTED'] as const

/** What befalls the fleet, who looks at it, which ways contracts go in it, and whether liars are convicted. */
export const study: Study = {
  name: 'fleet-coverage',
  summary:
    'fleet: how often each fault and each lie befell somebody, each checker looked, and which ways contracts went',
  async run(init: StudyInit): Promise<StudyReport> {
    const seeds = seedsOf(init, SEEDS_DEFAULT)
    const runs = await init.runAll(seeds.map((seed) => ({ scenario: 'fleet', seed, options: {} })))
    return reportOf(runs)
  },
}

/** What came of the runs, and whether it is all there. */
export function reportOf(runs: readonly RunReport[]): StudyReport {
  const report = coverageOf(ASKED, runs)
  const edges = edgesOf(runs)
  const convicted = runs.filter(({ metrics }) => lengthOf(metrics['convicted']) > 0).length
  const unseen = ENDS.filter((end) => !Object.keys(edges).some((edge) => edge.includes(`> ${end} `)))
  const findings: Finding[] = [
    {
      what: `contracts end in each way${unseen.length > 0 ? `, but not ${unseen.join(', ')}` : ''}`,
      isMet: unseen.length === 0,
    },
    { what: `members that vote twice are convicted (in ${convicted} runs)`, isMet: convicted > 0 },
  ]
  return {
    ...report,
    figures: { ...report.figures, edges, convicted },
    findings: [...report.findings, ...findings],
    table: [...report.table, 'edges', ...Object.entries(edges).map(([edge, count]) => `  ${edge.padEnd(48)}${count}`)],
  }
}

function edgesOf(runs: readonly RunReport[]): Readonly<Record<string, number>> {
  const edges: Record<string, number> = {}
  for (const { metrics } of runs)
    for (const [edge, count] of Object.entries(metrics['edges'] ?? {})) edges[edge] = (edges[edge] ?? 0) + Number(count)
  return Object.fromEntries(Object.entries(edges).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function lengthOf(value: MetricValue | undefined): number {
  return Array.isArray(value) ? value.length : 0
}
