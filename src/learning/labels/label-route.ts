import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import { LABEL_ROUTES, type ErrorType, type LabelRoute } from '../dataset/label-row.ts'

/** Dollars of a task on a route, where nothing better is known: the contract's figures, which only order routes. */
export const ROUTE_PRICES_USD: Readonly<Record<LabelRoute, number>> = { local: 0, cheap: 0.005, premium: 0.1 }

/** Penalty of a second's waiting, in dollars. */
export const LATENCY_WEIGHT = 0.1

/**
 * Route of a tier, or of a route's own name: `local_*` are local. `undefined` for everything else: cache, exact tools and peers are no routes
 * that a policy can be taught, and `none` means that nothing was called.
 */
export function routeOfTier(tier: string): LabelRoute | undefined {
  if (tier === 'local' || tier.startsWith('local_')) return 'local'
  if (tier === 'cheap' || tier === 'cheap_api') return 'cheap'
  return tier === 'premium' || tier === 'premium_api' ? 'premium' : undefined
}

/** What the policy said; where it said nothing, the tier that it planned for. */
export function predictedRouteOf(event: TelemetryEvent): LabelRoute | 'hybrid' | null {
  if (event.policy_route_predicted !== null) return event.policy_route_predicted
  return event.predicted_tier === null ? null : (routeOfTier(event.predicted_tier) ?? null)
}

export type RoutesOfError = {
  readonly predicted: LabelRoute | 'hybrid' | null
  readonly actual: LabelRoute
  readonly optimal: LabelRoute
  readonly wasEscalated: boolean
}

/** What the policy got wrong; the first that applies. */
export function errorTypeOf({ predicted, actual, optimal, wasEscalated }: RoutesOfError): ErrorType {
  if (wasEscalated || (predicted === 'local' && optimal === 'premium')) return 'underestimation'
  if (predicted === 'premium' && isCheaper(optimal, 'premium')) return 'overestimation'
  return actual === optimal ? 'none' : 'misroute'
}

export function isCheaper(route: LabelRoute, other: LabelRoute): boolean {
  return LABEL_ROUTES.indexOf(route) < LABEL_ROUTES.indexOf(other)
}
