import { DAY_MS, type DurationMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../base/time.ts'
import type { EscrowTimers } from './escrow-terms.ts'

/** What a parameter set says about contracts that name it by its hash. */
export type EscrowRules = {
  /** Shortest span of each timer. */
  readonly minimums: EscrowTimers
  /** Longest span of each timer. */
  readonly maximums: EscrowTimers
}

/** Longest span that any rules may allow: ten years, so that a deadline is always an exact integer. */
export const TIMER_MAX_MS: DurationMs = (3_650 * DAY_MS) as DurationMs

/** The spans of the design; `deliverMs` is per task, one hour here. */
export const DEFAULT_TIMERS: EscrowTimers = {
  offerMs: MINUTE_MS,
  holdMs: (30 * SECOND_MS) as DurationMs,
  startMs: MINUTE_MS,
  beatMs: (30 * SECOND_MS) as DurationMs,
  deliverMs: HOUR_MS,
  graceMs: (30 * SECOND_MS) as DurationMs,
  acceptMs: (10 * MINUTE_MS) as DurationMs,
  evidenceMs: (15 * MINUTE_MS) as DurationMs,
  ruleMs: DAY_MS,
  refundMs: 0 as DurationMs,
  retainMs: (90 * DAY_MS) as DurationMs,
}

/** Minimums of sets that are made for trying things out: 100 ms for whatever somebody has to act within. */
const SHORTEST_MS = 100 as DurationMs

/** Rules for trying things out: spans from 100 ms (grace and refund from 0) to `TIMER_MAX_MS`. */
export const TEST_ESCROW_RULES: EscrowRules = {
  minimums: {
    offerMs: SHORTEST_MS,
    holdMs: SHORTEST_MS,
    startMs: SHORTEST_MS,
    beatMs: SHORTEST_MS,
    deliverMs: SHORTEST_MS,
    graceMs: 0 as DurationMs,
    acceptMs: SHORTEST_MS,
    evidenceMs: SHORTEST_MS,
    ruleMs: SHORTEST_MS,
    refundMs: 0 as DurationMs,
    retainMs: SHORTEST_MS,
  },
  maximums: sameForAll(TIMER_MAX_MS),
}

/** Minimums of sets that real work goes through: nobody loses a right by a pause of the network. */
export const DEFAULT_ESCROW_RULES: EscrowRules = {
  minimums: {
    offerMs: SECOND_MS,
    holdMs: (5 * SECOND_MS) as DurationMs,
    startMs: (5 * SECOND_MS) as DurationMs,
    beatMs: (5 * SECOND_MS) as DurationMs,
    deliverMs: (10 * SECOND_MS) as DurationMs,
    graceMs: 0 as DurationMs,
    acceptMs: (10 * MINUTE_MS) as DurationMs,
    evidenceMs: MINUTE_MS,
    ruleMs: HOUR_MS,
    refundMs: 0 as DurationMs,
    retainMs: (90 * DAY_MS) as DurationMs,
  },
  maximums: {
    ...sameForAll((365 * DAY_MS) as DurationMs),
    // A change of the parameters waits for longer than any of these together, whoever signs such a contract with himself.
    deliverMs: (30 * DAY_MS) as DurationMs,
    graceMs: DAY_MS,
    ruleMs: (14 * DAY_MS) as DurationMs,
    refundMs: (7 * DAY_MS) as DurationMs,
    // As long as it lasts, an ended contract takes room in the books that others would have.
    retainMs: (366 * DAY_MS) as DurationMs,
  },
}

function sameForAll(span: DurationMs): EscrowTimers {
  return {
    offerMs: span,
    holdMs: span,
    startMs: span,
    beatMs: span,
    deliverMs: span,
    graceMs: span,
    acceptMs: span,
    evidenceMs: span,
    ruleMs: span,
    refundMs: span,
    retainMs: span,
  }
}
