import { CodedError } from '../../base/errors.ts'

/** What is left of one rate a minute. */
export type RateLeft = {
  readonly kind: 'requests' | 'tokens'
  readonly perMinute: number
  /** Whole units, 0 or more. */
  readonly left: number
  /** Until it is whole again. */
  readonly resetMs: number
}

/** `x-ratelimit-*` as OpenAI names them: the limit, what is left after this request, and when it is whole again; of the level with the least left. */
export function rateHeaders(levels: readonly RateLeft[]): readonly string[] {
  const headers: string[] = []
  for (const kind of ['requests', 'tokens'] as const) {
    let found: RateLeft | undefined
    for (const level of levels)
      if (level.kind === kind && (found === undefined || level.left < found.left)) found = level
    if (found === undefined) continue
    headers.push(
      `x-ratelimit-limit-${kind}`,
      String(found.perMinute),
      `x-ratelimit-remaining-${kind}`,
      String(found.left),
    )
    headers.push(`x-ratelimit-reset-${kind}`, formatSpan(found.resetMs))
  }
  return headers
}

export type ReachedLimit = {
  readonly scope: string
  /** `requests a minute`, for example. */
  readonly what: string
  readonly limit: number
  readonly waitMs: number
}

export function rateLimited({ scope, what, limit, waitMs }: ReachedLimit, headers: readonly string[]): CodedError {
  return new CodedError('ACCESS_RATE_LIMITED', {
    message: `The limit of ${scope} is reached: ${limit} ${what}`,
    details: { scope, what, limit, retryAfterMs: waitMs, headers },
  })
}

/** `6m0s`, `1.5s`, `20ms`: what clients of the interface parse. */
function formatSpan(ms: number): string {
  if (ms < 1_000) return `${ms}ms`
  const seconds = Math.ceil(ms / 100) / 10
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${Math.ceil(seconds % 60)}s`
}
