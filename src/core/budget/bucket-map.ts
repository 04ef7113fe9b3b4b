/**
 * An immutable map from strings. A change copies one of 256 buckets and the array of buckets, so with ten thousand
 * entries it copies about 300 slots instead of ten thousand.
 *
 * ```text
 * buckets[256] -> Map(key -> value), about size / 256 entries each; keys go by FNV-1a
 * ```
 */
export type BucketMap<Value> = {
  readonly size: number
  readonly buckets: readonly ReadonlyMap<string, Value>[]
}

const BUCKET_COUNT = 256
const EMPTY_BUCKET: ReadonlyMap<string, never> = new Map<string, never>()

export function emptyBucketMap<Value>(): BucketMap<Value> {
  return { size: 0, buckets: Array.from({ length: BUCKET_COUNT }, () => EMPTY_BUCKET) }
}

export function bucketMapGet<Value>(map: BucketMap<Value>, key: string): Value | undefined {
  return map.buckets[bucketOf(key)]?.get(key)
}

export function bucketMapSet<Value>(map: BucketMap<Value>, key: string, value: Value): BucketMap<Value> {
  const bucket = new Map(map.buckets[bucketOf(key)])
  const isNew = !bucket.has(key)
  bucket.set(key, value)
  return { size: map.size + (isNew ? 1 : 0), buckets: withBucket(map, bucketOf(key), bucket) }
}

export function bucketMapDelete<Value>(map: BucketMap<Value>, key: string): BucketMap<Value> {
  const bucket = new Map(map.buckets[bucketOf(key)])
  if (!bucket.delete(key)) return map
  return { size: map.size - 1, buckets: withBucket(map, bucketOf(key), bucket) }
}

/** Entries sorted by key in UTF-16 order, so that two equal maps list the same whatever happened before. */
export function bucketMapEntries<Value>(map: BucketMap<Value>): readonly (readonly [string, Value])[] {
  const entries: (readonly [string, Value])[] = []
  for (const bucket of map.buckets) for (const entry of bucket) entries.push(entry)
  return entries.sort(([left], [right]) => (left < right ? -1 : 1))
}

function withBucket<Value>(
  map: BucketMap<Value>,
  index: number,
  bucket: ReadonlyMap<string, Value>,
): readonly ReadonlyMap<string, Value>[] {
  const buckets = map.buckets.slice()
  buckets[index] = bucket
  return buckets
}

function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 16)) & (BUCKET_COUNT - 1)
}
