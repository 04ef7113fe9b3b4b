import { CodedError } from '../base/errors.ts'
import { isLocalTier, type ModelEntry } from '../core/models/model-entry.ts'
import type { Random } from '../ports/random.ts'

/** Routes by which time limits and hedges are told apart. */
export type CallRoute = 'local' | 'cheap' | 'premium'

/** How models are called: how long each may take, when one is asked again, and when the next one is asked beside it. */
export type CallRules = {
  /** Longest that one attempt may take, milliseconds. */
  readonly attemptTimeoutMs: number
  /** Of a route, in place of `attemptTimeoutMs`. */
  readonly routeTimeoutMs?: Readonly<Partial<Record<CallRoute, number>>>
  /** Longest that a stream may take until its first content, milliseconds; absent: as long as the attempt may. */
  readonly firstPartTimeoutMs?: number
  readonly retries?: RetryRule
  readonly hedge?: HedgeRule
}

/** When a model that failed is asked once more. It is so only where no other model is left to ask. */
export type RetryRule = {
  /** Further attempts at most, 0 or more. */
  readonly max: number
  /** Longest pause, milliseconds: a provider that asks for a longer one is not asked again. */
  readonly waitMsMax: number
}

/** When the next model of a plan is asked before the first has answered. Whoever answers first is taken, and the other is ended; both may be billed. */
export type HedgeRule = {
  /** So long behind the start of the first, milliseconds. */
  readonly afterMs: number
  /** Models of these routes. */
  readonly routes: readonly CallRoute[]
}

/** The route of a model; `undefined` for peers, whose contracts have deadlines of their own. */
export function callRouteOf({ tier }: Pick<ModelEntry, 'tier'>): CallRoute | undefined {
  if (tier === 'cheap_api') return 'cheap'
  if (tier === 'premium_api') return 'premium'
  return tier !== 'peer' && isLocalTier(tier) ? 'local' : undefined
}

/** Longest that one attempt at this model may take, milliseconds. */
export function timeoutMsOf({ attemptTimeoutMs, routeTimeoutMs }: CallRules, entry: ModelEntry): number {
  const route = callRouteOf(entry)
  return (route === undefined ? undefined : routeTimeoutMs?.[route]) ?? attemptTimeoutMs
}

/** Failures that pass by themselves and that no provider bills. */
const PASSING: ReadonlySet<string> = new Set(['MODEL_RATE_LIMITED', 'MODEL_UNREACHABLE', 'MODEL_SERVER_ERROR'])
/** Of the first pause; each further one is twice as long. */
const FIRST_WAIT_MS = 250

/**
 * How long to wait before the same model is asked again: what its provider asks for, else 250 ms doubled with each time, of which a random half is taken off so
 * that callers who failed together do not come back together.
 *
 * @param retried How often it was asked again already.
 * @returns Milliseconds; `undefined`: it is not asked again.
 */
export function retryWaitMs(
  { retries }: CallRules,
  { code, error, retried }: { readonly code: string; readonly error: unknown; readonly retried: number },
  random: Pick<Random, 'fraction'>,
): number | undefined {
  if (retries === undefined || retried >= retries.max || !PASSING.has(code)) return undefined
  const asked = CodedError.is(error) ? error.details['retryAfterMs'] : undefined
  const waitMs =
    typeof asked === 'number' ? asked : FIRST_WAIT_MS * (1 << Math.min(retried, 16)) * (0.5 + random.fraction() / 2)
  return waitMs <= retries.waitMsMax ? waitMs : undefined
}
