import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import { LABEL_ROUTES, type LabelRoute } from '../dataset/label-row.ts'
import type { Evidence } from './feedback-weight.ts'
import { SUCCESS_MIN, type JoinedTask } from './join-outcomes.ts'
import type { Label } from './label-of.ts'
import { isCheaper, LATENCY_WEIGHT, ROUTE_PRICES_USD, routeOfTier } from './label-route.ts'

/** A route is good enough from this share of right on; the verifier's own bound. */
export const QUALITY_MIN = 0.7

/** Reasons that call the plan that was served a success. No plan that failed has one. */
export const SUCCESS_REASONS = [
  'succeeded_at_local',
  'succeeded_at_cheap',
  'premium_warranted',
  'local_failed_cheap_succeeded',
  'local_failed_to_premium',
  'cheap_failed_to_premium',
] as const

/** Weight of evidence at which half of the doubt is gone: one verdict of the verifier leaves a tenth, about how often it errs. */
const HALF_DOUBT_WEIGHT = 0.1
/**
 * Chance that a cheaper route that nobody tried would not have done; set by judgement. A verified premium answer then has 0.66: enough for a policy that is taught it to
 * choose premium, which takes 0.55.
 */
const UNSEEN_FACTOR = 0.85
const FAILED_CONFIDENCE = 0.6

/**
 * The best route in hindsight: the one of least expected cost among those that are known to be good enough, from all outcomes that are known of
 * the task, counterfactual ones included. A route's expected cost is what its calls cost, and the chance of its failing times what premium costs.
 * Where no route is known to do, premium is (rule 5 comes first: a chain that failed is none that succeeded by its last tier).
 *
 * @returns `undefined` where nothing is known: an answer of this machine that nobody checked.
 */
export function labelCorrectly(event: TelemetryEvent, actual: LabelRoute, joined: JoinedTask): Label | undefined {
  const routes = routesOf(event, joined)
  const known = [...routes.values()]
  if (known.length === 0 || joined.whole === undefined) return undefined
  const good = known.filter(({ quality }) => quality.value >= QUALITY_MIN)
  if (good.length === 0) return failedLabel(event, routes)
  const premiumCost = routes.get('premium')?.costUsd ?? ROUTE_PRICES_USD.premium
  const expected = ({ costUsd, quality }: RouteEvidence): number => costUsd + (1 - quality.value) * premiumCost
  const best = good.reduce((least, other) => (expected(other) < expected(least) ? other : least))
  const isOwn = best.route === actual && joined.whole.value >= SUCCESS_MIN
  return {
    optimal: best.route,
    reason: isOwn ? ownReason(event, best.route) : counterfactualReason(best.route, actual),
    penalty: isOwn && !event.was_escalated ? 0 : excess(event, best),
    confidence: confidenceOf(best, routes),
  }
}

type RouteEvidence = {
  readonly route: LabelRoute
  readonly quality: Evidence
  /** Dollars: known costs, else what was expected, else the list price of the route. */
  readonly costUsd: number
  /** Seconds; `undefined` when unknown. */
  readonly latencyS: number | undefined
}

/** What is known of each route, cheapest first. */
function routesOf(event: TelemetryEvent, { outcomes }: JoinedTask): ReadonlyMap<LabelRoute, RouteEvidence> {
  const routes = new Map<LabelRoute, RouteEvidence>()
  for (const route of LABEL_ROUTES) {
    const ofRoute = outcomes.filter(({ tier, success }) => success !== undefined && routeOfTier(tier) === route)
    let weight = 0
    let right = 0
    for (const { success } of ofRoute) {
      weight += success?.weight ?? 0
      right += (success?.weight ?? 0) * (success?.value ?? 0)
    }
    if (weight === 0) continue
    const latencyMs = mean(ofRoute.map((outcome) => outcome.latencyMs))
    routes.set(route, {
      route,
      quality: { value: right / weight, weight },
      costUsd: mean(ofRoute.map((outcome) => outcome.costUsd)) ?? expectedCostOf(event, route),
      latencyS: latencyMs === undefined ? undefined : latencyMs / 1000,
    })
  }
  return routes
}

function expectedCostOf(event: TelemetryEvent, route: LabelRoute): number {
  const ofRoute = event.candidates.filter(({ tier }) => routeOfTier(tier) === route)
  return mean(ofRoute.map((candidate) => candidate.expected_cost_usd)) ?? ROUTE_PRICES_USD[route]
}

/** Of those that are known; `undefined` when none is. */
function mean(values: readonly (number | null)[]): number | undefined {
  let sum = 0
  let count = 0
  for (const value of values) {
    if (value === null) continue
    sum += value
    count += 1
  }
  return count === 0 ? undefined : sum / count
}

function failedLabel(event: TelemetryEvent, routes: ReadonlyMap<LabelRoute, RouteEvidence>): Label {
  // Where premium failed as well, nobody knows what would have done.
  const confidence = routes.has('premium') ? FAILED_CONFIDENCE * UNSEEN_FACTOR : FAILED_CONFIDENCE
  return { optimal: 'premium', reason: 'all_failed_needs_premium', penalty: event.cost_usd ?? 0, confidence }
}

type SuccessReason = (typeof SUCCESS_REASONS)[number]

function ownReason(event: TelemetryEvent, route: LabelRoute): SuccessReason {
  const first = event.was_escalated ? routeOfTier(event.escalation_chain[0] ?? '') : undefined
  if (route === 'local') return 'succeeded_at_local'
  if (route === 'cheap') return first === 'local' ? 'local_failed_cheap_succeeded' : 'succeeded_at_cheap'
  if (first === 'local') return 'local_failed_to_premium'
  return first === 'cheap' ? 'cheap_failed_to_premium' : 'premium_warranted'
}

function counterfactualReason(route: LabelRoute, actual: LabelRoute): string {
  if (route === actual) return 'other_model_succeeded'
  return isCheaper(route, actual) ? 'cheaper_route_succeeded' : 'dearer_route_succeeded'
}

/** What the plan cost beyond the best route: dollars, and seconds by weight. */
function excess(event: TelemetryEvent, best: RouteEvidence): number {
  const dollars = Math.max(0, (event.cost_usd ?? best.costUsd) - best.costUsd)
  const seconds = Math.max(0, event.latency_ms / 1000 - (best.latencyS ?? 0))
  return dollars + LATENCY_WEIGHT * seconds
}

/** That the route does, and that none of the cheaper ones would have: of those, what was seen counts, and what was not is a guess. */
function confidenceOf(best: RouteEvidence, routes: ReadonlyMap<LabelRoute, RouteEvidence>): number {
  let confidence = certainty(best.quality.value, best.quality.weight)
  for (const route of LABEL_ROUTES) {
    if (!isCheaper(route, best.route)) break
    const quality = routes.get(route)?.quality
    confidence *= quality === undefined ? UNSEEN_FACTOR : certainty(1 - quality.value, quality.weight)
  }
  return confidence
}

function certainty(share: number, weight: number): number {
  return (share * weight) / (weight + HALF_DOUBT_WEIGHT)
}
