/**
 * What is left of a rate, in sixty-thousandths: a rate gives back as many in a millisecond as it allows in a minute, so nothing is rounded. Below zero where
 * more was used than was there. Instants are of a monotonic clock, milliseconds.
 */
export type RateBucket = { readonly left: number; readonly atMs: number }

const UNITS = 60_000

/** A bucket that nothing was taken from: a minute's worth. */
export function fullBucket(perMinute: number, atMs: number): RateBucket {
  return { left: perMinute * UNITS, atMs }
}

/** The bucket as it is at an instant, for a rate that may be another one by now. A clock that went back gives nothing. */
export function refillBucket(bucket: RateBucket, perMinute: number, atMs: number): RateBucket {
  const left = bucket.left + Math.max(0, Math.floor(atMs - bucket.atMs)) * perMinute
  return { left: Math.min(perMinute * UNITS, left), atMs: Math.max(atMs, bucket.atMs) }
}

/** Takes an amount, also more than there is; a negative one gives back. */
export function takeFromBucket(bucket: RateBucket, amount: number): RateBucket {
  return { left: bucket.left - amount * UNITS, atMs: bucket.atMs }
}

/** Whole units that may be taken now, 0 or more. */
export function leftInBucket({ left }: RateBucket): number {
  return Math.max(0, Math.floor(left / UNITS))
}

/** Milliseconds until `amount` may be taken; of more than a minute's worth, until the bucket is full. */
export function waitForBucket({ left }: RateBucket, perMinute: number, amount: number): number {
  return Math.max(0, Math.ceil((Math.min(amount, perMinute) * UNITS - left) / perMinute))
}
