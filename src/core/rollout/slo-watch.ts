import { betOn, NEW_BET, wealthOf, type Bet } from './bet.ts'
import type { SloRules } from './rollout-rules.ts'

/** How one request went, as the watch sees it. */
export type WatchedOutcome = {
  /** An answer that stood: accepted by the verifier, or by nobody refused. */
  readonly isAccepted: boolean
  /** No answer at all. */
  readonly isError: boolean
  /** Dollars of the whole request; `null` when a price is unknown. */
  readonly costUsd: number | null
  readonly latencyMs: number
  /** Chance of acceptance that the policy predicted, 0 to 1; `null` when it kept no bound. */
  readonly predicted: number | null
}

/** What an arm came to: counts, and sums over the requests of which the figure is known. */
export type ArmTotals = {
  readonly requests: number
  readonly accepted: number
  readonly errors: number
  readonly costUsd: number
  readonly costed: number
  readonly latencyMs: number
}

/** `bad` and `error` are 0 or 1; `cost` and `latency` are shares of the scale, at most 1, and `null` while there is none. */
type Point = {
  readonly bad: number
  readonly error: number
  readonly cost: number | null
  readonly latency: number | null
}

/** Sums of points. */
type PointSums = {
  readonly count: number
  readonly bad: number
  readonly error: number
  readonly cost: number
  readonly costed: number
  readonly latency: number
  readonly timed: number
}

export type SloName = 'quality' | 'errors' | 'cost' | 'latency' | 'drift'
type Compared = Exclude<SloName, 'drift'>

/**
 * The canary's requests against the control's. A request of the canary waits until enough requests of the control came after the one before
 * it; the difference to their mean is bet on.
 *
 * ```text
 * canary    x . . . . . . . x . . . . . . . . . x      waiting: x
 * control   . o o o o o o o . o o o o o o o o o .      block:   o o o o o o
 * ```
 */
export type WatchState = {
  readonly canary: ArmTotals
  readonly control: ArmTotals
  readonly waiting: readonly Point[]
  readonly block: PointSums
  /** All of the control since the scale was set. */
  readonly scaled: PointSums
  /** What counts as 1; set once, from the control's first requests. */
  readonly scale: { readonly costUsd: number; readonly latencyMs: number } | null
  readonly againstControl: Readonly<Record<Compared, Bet>>
  readonly againstLimit: Readonly<Record<SloName, Bet>>
  /** Means that the control will hardly have, in units of the scale; set when no control is left to compare with. */
  readonly reference: Readonly<Record<Compared, number | null>> | null
}

export type SloBreach = {
  readonly slo: SloName
  readonly against: 'control' | 'limit'
  /** What the dollar became, and how much of it a sound candidate is allowed to win. */
  readonly wealth: number
  readonly threshold: number
}

export type Observation = {
  readonly arm: 'candidate' | 'incumbent'
  readonly outcome: WatchedOutcome
  /** Requests of the control that a request of the canary is compared with at least. 0: there is no control any more. */
  readonly controlsPerCanary: number
}

const NO_TOTALS: ArmTotals = { requests: 0, accepted: 0, errors: 0, costUsd: 0, costed: 0, latencyMs: 0 }
const NO_SUMS: PointSums = { count: 0, bad: 0, error: 0, cost: 0, costed: 0, latency: 0, timed: 0 }

export const NEW_WATCH: WatchState = {
  canary: NO_TOTALS,
  control: NO_TOTALS,
  waiting: [],
  block: NO_SUMS,
  scaled: NO_SUMS,
  scale: null,
  againstControl: { quality: NEW_BET, errors: NEW_BET, cost: NEW_BET, latency: NEW_BET },
  againstLimit: { quality: NEW_BET, errors: NEW_BET, cost: NEW_BET, latency: NEW_BET, drift: NEW_BET },
  reference: null,
}

/** Canary requests that wait for controls at most; the oldest goes, which tells nothing of how it went. */
const WAITING_MAX = 128

/** Control requests from which the scale is set, and how many times their mean counts as 1: what is above counts as no more. */
const SCALE_FROM = 20
const SCALE_TIMES = 4
const SCALE_USD_MIN = 0.001
const SCALE_MS_MIN = 20

/** How the allowed false alarms are divided. They add up to 1. */
const SHARE_OF_ALARM = {
  control: { quality: 0.4, errors: 0.1, cost: 0.1, latency: 0.1 },
  limit: { quality: 0.05, errors: 0.05, cost: 0.05, latency: 0.05, drift: 0.1 },
} as const

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

/** Whether there is some evidence against the candidate, a tenth of what it takes: no moment to give it more. */
export function isSuspicious(watch: WatchState, rules: SloRules): boolean {
  return evidence(watch, rules).some(({ wealth, threshold }) => wealth * 10 >= threshold)
}

/** Every bet as it stands, for people. */
export function evidence(watch: WatchState, { falseAlarm }: SloRules): readonly SloBreach[] {
  const { control, limit } = SHARE_OF_ALARM
  return [
    ...COMPARED.map((slo): SloBreach => {
      const wealth = wealthOf(watch.againstControl[slo])
      return { slo, against: 'control', wealth, threshold: 1 / (falseAlarm * control[slo]) }
    }),
    ...LIMITED.map((slo): SloBreach => {
      const wealth = wealthOf(watch.againstLimit[slo])
      return { slo, against: 'limit', wealth, threshold: 1 / (falseAlarm * limit[slo]) }
    }),
  ]
}

const COMPARED: readonly Compared[] = ['quality', 'errors', 'cost', 'latency']
const LIMITED: readonly SloName[] = ['quality', 'errors', 'cost', 'latency', 'drift']

function breachOf(watch: WatchState, rules: SloRules): SloBreach | undefined {
  return evidence(watch, rules).find(({ wealth, threshold }) => wealth >= threshold)
}

function addOutcome(totals: ArmTotals, { isAccepted, isError, costUsd, latencyMs }: WatchedOutcome): ArmTotals {
  return {
    requests: totals.requests + 1,
    accepted: totals.accepted + Number(isAccepted),
    errors: totals.errors + Number(isError),
    costUsd: totals.costUsd + (costUsd ?? 0),
    costed: totals.costed + Number(costUsd !== null),
    latencyMs: totals.latencyMs + latencyMs,
  }
}

function pointOf(outcome: WatchedOutcome, scale: WatchState['scale']): Point {
  const { isAccepted, isError, costUsd, latencyMs } = outcome
  return {
    bad: Number(!isAccepted),
    error: Number(isError),
    cost: scale === null || costUsd === null ? null : Math.min(1, costUsd / scale.costUsd),
    // How long a failure took says nothing of how long answers take.
    latency: scale === null || isError ? null : Math.min(1, latencyMs / scale.latencyMs),
  }
}

function addPoint(sums: PointSums, { bad, error, cost, latency }: Point): PointSums {
  return {
    count: sums.count + 1,
    bad: sums.bad + bad,
    error: sums.error + error,
    cost: sums.cost + (cost ?? 0),
    costed: sums.costed + Number(cost !== null),
    latency: sums.latency + (latency ?? 0),
    timed: sums.timed + Number(latency !== null),
  }
}

function takeControl(watch: WatchState, outcome: WatchedOutcome): WatchState {
  const control = addOutcome(watch.control, outcome)
  const point = pointOf(outcome, watch.scale)
  return {
    ...watch,
    control,
    block: addPoint(watch.block, point),
    scaled: addPoint(watch.scaled, point),
    scale: watch.scale ?? scaleOf(control),
  }
}

function scaleOf({ requests, costUsd, costed, latencyMs }: ArmTotals): WatchState['scale'] {
  if (requests < SCALE_FROM) return null
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

/** Shares of the arms, for people and journals; `null` where nothing was counted. */
export type ArmFigures = {
  readonly requests: number
  readonly acceptedShare: number | null
  readonly errorShare: number | null
  readonly meanCostUsd: number | null
  readonly meanLatencyMs: number | null
}

export function figuresOf({ requests, accepted, errors, costUsd, costed, latencyMs }: ArmTotals): ArmFigures {
  return {
    requests,
    acceptedShare: requests === 0 ? null : accepted / requests,
    errorShare: requests === 0 ? null : errors / requests,
    meanCostUsd: costed === 0 ? null : costUsd / costed,
    meanLatencyMs: requests === 0 ? null : latencyMs / requests,
  }
}
