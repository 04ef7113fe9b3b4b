import type { KeyRange, KeyValueStore } from '../../ports/key-value-store.ts'

/** How long a bucket of sums is. Each begins with its UTC day or hour. */
export type SumGrain = 'day' | 'hour'

const LETTER = { day: 'd', hour: 'h' } as const
const LENGTH = { day: 10, hour: 13 } as const
const DAY_END = 2 + LENGTH.day

/** `d 2030-01-31` or `h 2030-01-31T05`: what keys of the bucket begin with. */
export function bucketAt(grain: SumGrain, instant: string): string {
  return `${LETTER[grain]} ${instant.slice(0, LENGTH[grain])}`
}

/** The day that a bucket or a key of it is of. */
export function dayIn(bucket: string): string {
  return bucket.slice(2, DAY_END)
}

export function bucketRange(bucket: string): KeyRange {
  return { gte: `${bucket} `, lt: `${bucket}!` }
}

/** Buckets that begin in `from` or later and before `to`; both are instants. */
export function grainRange(grain: SumGrain, { from, to }: { readonly from?: string; readonly to?: string }): KeyRange {
  const letter = LETTER[grain]
  return {
    gte: from === undefined ? `${letter} ` : bucketAt(grain, from),
    lt: to === undefined ? `${letter}!` : bucketAt(grain, to),
  }
}

/** The hash of the tenant in a key; `undefined` in that of something else. */
export function tenantHashIn(key: string): string | undefined {
  const [letter, , tenant] = key.split(' ')
  return letter === LETTER.day || letter === LETTER.hour ? tenant : undefined
}

/** Days of which there are sums, the oldest first: one search a day. */
export async function daysOf(store: KeyValueStore, grain: SumGrain): Promise<readonly string[]> {
  const days: string[] = []
  let range: KeyRange = grainRange(grain, {})
  for (;;) {
    const key = await firstOf(store.keys({ ...range, limit: 1 }))
    if (key === undefined) return days
    const day = dayIn(key)
    days.push(day)
    // Above all hours of the day.
    range = { gt: `${key.slice(0, DAY_END)}~`, lt: `${LETTER[grain]}!` }
  }
}

export async function firstOf<Item>(items: AsyncIterable<Item>): Promise<Item | undefined> {
  for await (const item of items) return item
  return undefined
}

/** Keys of all buckets before the day. */
export function rangeBeforeDay(grain: SumGrain, day: string): KeyRange {
  return { gte: `${LETTER[grain]} `, lt: `${LETTER[grain]} ${day}` }
}
