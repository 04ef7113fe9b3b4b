import type { FaultKind } from '../../../src/simulation/faults/fault-plan.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import type { HandledPart } from '../../../src/simulation/scenario/stage.ts'
import type { Finding, StudyReport } from '../study.ts'

/** What runs of a scenario have to show together. */
export type CoverageAsked = {
  /** Of the study. */
  readonly name: string
  readonly kinds: readonly FaultKind[]
  readonly checkers: readonly string[]
  readonly parts: readonly HandledPart[]
  /** Of each run, at least. */
  readonly eventsMin: number
  readonly agentsMin: number
}

/** What came of the runs, and whether it is all there. */
export function coverageOf(asked: CoverageAsked, runs: readonly RunReport[]): StudyReport {
  const { name, kinds, checkers, parts, eventsMin, agentsMin } = asked
  const faults = sumOf(runs.map((run) => run.faults))
  const checks = sumOf(runs.map((run) => run.checks))
  const handled = sumOf(runs.map((run) => run.handled))
  const least = (of: (run: RunReport) => number): number => Math.min(...runs.map(of))
  const found = runs.flatMap(({ seed, violations }) =>
    violations.map(({ checker, what }) => `${seed} ${checker}: ${what}`),
  )
  const [events, agents] = [least((run) => run.events), least((run) => run.agents)]
  const findings: Finding[] = [
    missing('each kind of fault befalls somebody', kinds, faults),
    missing('each checker looks', checkers, checks),
    missing('each part of the product works', parts, handled),
    {
      what: `each run has ${eventsMin} events and ${agentsMin} agents or more (${events}, ${agents})`,
      isMet: events >= eventsMin && agents >= agentsMin,
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
    name,
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
