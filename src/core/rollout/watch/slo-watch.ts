import { addOutcome, type WatchedOutcome } from './arm-totals.ts'
import { betOn, type Bet } from './bet.ts'
import { takeVote, type FeedbackWatch, type Vote } from './feedback-watch.ts'
import type { SloRules } from '../rollout-rules.ts'
import type { ServedWindow } from '../serving-record.ts'
import { breachOf, type SloBreach } from './watch-evidence.ts'
import { addPoint, NO_SUMS, pointOf, type Point } from './watch-points.ts'
import { referenceOf, scaleOf, shareReference } from './watch-reference.ts'
import type { Compared, WatchState } from './watch-state.ts'

export type Observation = {
  readonly arm: 'candidate' | 'incumbent'
  readonly outcome: WatchedOutcome
  /**
   * Requests of the control that a request of the canary is compared with at least; below 1 so many of the canary with one of the control:
   * 1 / 3 is three. 0: there is no control any more.
   */
  readonly controlsPerCanary: number
}

/** Requests that wait for the other arm's at most; the oldest goes, which tells nothing of how it went. */
const WAITING_MAX = 128

/**
 * Control requests from which the scale is set. It is set anew each time that the control has doubled, because the first requests may all
 * have been cheap ones: it depends on what came before alone.
 */
const SCALE_FROM = 20

/** Times a limit that counts as 1: what is above counts as no more. */
const LIMIT_TIMES = 4

/** Of the requests of the arm that has more, so many are needed for one of the other: as a share of how many come, and at most. */
const PAIRED_SHARE = 0.7
const PAIRED_MAX = 12

/** How many controls a canary request is compared with at `percent`, or canary requests a control: about three quarters of what comes, so that none waits for long. */
export function controlsPerCanaryAt(percent: number): number {
  if (percent >= 100) return 0
  const others = (share: number): number =>
    Math.min(PAIRED_MAX, Math.max(1, Math.round((PAIRED_SHARE * (100 - share)) / Math.max(share, 1))))
  return percent <= 50 ? others(percent) : 1 / others(100 - percent)
}

/** Takes one request into the watch. A breach is told once the evidence is there; the state goes on from it. */
export function watchOutcome(
  watch: WatchState,
  { arm, outcome, controlsPerCanary }: Observation,
  rules: SloRules,
): { readonly watch: WatchState; readonly breach: SloBreach | undefined } {
  const point = pointOf(outcome, watch.scale)
  const counted = arm === 'incumbent' ? takeControl(watch, outcome) : takeCanary(watch, outcome, rules)
  const compared =
    controlsPerCanary > 0
      ? compareWaiting(put(counted, { arm, point, controlsPerCanary }), controlsPerCanary, rules)
      : compareWithReference(counted, point)
  // By the scale from before: a scale depends on what came before what it measures.
  const scaled = arm === 'incumbent' ? rescaled(compared) : compared
  return { watch: scaled, breach: breachOf(scaled, rules) }
}

/** Takes what somebody said of an answer into the watch. */
export function watchVote(
  watch: WatchState,
  vote: Vote,
  rules: SloRules,
): { readonly watch: WatchState; readonly breach: SloBreach | undefined } {
  const voted = { ...watch, feedback: takeVote(watch.feedback, vote, rules.qualityMargin) }
  return { watch: voted, breach: breachOf(voted, rules) }
}

/** The watch for a candidate that answers everything: what the incumbent did lately, with room for chance, is what it is compared with. */
export function watchWithoutControl(watch: WatchState, lately: ServedWindow, rules: SloRules): WatchState {
  const { incumbent } = watch.feedback
  const feedback: FeedbackWatch = {
    ...watch.feedback,
    waiting: [],
    reference: shareReference(incumbent.bad, incumbent.count, rules.qualityMargin),
  }
  return { ...watch, ...referenceOf(lately, rules), waiting: [], block: NO_SUMS, feedback }
}

function takeCanary(watch: WatchState, outcome: WatchedOutcome, rules: SloRules): WatchState {
  const againstLimit = outcome.isRefused === true ? watch.againstLimit : betOnLimits(watch.againstLimit, outcome, rules)
  return { ...watch, canary: addOutcome(watch.canary, outcome), againstLimit }
}

function takeControl(watch: WatchState, outcome: WatchedOutcome): WatchState {
  return { ...watch, control: addOutcome(watch.control, outcome) }
}

type Arrival = Pick<Observation, 'arm' | 'controlsPerCanary'> & { readonly point: Point }

/** Requests of the arm that has fewer wait; those of the other one make up the block. */
function put(watch: WatchState, { arm, point, controlsPerCanary }: Arrival): WatchState {
  const waits = controlsPerCanary < 1 ? 'incumbent' : 'candidate'
  // Where the arms change places, what waited and what was to be compared with it have no partner any more.
  const { waiting, block } = watch.waits === waits ? watch : { waiting: [], block: NO_SUMS }
  if (arm === waits) return { ...watch, waits, block, waiting: [...waiting, point].slice(-WAITING_MAX) }
  return { ...watch, waits, waiting, block: addPoint(block, point) }
}

/** At 20 requests, 40, 80, and so on. */
function isScaledAt(requests: number): boolean {
  if (requests < SCALE_FROM) return false
  let at = SCALE_FROM
  while (at < requests) at *= 2
  return at === requests
}

/** What was measured by the scale before is left out. */
function rescaled(watch: WatchState): WatchState {
  const { requests, costUsd, costed, latencyMs } = watch.control
  if (!isScaledAt(requests)) return watch
  const unscaled = { cost: 0, costed: 0, latency: 0, timed: 0 }
  return {
    ...watch,
    scale: scaleOf({ costUsd: costed === 0 ? 0 : costUsd / costed, latencyMs: latencyMs / requests }),
    block: { ...watch.block, ...unscaled },
    waiting: watch.waiting.map((point) => ({ ...point, cost: null, latency: null })),
  }
}

/** Compares the request that waits longest once there are enough of the other arm. When a block is complete depends on counts alone. */
function compareWaiting(watch: WatchState, controlsPerCanary: number, rules: SloRules): WatchState {
  const { block, waits } = watch
  const [point, ...waiting] = watch.waiting
  const needed = Math.round(Math.max(controlsPerCanary, 1 / controlsPerCanary))
  if (point === undefined || block.count < needed) return watch
  const one: Means = point
  const many: Means = {
    bad: block.bad / block.count,
    error: block.error / block.count,
    cost: block.costed === 0 ? null : block.cost / block.costed,
    latency: block.timed === 0 ? null : block.latency / block.timed,
  }
  const [canary, control] = waits === 'candidate' ? [one, many] : [many, one]
  return {
    ...watch,
    waiting,
    block: NO_SUMS,
    againstControl: betOnArms(watch.againstControl, { canary, control }, rules),
  }
}

/** Of one request, or of several. */
type Means = Point

type Arms = { readonly canary: Means; readonly control: Means }

function betOnArms(
  { quality, errors, cost, latency }: WatchState['againstControl'],
  { canary, control }: Arms,
  rules: SloRules,
): WatchState['againstControl'] {
  const more = (bet: Bet, difference: number, margin: number): Bet => betOn(bet, difference - margin, 1 + margin)
  const times = (bet: Bet, [of, base]: readonly [number | null, number | null], margin: number): Bet =>
    of === null || base === null ? bet : betOn(bet, of - (1 + margin) * base, 1 + margin)
  return {
    quality: more(quality, canary.bad - control.bad, rules.qualityMargin),
    errors: more(errors, canary.error - control.error, rules.errorMargin),
    cost: times(cost, [canary.cost, control.cost], rules.costMargin),
    latency: times(latency, [canary.latency, control.latency], rules.latencyMargin),
  }
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

/** A mean of values from 0 up is compared with a limit as shares of four times the limit; what is above counts as no more. */
function betOnLimits(
  bets: WatchState['againstLimit'],
  { isAccepted, isError, costUsd, latencyMs, predicted, isRescued = false }: WatchedOutcome,
  rules: SloRules,
): WatchState['againstLimit'] {
  const shareAbove = (bet: Bet, value: number, limit: number | null): Bet =>
    limit === null || limit <= 0 || limit >= 1 ? bet : betOn(bet, value - limit, limit)
  const meanAbove = (bet: Bet, value: number | null, limit: number | null): Bet => {
    if (limit === null || value === null) return bet
    return betOn(bet, Math.min(1, value / (LIMIT_TIMES * limit)) - 1 / LIMIT_TIMES, 1 / LIMIT_TIMES)
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
        : betOn(bets.drift, predicted - Number(isAccepted && !isRescued) - driftMargin, 1 + driftMargin),
  }
}
