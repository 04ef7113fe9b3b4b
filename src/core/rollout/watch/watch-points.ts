import type { WatchedOutcome } from './arm-totals.ts'

/** `bad` and `error` are 0 or 1; `cost` and `latency` are shares of the scale, at most 1, and `null` while there is none. */
export type Point = {
  readonly bad: number
  readonly error: number
  readonly cost: number | null
  readonly latency: number | null
}

/** What counts as 1. */
export type WatchScale = { readonly costUsd: number; readonly latencyMs: number }

/** Sums of points. */
export type PointSums = {
  readonly count: number
  readonly bad: number
  readonly error: number
  readonly cost: number
  readonly costed: number
  readonly latency: number
  readonly timed: number
}

export const NO_SUMS: PointSums = { count: 0, bad: 0, error: 0, cost: 0, costed: 0, latency: 0, timed: 0 }

export function pointOf(outcome: WatchedOutcome, scale: WatchScale | null): Point {
  const { isAccepted, isError, costUsd, latencyMs } = outcome
  return {
    bad: Number(!isAccepted),
    error: Number(isError),
    cost: scale === null || costUsd === null ? null : Math.min(1, costUsd / scale.costUsd),
    // How long a failure took says nothing of how long answers take.
    latency: scale === null || isError ? null : Math.min(1, latencyMs / scale.latencyMs),
  }
}

export function addPoint(sums: PointSums, { bad, error, cost, latency }: Point): PointSums {
  return {
    count: sums.count + 1,
    bad: sums.bad + bad,
    error: sums.error + error,
    cost: sums.cost + (cost ?? 0),
    costed: sums.costed + Number(cost !== null),
    latency: sums.latency + (latency ?? 0),
    timed: sums.timed + Number(latency !== null),
  }
}
