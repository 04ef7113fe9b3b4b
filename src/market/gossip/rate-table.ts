import { type BucketRate, fullBucket, takeTokens, type TokenBucket } from '../../core/peers/token-bucket.ts'

/** Names that are remembered; the least recent are forgotten, and come back with a full bucket. */
const NAMES_MAX = 4_096

/** How much each of many names may do in a second. */
export class RateTable {
  private readonly rate: BucketRate
  private readonly monotonicMs: () => number
  private readonly buckets = new Map<string, TokenBucket>()

  constructor(rate: BucketRate, monotonicMs: () => number) {
    this.rate = rate
    this.monotonicMs = monotonicMs
  }

  get size(): number {
    return this.buckets.size
  }

  /** Whether `name` may do one thing more; takes nothing. */
  has(name: string): boolean {
    return this.after(name, 1).tokens >= 0
  }

  /** Does one thing, where it may. */
  take(name: string): boolean {
    const after = this.after(name, 1)
    if (after.tokens < 0) return false
    this.buckets.delete(name)
    this.buckets.set(name, after)
    const [oldest] = this.buckets.keys()
    if (oldest !== undefined && this.buckets.size > NAMES_MAX) this.buckets.delete(oldest)
    return true
  }

  private after(name: string, count: number): TokenBucket {
    const { rate } = this
    const atMs = this.monotonicMs()
    return takeTokens(this.buckets.get(name) ?? fullBucket(rate, atMs), { rate, count, atMs })
  }
}
