import type { ErrorCode } from '../../base/errors.ts'
import type { Violation } from '../checks/check-book.ts'
import type { MetricValue } from '../scenario/scenario.ts'
import type { RunReport } from '../run/report.ts'

/** What is kept of a seed that was played twice, small enough for a line of a file. */
export type SeedResult = {
  readonly seed: number
  readonly hash: string
  /** What the second run had, where it differs, and the first event that does. */
  readonly unequal?: { readonly hash: string; readonly difference: string }
  readonly events: number
  readonly virtualMs: number
  readonly agents: number
  readonly faults: Readonly<Record<string, number>>
  readonly checks: Readonly<Record<string, number>>
  readonly handled: Readonly<Record<string, number>>
  /** Violations; of them the first ones are kept. */
  readonly found: number
  readonly violations: readonly Pick<Violation, 'checker' | 'what'>[]
  /** Numbers among the metrics, those inside others as `outer.inner`. */
  readonly metrics: Readonly<Record<string, number>>
}

/** Why there is no result of a seed. */
export type SeedFailure = { readonly code: ErrorCode; readonly message: string }

const VIOLATIONS_KEPT = 5
const METRICS_KEPT = 64

/**
 * What is kept of one run, without `unequal`: of the violations the first 5, and of the metrics at most 64 numbers, as `numbersOf` finds
 * them.
 */
export function seedResultOf(report: RunReport): SeedResult {
  const { seed, hash, events, virtualMs, agents, faults, checks, handled, violations, metrics } = report
  return {
    seed,
    hash,
    events,
    virtualMs,
    agents,
    faults,
    checks,
    handled,
    found: report.violationsFound,
    violations: violations.slice(0, VIOLATIONS_KEPT).map(({ checker, what }) => ({ checker, what })),
    metrics: numbersOf(metrics),
  }
}

/** The numbers in metrics, by their paths; 64 at most. */
export function numbersOf(metrics: Readonly<Record<string, MetricValue>>): Readonly<Record<string, number>> {
  const found: [string, number][] = []
  const walk = (path: string, value: MetricValue): void => {
    if (typeof value === 'number') {
      if (Number.isFinite(value) && found.length < METRICS_KEPT) found.push([path, value])
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [name, inner] of Object.entries(value)) walk(path === '' ? name : `${path}.${name}`, inner)
  }
  walk('', metrics)
  return Object.fromEntries(found)
}
