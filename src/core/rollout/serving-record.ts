import type { WatchedOutcome } from './watch/arm-totals.ts'

/** What is known of a figure: of how many requests, their sum, and the sum of their squares. */
export type Sample = { readonly count: number; readonly sum: number; readonly squares: number }

export type ServedWindow = {
  readonly requests: number
  readonly bad: number
  readonly errors: number
  /** Dollars. */
  readonly cost: Sample
  /** Milliseconds; how long a failure took says nothing of how long answers take. */
  readonly latency: Sample
}

/**
 * How the policy that serves has done lately, at every stage and before anything is promoted: what a candidate is compared with that answers
 * everything at once, when there is no incumbent any more to compare it with at the same time.
 */
export type ServingRecord = {
  readonly policy: string
  /** The latest requests, fewer than `WINDOW_MAX`. */
  readonly now: ServedWindow
  /** The `WINDOW_MAX` before them; `null` while there are none. */
  readonly before: ServedWindow | null
}

/** Requests of a window: one and up to two of them are remembered. */
const WINDOW_MAX = 500

/** Fewer requests of the incumbent say too little to compare anything with. */
export const REFERENCE_MIN = 20

const NO_SAMPLE: Sample = { count: 0, sum: 0, squares: 0 }

export const NO_WINDOW: ServedWindow = { requests: 0, bad: 0, errors: 0, cost: NO_SAMPLE, latency: NO_SAMPLE }

/** The record after one more request. Of a policy that serves no more nothing is kept: it may come back to other times. */
export function recordServed(record: ServingRecord | null, policy: string, outcome: WatchedOutcome): ServingRecord {
  const { now, before } = record?.policy === policy ? record : { now: NO_WINDOW, before: null }
  const next = addServed(now, outcome)
  return next.requests < WINDOW_MAX ? { policy, now: next, before } : { policy, now: NO_WINDOW, before: next }
}

export function addServed(
  window: ServedWindow,
  { isAccepted, isError, costUsd, latencyMs }: WatchedOutcome,
): ServedWindow {
  return {
    requests: window.requests + 1,
    bad: window.bad + Number(!isAccepted),
    errors: window.errors + Number(isError),
    cost: addToSample(window.cost, costUsd),
    latency: addToSample(window.latency, isError ? null : latencyMs),
  }
}

/** All that is remembered of `policy`. */
export function servedLately(record: ServingRecord | null, policy: string | undefined): ServedWindow {
  if (record === null || record.policy !== policy) return NO_WINDOW
  const { now, before } = record
  if (before === null) return now
  return {
    requests: now.requests + before.requests,
    bad: now.bad + before.bad,
    errors: now.errors + before.errors,
    cost: together(now.cost, before.cost),
    latency: together(now.latency, before.latency),
  }
}

function addToSample(sample: Sample, value: number | null): Sample {
  return value === null ? sample : together(sample, { count: 1, sum: value, squares: value * value })
}

function together(one: Sample, other: Sample): Sample {
  return { count: one.count + other.count, sum: one.sum + other.sum, squares: one.squares + other.squares }
}
