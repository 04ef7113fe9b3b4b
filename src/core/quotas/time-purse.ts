import {
  type BucketMap,
  bucketMapDelete,
  bucketMapEntries,
  bucketMapGet,
  bucketMapSet,
  emptyBucketMap,
} from '../budget/bucket-map.ts'

const HOUR_MS = 3_600_000
/** Names that are counted at one time; those beyond share one purse. */
export const TIME_PURSES_MAX = 4_096
const SHARED = '*'

/** What is left of an hour's allowance, milliseconds; below zero for what was used beyond it. Instants are of a monotonic clock. */
type Purse = { readonly leftMs: number; readonly atMs: number }

/** How much time each of many may use in an hour. It is taken once it is known, so that the last use of one may go beyond: it then waits until that is given back. */
export type TimePurses = { readonly perHourMs: number; readonly purses: BucketMap<Purse> }

export function createTimePurses(perHourMs: number): TimePurses {
  return { perHourMs, purses: emptyBucketMap() }
}

/** What is left for a name, milliseconds; nothing or less is nothing. */
export function timeLeft({ perHourMs, purses }: TimePurses, name: string, atMs: number): number {
  return leftOf(bucketMapGet(purses, nameIn(purses, name)), perHourMs, atMs)
}

/** Takes time that was used. */
export function takeTime(
  table: TimePurses,
  { name, usedMs, atMs }: { readonly name: string; readonly usedMs: number; readonly atMs: number },
): TimePurses {
  const { perHourMs } = table
  const purses = table.purses.size < TIME_PURSES_MAX ? table.purses : withoutFull(table, atMs)
  const named = nameIn(purses, name)
  const leftMs = leftOf(bucketMapGet(purses, named), perHourMs, atMs) - Math.max(0, usedMs)
  return { perHourMs, purses: bucketMapSet(purses, named, { leftMs, atMs }) }
}

function nameIn(purses: BucketMap<Purse>, name: string): string {
  return bucketMapGet(purses, name) !== undefined || purses.size < TIME_PURSES_MAX ? name : SHARED
}

function leftOf(purse: Purse | undefined, perHourMs: number, atMs: number): number {
  if (purse === undefined) return perHourMs
  // A clock that went back gives nothing.
  return Math.min(perHourMs, purse.leftMs + (Math.max(0, atMs - purse.atMs) * perHourMs) / HOUR_MS)
}

/** Without the purses that are full again: they are as if they had never been. */
function withoutFull({ perHourMs, purses }: TimePurses, atMs: number): BucketMap<Purse> {
  let kept = purses
  for (const [name, purse] of bucketMapEntries(purses))
    if (leftOf(purse, perHourMs, atMs) >= perHourMs) kept = bucketMapDelete(kept, name)
  return kept
}
