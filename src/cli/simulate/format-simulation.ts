import { formatDuration } from '../../base/format.ts'
import { type SeedsPlayed, spreadOf } from '../../simulation/report/report-pages.ts'
import type { RunReport } from '../../simulation/run/report.ts'
import type { SeedTotals } from '../../simulation/seeds/seed-totals.ts'
import { numbersOf } from '../../simulation/seeds/seed-result.ts'
import { formatTable } from '../format-table.ts'
import { visibleText } from '../visible-text.ts'
import type { Terminal } from '../terminal.ts'
import type { RunAnswer } from './run-job.ts'
import type { ShrunkSeed } from './simulation.ts'
import { traceLine } from './trace-file.ts'

type RunDone = Extract<RunAnswer, { readonly kind: 'done' }>
type Counts = Readonly<Record<string, number>>

/** Findings that text lists; `--json` has more. */
const SHOWN_MAX = 20

/** One run for people. `replay`: the command that plays a seed again. */
export function formatRun(
  { report, unequal, lastEvents, isTwice }: RunDone & { readonly isTwice: boolean },
  terminal: Terminal,
  replay: (seed: number) => string,
): string {
  const { violations, seed } = report
  const width = terminal.cutWidth
  const lines = [
    headOf(report),
    ...(report.isCut ? ['Ended early: nothing was judged at the end'] : []),
    ...(lastEvents.length === 0 ? [] : ['', 'The last events:', ...lastEvents.map(traceLine)]),
    ...countsOf(report, width),
    ...table(['metric', 'value'], numbersOf(report.metrics), width),
    '',
    verdictOf(report.violationsFound, terminal, !report.isCut),
    ...violations
      .slice(0, SHOWN_MAX)
      .map(({ checker, what, atMs, event }) => `  ${checker}: ${what} (${atMs} ms, event ${event})`),
    ...andMore(report.violationsFound, 'violations'),
    ...(isTwice && unequal === undefined ? ['Both runs had equal hashes'] : []),
    ...(unequal === undefined
      ? []
      : [
          terminal.style('red', `The second run of seed ${seed} has the hash ${unequal.hash}`),
          `  First difference: ${unequal.difference}`,
        ]),
    ...(violations.length > 0 || unequal !== undefined ? [`Play it again: ${replay(seed)}`] : []),
  ]
  return visibleText(lines.join('\n'))
}

function headOf({ scenario, seed, events, virtualMs, agents, hash, signatures }: RunReport): string {
  const time = formatDuration(virtualMs)
  return [
    `${scenario}, seed ${seed}: ${events} events in ${time} of virtual time, ${agents} agents, ${signatures} signatures`,
    `Hash ${hash}`,
  ].join('\n')
}

/** `isJudged`: without it nothing found says nothing. */
function verdictOf(found: number, terminal: Terminal, isJudged: boolean): string {
  if (found === 0 && !isJudged) return terminal.style('yellow', 'No violation so far: it was not played to its end')
  return found === 0
    ? terminal.style('green', 'No violation was found')
    : terminal.style('red', found === 1 ? '1 violation was found' : `${found} violations were found`)
}

/** Many seeds for people. */
export function formatSeeds(
  played: SeedsPlayed & { readonly resumed: number },
  terminal: Terminal,
  replay: (seed: number) => string,
): string {
  const { scenario, from, to, totals, resumed, isInterrupted, signatures } = played
  const width = terminal.cutWidth
  const spreads = [...totals.metrics].map(([name, values]) => [name, ...spreadOf(values).map(numberText)])
  const headings = ['metric', 'seeds', 'least', 'median', 'mean', 'largest']
  const columns = headings.map((heading, at) => ({ heading, ...(at > 0 && { align: 'right' as const }) }))
  const lines = [
    `${scenario}, seeds ${from} to ${to}: ${totals.seeds} played, each twice${resumed > 0 ? ` (${resumed} of them before)` : ''}; ${totals.events} events in ${formatDuration(totals.virtualMs)} of virtual time, ${signatures} signatures`,
    ...(isInterrupted
      ? [terminal.style('yellow', `Stopped before all of the ${to - from + 1} seeds were played`)]
      : []),
    ...countsOf(totals, width),
    ...(spreads.length === 0 ? [] : ['', formatTable(columns, spreads, width)]),
    '',
    verdictOf(totals.violations.found, terminal, totals.seeds > 0),
    ...violationLines(totals, replay),
    ...andMore(totals.violatedSeeds, 'seeds with violations'),
    ...(totals.seeds === 0
      ? []
      : [
          totals.unequal.found === 0
            ? `Both runs of each seed${totals.failures.found > 0 ? ' that was played' : ''} had equal hashes`
            : terminal.style('red', `${totals.unequal.found} seeds had unequal hashes`),
        ]),
    ...totals.unequal.list
      .slice(0, SHOWN_MAX)
      .flatMap(({ seed, hashes, difference }) => [
        `  seed ${seed}: ${hashes.join(' and ')}; first difference: ${difference}`,
        `    ${replay(seed)}`,
      ]),
    ...andMore(totals.unequal.found, 'seeds with unequal hashes'),
    ...(totals.failures.found === 0 ? [] : [terminal.style('red', `${totals.failures.found} seeds failed`)]),
    ...totals.failures.list
      .slice(0, SHOWN_MAX)
      .flatMap(({ seed, code, message }) => [`  seed ${seed}: ${message} (${code})`, `    ${replay(seed)}`]),
    ...andMore(totals.failures.found, 'seeds that failed'),
  ]
  return visibleText(lines.join('\n'))
}

/** What is left of a failing seed. */
export function formatShrunk({ failing, what, faultsBefore, events, eventsBefore, runs, replay }: ShrunkSeed): string {
  return [
    `Seed ${failing.seed} in small, found in ${runs} runs: ${failing.faultIds.length} of ${faultsBefore} faults, ${events} of ${eventsBefore} events`,
    `  ${failing.checker}: ${what}`,
    `    ${replay}`,
  ].join('\n')
}

/** For each seed its first violation, how many more there are, and how to play it again. */
function violationLines({ violations }: SeedTotals, replay: (seed: number) => string): readonly string[] {
  const bySeed = Map.groupBy(violations.list, ({ seed }) => seed)
  return [...bySeed].slice(0, SHOWN_MAX).flatMap(([seed, [first]]) => {
    const others = first === undefined || first.found === 1 ? '' : ` (and ${first.found - 1} more)`
    return [`  seed ${seed}: ${first?.checker}: ${first?.what}${others}`, `    ${replay(seed)}`]
  })
}

/** What a list of the first ones leaves out. */
function andMore(found: number, what: string): readonly string[] {
  return found > SHOWN_MAX ? [`  and ${found - SHOWN_MAX} more ${what}`] : []
}

function countsOf(
  { faults, checks, handled }: { readonly faults: Counts; readonly checks: Counts; readonly handled: Counts },
  width: number,
): readonly string[] {
  return [
    ...table(['fault', 'times'], faults, width),
    ...table(['checker', 'looks'], checks, width),
    // A scenario that uses none of the services has nothing to say of them.
    ...(Object.values(handled).some((calls) => calls > 0) ? table(['handled by', 'calls'], handled, width) : []),
  ]
}

function table([name, value]: readonly [string, string], counts: Counts, width: number): readonly string[] {
  const rows = Object.entries(counts).map(([key, count]) => [key, numberText(count)])
  if (rows.length === 0) return []
  return [
    '',
    formatTable(
      [
        { heading: name, isFlexible: true },
        { heading: value, align: 'right' },
      ],
      rows,
      width,
    ),
  ]
}

function numberText(value: number): string {
  return Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(6))}`
}
