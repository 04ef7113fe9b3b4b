import type { AccessRates } from '../../core/access/access-entry.ts'
import type { ScopedRates } from '../../core/access/effective-access.ts'
import {
  fullBucket,
  leftInBucket,
  type RateBucket,
  refillBucket,
  takeFromBucket,
  waitForBucket,
} from '../../core/quotas/rate-bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import { type RateLeft, rateHeaders, rateLimited } from './rate-headers.ts'

/** One request that counts against rates until it has ended. */
export type RateHold = {
  /** `x-ratelimit-*`, names and values alternating: the level with the least left. Empty where nothing is bounded. */
  readonly headers: readonly string[]
  /** The second call does nothing. */
  readonly end: () => void
}

/** Tokens that were taken on account. */
export type TokenHold = {
  /** Replaces what was taken by what was used. The second call does nothing. */
  readonly settle: (tokens: number) => void
}

type Meter = { requests?: RateBucket; tokens?: RateBucket; running: number }

/** Levels that are metered before those that are as if they had never been used are forgotten. */
const METERS_MAX = 8_192

const FREE: RateHold = Object.freeze({ headers: [], end: () => undefined })
const NO_TOKENS: TokenHold = Object.freeze({ settle: () => undefined })

/** What counts requests and tokens against rates. It answers at once wherever it can. */
export interface Rates {
  /**
   * Takes so many requests, one where nothing is said, from every level, or none from any. Throws or rejects with `ACCESS_RATE_LIMITED`, and with `STORE_*` where rates are shared.
   */
  begin(levels: readonly ScopedRates[], count?: number): RateHold | Promise<RateHold>
  /** Takes tokens on account from every level, or from none. Throws or rejects as `begin`. */
  takeTokens(levels: readonly ScopedRates[], tokens: number): TokenHold | Promise<TokenHold>
}

/** Requests and tokens a minute, and requests at a time, of all levels that a caller is in. Nothing is kept over a restart. */
export class RateMeter implements Rates {
  private readonly clock: Pick<Clock, 'monotonicMs'>
  private readonly meters = new Map<string, Meter>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.clock = clock
  }

  /** Takes so many requests from every level, or none from any. Throws `ACCESS_RATE_LIMITED`. */
  begin(levels: readonly ScopedRates[], count = 1): RateHold {
    if (levels.length === 0) return FREE
    const atMs = this.clock.monotonicMs()
    const meters = levels.map((level) => ({ ...level, meter: this.meterOf(level, atMs) }))
    for (const level of meters) refuseRequest(level, count)
    for (const { meter } of meters) {
      meter.running += count
      if (meter.requests !== undefined) meter.requests = takeFromBucket(meter.requests, count)
    }
    let isEnded = false
    return {
      headers: headersOf(meters),
      end: () => {
        if (isEnded) return
        isEnded = true
        for (const { meter } of meters) meter.running -= count
      },
    }
  }

  /** Takes tokens on account from every level, or from none. Throws `ACCESS_RATE_LIMITED`. */
  takeTokens(levels: readonly ScopedRates[], tokens: number): TokenHold {
    const bounded = levels.filter(({ rates }) => rates.tokensPerMinute !== undefined)
    if (bounded.length === 0) return NO_TOKENS
    const atMs = this.clock.monotonicMs()
    for (const level of bounded) refuseTokens(level, this.meterOf(level, atMs), tokens)
    this.chargeTokens(bounded, tokens)
    let isEnded = false
    return {
      settle: (used) => {
        if (isEnded) return
        isEnded = true
        this.chargeTokens(bounded, used - tokens)
      },
    }
  }

  /** Takes tokens that were used, whether there are as many or not. */
  private chargeTokens(levels: readonly ScopedRates[], tokens: number): void {
    const atMs = this.clock.monotonicMs()
    for (const level of levels) {
      const meter = this.meterOf(level, atMs)
      if (meter.tokens !== undefined) meter.tokens = takeFromBucket(meter.tokens, tokens)
    }
  }

  private meterOf({ scope, rates }: ScopedRates, atMs: number): Meter {
    let meter = this.meters.get(scope)
    if (meter === undefined) {
      if (this.meters.size >= METERS_MAX) this.forget(atMs)
      meter = { running: 0 }
      this.meters.set(scope, meter)
    }
    refill(meter, rates, atMs)
    return meter
  }

  /** Without those of which nothing runs and whose minute has passed: they are full whatever their rates are. */
  private forget(atMs: number): void {
    for (const [scope, { running, requests, tokens }] of this.meters) {
      const isRecent = [requests, tokens].some((bucket) => bucket !== undefined && !isFull(bucket, atMs))
      if (running === 0 && !isRecent) this.meters.delete(scope)
    }
  }
}

const MINUTE_MS = 60_000

function isFull({ left, atMs: lastMs }: RateBucket, atMs: number): boolean {
  return left >= 0 && atMs - lastMs >= MINUTE_MS
}

function refill(meter: Meter, { requestsPerMinute, tokensPerMinute }: AccessRates, atMs: number): void {
  if (requestsPerMinute === undefined) delete meter.requests
  else meter.requests = refillBucket(meter.requests ?? fullBucket(requestsPerMinute, atMs), requestsPerMinute, atMs)
  if (tokensPerMinute === undefined) delete meter.tokens
  else meter.tokens = refillBucket(meter.tokens ?? fullBucket(tokensPerMinute, atMs), tokensPerMinute, atMs)
}

function refuseRequest(level: ScopedRates & Metered, count: number): void {
  const { scope, rates, meter } = level
  const { requestsPerMinute, tokensPerMinute, concurrentRequests } = rates
  if (concurrentRequests !== undefined && meter.running + count > concurrentRequests)
    throw rateLimited(
      { scope, what: 'requests at a time', limit: concurrentRequests, waitMs: 1_000 },
      headersOf([level]),
    )
  if (requestsPerMinute !== undefined && meter.requests !== undefined && leftInBucket(meter.requests) < count) {
    const waitMs = waitForBucket(meter.requests, requestsPerMinute, count)
    throw rateLimited({ scope, what: 'requests a minute', limit: requestsPerMinute, waitMs }, headersOf([level]))
  }
  if (tokensPerMinute === undefined || meter.tokens === undefined || leftInBucket(meter.tokens) >= 1) return
  const waitMs = waitForBucket(meter.tokens, tokensPerMinute, 1)
  throw rateLimited({ scope, what: 'tokens a minute', limit: tokensPerMinute, waitMs }, headersOf([level]))
}

/** One request for more than a minute's worth is let through when nothing else was taken: it would never fit. */
function refuseTokens({ scope, rates }: ScopedRates, meter: Meter, tokens: number): void {
  const { tokensPerMinute } = rates
  if (tokensPerMinute === undefined || meter.tokens === undefined) return
  const waitMs = waitForBucket(meter.tokens, tokensPerMinute, tokens)
  if (waitMs > 0)
    throw rateLimited({ scope, what: 'tokens a minute', limit: tokensPerMinute, waitMs }, headersOf([{ rates, meter }]))
}

type Metered = { readonly rates: AccessRates; readonly meter: Meter }

function headersOf(metered: readonly Metered[]): readonly string[] {
  const levels: RateLeft[] = []
  for (const { rates, meter } of metered) {
    if (rates.requestsPerMinute !== undefined && meter.requests !== undefined)
      levels.push(leftOf('requests', rates.requestsPerMinute, meter.requests))
    if (rates.tokensPerMinute !== undefined && meter.tokens !== undefined)
      levels.push(leftOf('tokens', rates.tokensPerMinute, meter.tokens))
  }
  return rateHeaders(levels)
}

function leftOf(kind: RateLeft['kind'], perMinute: number, bucket: RateBucket): RateLeft {
  return { kind, perMinute, left: leftInBucket(bucket), resetMs: waitForBucket(bucket, perMinute, perMinute) }
}
