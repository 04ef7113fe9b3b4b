import type { DurationMs } from '../../base/time.ts'

export type BucketRate = {
  /** Tokens that come back in a second; above 0. */
  readonly perSecond: number
  /** Tokens of a bucket that was left alone. */
  readonly burst: number
}

/** Tokens at an instant of a monotonic clock; below 0 where more was taken than there was. */
export type TokenBucket = { readonly tokens: number; readonly atMs: number }

export function fullBucket(rate: BucketRate, atMs: number): TokenBucket {
  return { tokens: rate.burst, atMs }
}

/** The bucket after `count` tokens were taken. What has happened already is paid for afterwards, so the bucket may owe. */
export function takeTokens(
  bucket: TokenBucket,
  { rate, count, atMs }: { readonly rate: BucketRate; readonly count: number; readonly atMs: number },
): TokenBucket {
  const elapsedMs = Math.max(0, atMs - bucket.atMs)
  const refilled = Math.min(rate.burst, bucket.tokens + (elapsedMs * rate.perSecond) / 1_000)
  return { tokens: refilled - count, atMs: Math.max(atMs, bucket.atMs) }
}

/** How long nothing more is to be taken; 0 for a bucket that owes nothing. */
export function waitOf({ tokens }: TokenBucket, rate: BucketRate): DurationMs {
  return (tokens >= 0 ? 0 : Math.ceil((-tokens * 1_000) / rate.perSecond)) as DurationMs
}
