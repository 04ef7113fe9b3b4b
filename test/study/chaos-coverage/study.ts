import { CHAOS_KINDS } from '../../../src/simulation/scenarios/chaos/chaos-faults.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { CHAOS_CHECKERS } from './checkers.ts'
import { type Finding, seedsOf, type Study, type StudyInit, type StudyReport } from '../study.ts'

const SEEDS_DEFAULT = 20
const EVENTS_MIN = 20_000
const AGENTS_MIN = 50
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
  const faults = sumOf(runs.map((run) => run.faults))
  const checks = sumOf(runs.map((run) => run.checks))
  const handled = sumOf(runs.map((run) => run.handled))
  const least = (of: (run: RunReport) => number): number => Math.min(...runs.map(of))
  const found = runs.flatMap(({ seed, violations }) =>
    violations.map(({ checker, what }) => `${seed} ${checker}: ${what}`),
  )
  const [events, agents] = [least((run) => run.events), least((run) => run.agents)]
  const findings: Finding[] = [
    missing('each kind of fault befalls somebody', CHAOS_KINDS, faults),
    missing('each checker looks', CHAOS_CHECKERS, checks),
    missing('each part of the product works', ['router', 'market', 'learning', 'actors'], handled),
    {
      what: `each run has ${EVENTS_MIN} events and ${AGENTS_MIN} agents or more (${events}, ${agents})`,
      isMet: events >= EVENTS_MIN && agents >= AGENTS_MIN,
    },
    {
      what: `nothing is found${found.length === 0 ? '' : `: ${found.slice(0, 5).join('; ')}`}`,
      isMet: found.length === 0,
    },
  ]
  const rowsOf = (title: string, counts: Readonly<Record<string, number>>): string[] => [
    title,
    ...Object.entries(counts).map(([name, count]) => `  ${name.padEnd(24)}${count}`),
  ]
  return {
    name: 'chaos-coverage',
    runs: runs.length,
    figures: { faults, checks, handled, events, agents, found },
    findings,
    table: [...rowsOf('faults', faults), ...rowsOf('checks', checks), ...rowsOf('handled', handled)],
    charts: [],
  }
}

function missing(what: string, names: readonly string[], counts: Readonly<Record<string, number>>): Finding {
  const absent = names.filter((name) => (counts[name] ?? 0) === 0)
  return { what: absent.length === 0 ? what : `${what}, but not ${absent.join(', ')}`, isMet: absent.length === 0 }
}

function sumOf(records: readonly Readonly<Record<string, number | undefined>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const record of records)
    for (const [name, count = 0] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + count
  return Object.fromEntries(Object.entries(sums).toSorted(([left], [right]) => (left < right ? -1 : 1)))
}
