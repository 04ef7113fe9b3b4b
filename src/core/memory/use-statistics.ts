import { exp } from '../../base/deterministic-math.ts'
import { CLOCK_SET_BACK_MAX_MS, elapsedBetween } from '../../base/time.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'

/**
 * How a node or an edge has done: Beta counts of the retrievals that it took part in, and when it was last of use. Counts
 * halve with every half-life; they are stored as of `countedAt` and read as of any later instant, so that time passing
 * writes nothing.
 */
export type UseStatistics = {
  /** Decayed number of successes and of failures as of `countedAt`: 0 to `COUNT_MAX`, fractions included. */
  readonly successes: number
  readonly failures: number
  readonly countedAt: Timestamp
  /** When it was made, seen again, read or of use; a failure does not count as use. */
  readonly usedAt: Timestamp
}

/** The instant at which statistics are read, and how fast they fade. */
export type Fading = { readonly at: Timestamp; readonly halfLifeMs: DurationMs }

/** How a retrieval ended for whoever asked. */
export type RetrievalOutcome = 'success' | 'failure'

/** Counts stop here, so that sums stay exact enough and finite for ever. */
export const COUNT_MAX = 1_000_000

/** Prior of one success and one failure: what is unknown is as likely to help as not. */
const PRIOR = 1

const LN2 = 0.6931471805599453

export function newStatistics(at: Timestamp): UseStatistics {
  return { successes: 0, failures: 0, countedAt: at, usedAt: at }
}

/** 2 to the power -(elapsed / half-life): 1 at once, 0.5 after a half-life, towards 0. A clock set back counts as no time. */
export function fadingSince(instant: Timestamp, { at, halfLifeMs }: Fading): number {
  const elapsed = elapsedBetween(instant, at)
  return elapsed === 0 ? 1 : exp(-LN2 * (elapsed / halfLifeMs))
}

/** Expected share of successes, between 0 and 1: the mean of the Beta distribution of the faded counts. 0.5 without any. */
export function expectedSuccess(statistics: UseStatistics, fading: Fading): number {
  const { successes, failures, countedAt } = statistics
  if (successes === 0 && failures === 0) return 0.5
  const left = fadingSince(countedAt, fading)
  return (PRIOR + successes * left) / (2 * PRIOR + (successes + failures) * left)
}

/**
 * What keeping it is worth, > 0: how likely it is to help, times how lately and how often it did.
 *
 *     value = expectedSuccess x (recency + faded successes)
 *
 * Nothing gains value by time passing since it was used: with d the fading since then, it is
 * d (1 + s d) (r + s) / (2 + (s + f) d), which falls with d.
 */
export function valueOf(statistics: UseStatistics, fading: Fading): number {
  const recency = fadingSince(statistics.usedAt, fading)
  const successes = statistics.successes * fadingSince(statistics.countedAt, fading)
  return expectedSuccess(statistics, fading) * (recency + successes)
}

export type Credit = {
  readonly outcome: RetrievalOutcome
  /** Share of a whole success or failure, above 0 up to 1. */
  readonly credit: number
}

/** The item after a retrieval ended: a success counts as use, a failure only as a failure. */
export function credited<Item extends UseStatistics>(
  statistics: Item,
  { outcome, credit }: Credit,
  fading: Fading,
): Item {
  const left = fadingSince(statistics.countedAt, fading)
  const isSuccess = outcome === 'success'
  return {
    ...statistics,
    successes: capped(statistics.successes * left + (isSuccess ? credit : 0)),
    failures: capped(statistics.failures * left + (isSuccess ? 0 : credit)),
    countedAt: fading.at,
    usedAt: isSuccess ? laterOf(statistics.usedAt, fading.at) : statistics.usedAt,
  }
}

/** The statistics after a use whose outcome is not known. */
export function usedNow<Item extends UseStatistics>(statistics: Item, at: Timestamp): Item {
  return { ...statistics, usedAt: laterOf(statistics.usedAt, at) }
}

/** The statistics of two things that turned out to be one. */
export function combinedStatistics(one: UseStatistics, other: UseStatistics, fading: Fading): UseStatistics {
  const left = fadingSince(one.countedAt, fading)
  const otherLeft = fadingSince(other.countedAt, fading)
  return {
    successes: capped(one.successes * left + other.successes * otherLeft),
    failures: capped(one.failures * left + other.failures * otherLeft),
    countedAt: fading.at,
    usedAt: one.usedAt > other.usedAt ? one.usedAt : other.usedAt,
  }
}

function capped(count: number): number {
  return Math.min(COUNT_MAX, count)
}

/** A clock set back a little changes nothing; one that was wrong before is believed, or what it stamped would stay fresh until then. */
function laterOf(before: Timestamp, at: Timestamp): Timestamp {
  return at > before || before - at > CLOCK_SET_BACK_MAX_MS ? at : before
}
