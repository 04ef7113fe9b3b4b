import { plotSvg } from '../../learning/plot/plot.ts'
import type { PlotInit } from '../../learning/plot/plot-init.ts'
import type { RunReport } from '../run/report.ts'
import type { MetricValue } from '../scenario/scenario.ts'
import type { SeedTotals } from '../seeds/seed-totals.ts'
import { formatPage, type PageSection, type PageTable } from './page.ts'

/** What a report says besides the figures. */
export type ReportContext = {
  readonly version: string
  /** The command that plays a seed again. */
  readonly replay: (seed: number) => string
  readonly plots: readonly PlotInit[]
}

/**
 * A scenario that was played with a range of seeds, and what came of all of them together; `seedsPage` makes a page of it. `from` and
 * `to` are the first and the last seed.
 */
export type SeedsPlayed = {
  readonly scenario: string
  readonly options: unknown
  readonly signatures: string
  readonly from: number
  readonly to: number
  readonly totals: SeedTotals
  /** Ended by the reader before all seeds were played. */
  readonly isInterrupted: boolean
}

/** One run as a page. */
export function runPage(report: RunReport, { version, replay, plots }: ReportContext): string {
  const { scenario, seed, signatures, events, virtualMs, agents, hash, violations, metrics } = report
  return formatPage({
    title: `Simulation of ${scenario}, seed ${seed}`,
    verdict: {
      isGood: report.violationsFound === 0 && !report.isCut,
      text: verdictOf(report),
    },
    sections: [
      playedSection([
        ['Scenario', scenario],
        ['Seed', `${seed}`],
        ['Options', JSON.stringify(report.options)],
        ['Signatures', signatures],
        ['Events', count(events)],
        ['Virtual time', `${count(virtualMs / 1_000)} s`],
        ['Agents', count(agents)],
        ['Hash of the run', hash],
        ['Played again with', replay(seed)],
        ...(report.isCut ? [['Ended early', 'yes: nothing was judged at the end'] as const] : []),
      ]),
      {
        heading: 'Violations',
        tables: [
          {
            caption: 'What must never be and was',
            headings: ['Checker', 'What', 'Virtual ms', 'Event'],
            rows: violations.map(({ checker, what, atMs, event }) => [checker, what, count(atMs), count(event)]),
            whenEmpty: 'none',
          },
        ],
      },
      countsSection(report),
      metricsSection([
        {
          caption: 'Metrics of the run',
          headings: ['Metric', 'Value'],
          rows: metricRows(metrics),
          whenEmpty: 'the scenario gives none',
        },
      ]),
      pictureSection(plots),
    ],
    footer: footerOf(version),
  })
}

/** Many seeds as a page. */
export function seedsPage(played: SeedsPlayed, { version, replay, plots }: ReportContext): string {
  const { scenario, from, to, totals, isInterrupted } = played
  const found = `${totals.violations.found} violations, ${totals.unequal.found} seeds with unequal hashes, ${totals.failures.found} failed seeds`
  return formatPage({
    title: `Simulation of ${scenario}, seeds ${from} to ${to}`,
    verdict: {
      isGood: totals.isClean && totals.seeds > 0,
      text: `${count(totals.seeds)} seeds were played, each twice: ${totals.isClean && totals.seeds > 0 ? 'no violation, and equal hashes.' : `${found}.`}${isInterrupted ? ' The run was stopped before its end.' : ''}`,
    },
    sections: [
      playedSection([
        ['Scenario', scenario],
        ['Seeds', `${from} to ${to}`],
        ['Really played', count(totals.seeds)],
        ['Options', JSON.stringify(played.options)],
        ['Signatures', played.signatures],
        ['Events', count(totals.events)],
        ['Virtual time', `${count(totals.virtualMs / 1_000)} s`],
      ]),
      findingsSection(totals, replay),
      countsSection(totals),
      metricsSection([
        {
          caption: 'Metrics over the seeds',
          headings: ['Metric', 'Seeds', 'Least', 'Median', 'Mean', 'Largest'],
          rows: [...totals.metrics].map(([name, values]) => [name, ...spreadOf(values).map(count)]),
          whenEmpty: 'the scenario gives none',
        },
      ]),
      pictureSection(plots),
    ],
    footer: footerOf(version),
  })
}

function playedSection(facts: readonly (readonly [string, string])[]): PageSection {
  const table = { caption: 'The run', headings: ['What', 'Value'], rows: facts, whenEmpty: '-' }
  return { heading: 'What was played', tables: [table] }
}

function findingsSection(totals: SeedTotals, replay: (seed: number) => string): PageSection {
  const table = (caption: string, headings: readonly string[], rows: readonly (readonly string[])[]): PageTable => ({
    caption,
    headings: ['Seed', ...headings, 'Played again with'],
    rows,
    whenEmpty: 'none',
  })
  return {
    heading: 'Findings',
    tables: [
      table(
        'Violations',
        ['Checker', 'What'],
        totals.violations.list.map(({ seed, checker, what }) => [`${seed}`, checker, what, replay(seed)]),
      ),
      table(
        'Unequal hashes of two runs',
        ['Hashes', 'First difference'],
        totals.unequal.list.map(({ seed, hashes, difference }) => [
          `${seed}`,
          hashes.join(' and '),
          difference,
          replay(seed),
        ]),
      ),
      table(
        'Seeds that failed',
        ['Code', 'What'],
        totals.failures.list.map(({ seed, code, message }) => [`${seed}`, code, message, replay(seed)]),
      ),
    ],
  }
}

type Counts = {
  readonly faults: Readonly<Record<string, number>>
  readonly checks: Readonly<Record<string, number>>
  readonly handled: Readonly<Record<string, number>>
}

function countsSection({ faults, checks, handled }: Counts): PageSection {
  const table = (
    caption: string,
    headings: readonly string[],
    counts: Readonly<Record<string, number>>,
  ): PageTable => ({
    caption,
    headings,
    rows: Object.entries(counts).map(([name, value]) => [name, count(value)]),
    whenEmpty: 'none',
  })
  return {
    heading: 'What happened',
    tables: [
      table('Faults that befell somebody', ['Fault', 'Times'], faults),
      table('Looks of the checkers', ['Checker', 'Looks'], checks),
      table('Calls that parts of the product handled', ['Part', 'Calls'], handled),
    ],
  }
}

function metricsSection(tables: readonly PageTable[]): PageSection {
  return { heading: 'Metrics', tables }
}

function pictureSection(plots: readonly PlotInit[]): PageSection {
  if (plots.length === 0) return { heading: 'Pictures', paragraphs: ['There is nothing to draw.'] }
  return { heading: 'Pictures', pictures: plots.map(plotSvg) }
}

function metricRows(metrics: Readonly<Record<string, MetricValue>>): readonly (readonly string[])[] {
  return Object.entries(metrics).flatMap(([name, value]): (readonly string[])[] => {
    if (typeof value === 'number') return [[name, count(value)]]
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return [[name, typeof value === 'string' ? value : JSON.stringify(value)]]
    const inner = Object.entries(value).map(([member, each]) => [`${name}.${member}`, each] as const)
    return [...metricRows(Object.fromEntries(inner))]
  })
}

/** Number of values, least, median, mean, largest. */
export function spreadOf(values: Float64Array): readonly number[] {
  const sum = values.reduce((total, value) => total + value, 0)
  const median = values[Math.floor((values.length - 1) / 2)] ?? 0
  return [values.length, values[0] ?? 0, median, values.length === 0 ? 0 : sum / values.length, values.at(-1) ?? 0]
}

/** Six digits are more than anybody compares; whole numbers in groups of three. */
function count(value: number): string {
  if (!Number.isInteger(value)) return `${Number(value.toPrecision(6))}`
  return Math.abs(value) < 1e15 ? `${value}`.replaceAll(/(\d)(?=(?:\d{3})+$)/g, '$1,') : `${value}`
}

function footerOf(version: string): string {
  return `Written by kernell ${version}. The same seed, options and version give the same hash on every machine.`
}

function verdictOf({ violationsFound, isCut }: RunReport): string {
  if (violationsFound > 0) return `${violationsFound} violations.`
  return isCut ? 'No violation so far: it was not played to its end.' : 'No checker found a violation.'
}
