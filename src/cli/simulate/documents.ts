import type { RunReport } from '../../simulation/run/report.ts'
import type { SeedsPlayed } from '../../simulation/report/report-pages.ts'
import { spreadOf } from '../../simulation/report/report-pages.ts'
import type { RunAnswer } from './run-job.ts'
import type { SimulatePlan } from './simulate-plan.ts'
import type { ShrunkSeed } from './simulation.ts'

type RunDone = Extract<RunAnswer, { readonly kind: 'done' }>

/** The JSON document of one run. */
export function runDocument({ report, unequal, lastEvents }: RunDone, isTwice: boolean): object {
  return {
    ...headOf(report),
    faults: report.faults,
    checks: report.checks,
    handled: report.handled,
    found: { violations: report.violationsFound },
    violations: report.violations.map(({ checker, what, atMs, event }) => ({ checker, what, at_ms: atMs, event })),
    metrics: report.metrics,
    is_cut: report.isCut,
    ...(isTwice && { unequal_hashes: unequal === undefined ? [] : [unequalOf(report, unequal)] }),
    ...(lastEvents.length > 0 && {
      last_events: lastEvents.map(({ index, atMs, ...rest }) => ({ index, at_ms: atMs, ...rest })),
    }),
  }
}

function headOf({ scenario, seed, options, signatures, events, virtualMs, agents, hash }: RunReport): object {
  return { scenario, seed, options, signatures, events, virtual_ms: virtualMs, agents, hash }
}

function unequalOf({ seed, hash }: RunReport, unequal: NonNullable<RunDone['unequal']>): object {
  return { seed, hashes: [hash, unequal.hash], difference: unequal.difference }
}

/** The JSON document of many seeds. */
export function seedsDocument({ scenario, options, signatures, from, to, totals, isInterrupted }: SeedsPlayed): object {
  return {
    scenario,
    from,
    to,
    options,
    signatures,
    // Seeds that were really played, each of them twice.
    runs: totals.seeds,
    events: totals.events,
    virtual_ms: totals.virtualMs,
    faults: totals.faults,
    checks: totals.checks,
    handled: totals.handled,
    unequal_hashes: totals.unequal.list,
    violations: totals.violations.list.map(({ seed, checker, what }) => ({ seed, checker, what })),
    failures: totals.failures.list,
    found: {
      violations: totals.violations.found,
      unequal_hashes: totals.unequal.found,
      failures: totals.failures.found,
    },
    metrics: Object.fromEntries(
      [...totals.metrics].map(([name, values]) => {
        const [n, least, median, mean, largest] = spreadOf(values)
        return [name, { n, least, median, mean, largest }]
      }),
    ),
    ...(isInterrupted && { interrupted: true }),
  }
}

/** What was made small, where that was asked for. */
export function shrunkDocument({ isShrunk }: SimulatePlan, shrunk: readonly ShrunkSeed[]): object {
  if (!isShrunk) return {}
  return {
    shrunk: shrunk.map(({ failing, what, runs, events, eventsBefore, faultsBefore, replay }) => ({
      seed: failing.seed,
      checker: failing.checker,
      what,
      options: failing.options,
      fault_ids: failing.faultIds,
      events_max: failing.eventsMax ?? null,
      events,
      events_before: eventsBefore,
      faults_before: faultsBefore,
      runs,
      replay,
    })),
  }
}
