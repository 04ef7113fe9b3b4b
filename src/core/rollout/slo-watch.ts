import { addOutcome, type ArmTotals, type WatchedOutcome } from './arm-totals.ts'
import { betOn, type Bet } from './bet.ts'
import type { SloRules } from './rollout-rules.ts'
import { breachOf, type SloBreach } from './watch-evidence.ts'
import { addPoint, NO_SUMS, pointOf, type Point, type WatchScale } from './watch-points.ts'
import type { Compared, WatchState } from './watch-state.ts'

export type Observation = {
  readonly arm: 'candidate' | 'incumbent'
  readonly outcome: WatchedOutcome
  /** Requests of the control that a request of the canary is compared with at least. 0: there is no control any more. */
  readonly controlsPerCanary: number
}

/** Canary requests that wait for controls at most; the oldest goes, which tells nothing of how it went. */
const WAITING_MAX = 128

/**
 * Control requests from which the scale is set, and how many times their mean counts as 1: what is above counts as no more. It is set anew
 * each time that the control has doubled, because the first requests may all have been cheap ones: it depends on what came before alone.
 */
const SCALE_FROM = 20
const SCALE_TIMES = 4
/** Below this a cost is no cost, and a scale of 0 would compare nothing. */
const SCALE_USD_MIN = 0.000_001
const SCALE_MS_MIN = 20

/** Standard deviations above the control's mean that count as not worse, once the control is gone. */
const REFERENCE_DEVIATIONS = 3

/** How many controls a canary request is compared with at `percent`: about two thirds of what comes, so that none waits for long. */
export function controlsPerCanaryAt(percent: number): number {
  if (percent >= 100) return 0
  return Math.min(12, Math.max(1, Math.round((0.7 * (100 - percent)) / Math.max(percent, 1))))
}

/** Takes one request into the watch. A breach is told once the evidence is there; the state goes on from it. */
export function watchOutcome(
  watch: WatchState,
  { arm, outcome, controlsPerCanary }: Observation,
  rules: SloRules,
): { readonly watch: WatchState; readonly breach: SloBreach | undefined } {
  if (arm === 'incumbent') {
    const seen = takeControl(watch, outcome)
    const compared = compareWaiting(seen, controlsPerCanary, rules)
    return { watch: compared, breach: breachOf(compared, rules) }
  }
  const point = pointOf(outcome, watch.scale)
  const canary = addOutcome(watch.canary, outcome)
  const limited = { ...watch, canary, againstLimit: betOnLimits(watch.againstLimit, outcome, rules) }
  const compared =
    controlsPerCanary === 0
      ? compareWithReference(limited, point)
      : compareWaiting({ ...limited, waiting: [...watch.waiting, point].slice(-WAITING_MAX) }, controlsPerCanary, rules)
  return { watch: compared, breach: breachOf(compared, rules) }
}

/** The watch for a candidate that answers everything: what the control was, with room for chance, is what it is compared with. */
export function watchWithoutControl(watch: WatchState, rules: SloRules): WatchState {
  const { control, scaled } = watch
  const bad = control.requests - control.accepted
  const reference = {
    quality: referenceOf(bad, control.requests, { plus: rules.qualityMargin, times: 1 }),
    errors: referenceOf(control.errors, control.requests, { plus: rules.errorMargin, times: 1 }),
    cost: referenceOf(scaled.cost, scaled.costed, { plus: 0, times: 1 + rules.costMargin }),
    latency: referenceOf(scaled.latency, scaled.timed, { plus: 0, times: 1 + rules.latencyMargin }),
  }
  return { ...watch, waiting: [], block: NO_SUMS, reference }
}

function takeControl(watch: WatchState, outcome: WatchedOutcome): WatchState {
  const control = addOutcome(watch.control, outcome)
  const point = pointOf(outcome, watch.scale)
  const seen = { ...watch, control, block: addPoint(watch.block, point), scaled: addPoint(watch.scaled, point) }
  return isScaledAt(control.requests) ? rescaled(seen, scaleOf(control)) : seen
}

/** At 20 requests, 40, 80, and so on. */
function isScaledAt(requests: number): boolean {
  if (requests < SCALE_FROM) return false
  let at = SCALE_FROM
  while (at < requests) at *= 2
  return at === requests
}

/** What was measured by the scale before is left out. */
function rescaled(watch: WatchState, scale: WatchScale): WatchState {
  const unscaled = { cost: 0, costed: 0, latency: 0, timed: 0 }
  return {
    ...watch,
    scale,
    scaled: NO_SUMS,
    block: { ...watch.block, ...unscaled },
    waiting: watch.waiting.map((point) => ({ ...point, cost: null, latency: null })),
  }
}

function scaleOf({ requests, costUsd, costed, latencyMs }: ArmTotals): WatchScale {
  const meanUsd = costed === 0 ? 0 : costUsd / costed
  return {
    costUsd: SCALE_TIMES * Math.max(meanUsd, SCALE_USD_MIN),
    latencyMs: SCALE_TIMES * Math.max(latencyMs / requests, SCALE_MS_MIN),
  }
}

/** Compares the request that waits longest once there are controls enough. When a block is complete depends on counts alone. */
function compareWaiting(watch: WatchState, controlsPerCanary: number, rules: SloRules): WatchState {
  const { block } = watch
  const [point, ...waiting] = watch.waiting
  if (point === undefined || controlsPerCanary === 0 || block.count < controlsPerCanary) return watch
  const { quality, errors, cost, latency } = watch.againstControl
  const againstControl = {
    quality: betOn(quality, point.bad - block.bad / block.count - rules.qualityMargin, 1 + rules.qualityMargin),
    errors: betOn(errors, point.error - block.error / block.count - rules.errorMargin, 1 + rules.errorMargin),
    cost: betOnRatio(cost, { of: point.cost, sum: block.cost, count: block.costed }, rules.costMargin),
    latency: betOnRatio(latency, { of: point.latency, sum: block.latency, count: block.timed }, rules.latencyMargin),
  }
  return { ...watch, waiting, block: NO_SUMS, againstControl }
}

type Ratio = { readonly of: number | null; readonly sum: number; readonly count: number }

function betOnRatio(bet: Bet, { of, sum, count }: Ratio, margin: number): Bet {
  if (of === null || count === 0) return bet
  return betOn(bet, of - (1 + margin) * (sum / count), 1 + margin)
}

function compareWithReference(watch: WatchState, point: Point): WatchState {
  const { reference, againstControl } = watch
  if (reference === null) return watch
  const against = (slo: Compared, value: number | null): Bet => {
    const mean = reference[slo]
    return value === null || mean === null ? againstControl[slo] : betOn(againstControl[slo], value - mean, mean)
  }
  return {
    ...watch,
    againstControl: {
      quality: against('quality', point.bad),
      errors: against('errors', point.error),
      cost: against('cost', point.cost),
      latency: against('latency', point.latency),
    },
  }
}

function referenceOf(
  sum: number,
  count: number,
  { plus, times }: { readonly plus: number; readonly times: number },
): number | null {
  if (count < SCALE_FROM) return null
  const mean = sum / count
  const deviation = Math.sqrt((mean * (1 - mean) + 1 / count) / count)
  const reference = times * (mean + REFERENCE_DEVIATIONS * deviation) + plus
  return reference < 1 ? reference : null
}

/** A mean of values from 0 up is compared with a limit as shares of four times the limit; what is above counts as no more. */
function betOnLimits(
  bets: WatchState['againstLimit'],
  { isAccepted, isError, costUsd, latencyMs, predicted }: WatchedOutcome,
  rules: SloRules,
): WatchState['againstLimit'] {
  const shareAbove = (bet: Bet, value: number, limit: number | null): Bet =>
    limit === null || limit <= 0 || limit >= 1 ? bet : betOn(bet, value - limit, limit)
  const meanAbove = (bet: Bet, value: number | null, limit: number | null): Bet => {
    if (limit === null || value === null) return bet
    return betOn(bet, Math.min(1, value / (SCALE_TIMES * limit)) - 1 / SCALE_TIMES, 1 / SCALE_TIMES)
  }
  const { driftMargin, acceptedShareMin } = rules
  return {
    quality: shareAbove(bets.quality, Number(!isAccepted), acceptedShareMin === null ? null : 1 - acceptedShareMin),
    errors: shareAbove(bets.errors, Number(isError), rules.errorShareMax),
    cost: meanAbove(bets.cost, costUsd, rules.costUsdMax),
    latency: meanAbove(bets.latency, isError ? null : latencyMs, rules.latencyMsMax),
    drift:
      predicted === null
        ? bets.drift
        : betOn(bets.drift, predicted - Number(isAccepted) - driftMargin, 1 + driftMargin),
  }
}
