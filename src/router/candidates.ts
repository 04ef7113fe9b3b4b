import { CodedError } from '../base/errors.ts'
import { missingCapabilities, type MissingCapability } from '../core/models/capability-filter.ts'
import { isLocalTier, type ModelEntry, type ModelTier } from '../core/models/model-entry.ts'
import { priceOnDate } from '../core/models/model-cost.ts'
import type { CivilDate } from '../core/models/civil-date.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { RouteControls, RouteTarget } from '../ports/router.ts'
import type { RequestFacts } from './request-facts.ts'

/** Models that may answer, and those that may not with the reason. */
export type CandidateSet = {
  readonly candidates: readonly ModelEntry[]
  readonly excluded: readonly { readonly entry: ModelEntry; readonly because: string }[]
}

export type CandidateQuery = {
  readonly catalog: ModelCatalog
  readonly target: RouteTarget
  readonly controls: RouteControls
  readonly facts: RequestFacts
  /** True when a budget or a cap bounds the task: models of unknown price are refused then. */
  readonly isBounded: boolean
  readonly today: CivilDate
}

/**
 * Removes the models that the request, its controls or its target rule out, before anything is scored.
 *
 * Throws `ROUTER_MODEL_UNKNOWN`, `ROUTER_NO_MODEL`, `ROUTER_NO_CAPABLE_MODEL` (naming what is missing) or `ROUTER_PRICE_UNKNOWN` when nothing is left.
 */
export function selectCandidates(query: CandidateQuery): CandidateSet {
  const { catalog, target } = query
  const pool = target.kind === 'model' ? [namedModel(catalog, target.modelId)] : catalog.available
  if (pool.length === 0) throw new CodedError('ROUTER_NO_MODEL', { message: catalog.explainAbsence() })
  const candidates: ModelEntry[] = []
  const excluded: { readonly entry: ModelEntry; readonly because: string }[] = []
  const missing = new Set<MissingCapability>()
  let isPriceTheReason = false
  for (const entry of pool) {
    const control = excludedByRequest(entry, query)
    if (control !== undefined) {
      excluded.push({ entry, because: control })
      continue
    }
    const lacking = missingCapabilities(entry, query.facts.needs)
    if (lacking.length > 0) {
      for (const name of lacking) missing.add(name)
      excluded.push({ entry, because: `lacks ${lacking.join(', ')}` })
      continue
    }
    if (query.isBounded && priceOnDate(entry, query.today) === undefined) {
      isPriceTheReason = true
      excluded.push({ entry, because: 'its price is unknown and the task has a budget' })
      continue
    }
    candidates.push(entry)
  }
  if (candidates.length === 0) throw noneLeft({ query, missing, isPriceTheReason, excluded })
  if (target.kind === 'route' && !candidates.some(({ tier }) => startsRoute(tier, target.route))) {
    // Escalation may leave the tier that was asked for; the first call may not.
    throw new CodedError('ROUTER_NO_MODEL', { message: `${noModelOfRoute(target.route)}. ${catalog.explainAbsence()}` })
  }
  return { candidates, excluded }
}

function namedModel(catalog: ModelCatalog, modelId: string): ModelEntry {
  const entry = catalog.registry.find(modelId)
  if (entry !== undefined && catalog.available.some(({ id }) => id === entry.id)) return entry
  throw new CodedError('ROUTER_MODEL_UNKNOWN', {
    message: catalog.explainAbsence(modelId),
    details: { model: modelId },
  })
}

/** Why the request's controls forbid a model, for people; `undefined` when they do not. */
export function forbiddenBecause(entry: ModelEntry, controls: RouteControls): string | undefined {
  if (controls.isLocalOnly === true && !isLocalTier(entry.tier)) return 'the request may not leave this machine'
  if (controls.tiers !== undefined && !controls.tiers.includes(entry.tier))
    return `the request does not allow the tier ${entry.tier}`
  if (controls.providers !== undefined && !controls.providers.includes(entry.provider))
    return `the request does not allow the provider ${entry.provider}`
  return undefined
}

function excludedByRequest(entry: ModelEntry, { controls, target }: CandidateQuery): string | undefined {
  const forbidden = forbiddenBecause(entry, controls)
  if (forbidden !== undefined) return forbidden
  if (target.kind === 'route' && !isWithinRoute(entry.tier, target.route)) return `the route is ${target.route}`
  return undefined
}

/** A fixed route starts in its tier; escalation may climb, never descend. Premium has nothing above it, so premium means premium alone. */
function isWithinRoute(tier: ModelTier, route: 'local' | 'cheap' | 'premium'): boolean {
  if (route === 'local') return true
  return route === 'cheap' ? !isLocalTier(tier) : tier === 'premium_api'
}

function startsRoute(tier: ModelTier, route: 'local' | 'cheap' | 'premium'): boolean {
  if (route === 'local') return isLocalTier(tier)
  return tier === (route === 'cheap' ? 'cheap_api' : 'premium_api')
}

type NoneLeft = {
  readonly query: CandidateQuery
  readonly missing: ReadonlySet<MissingCapability>
  readonly isPriceTheReason: boolean
  readonly excluded: CandidateSet['excluded']
}

function noneLeft({ query, missing, isPriceTheReason, excluded }: NoneLeft): CodedError {
  const reasons = excluded.map(({ entry, because }) => `${entry.id} ${because}`)
  const details = { excluded: reasons }
  if (missing.size > 0) {
    const names = [...missing]
    return new CodedError('ROUTER_NO_CAPABLE_MODEL', {
      message: `No configured model has what the request needs: ${names.join(', ')}`,
      details: { missing: names, ...details },
    })
  }
  if (isPriceTheReason)
    return new CodedError('ROUTER_PRICE_UNKNOWN', {
      message: 'Every model that could answer has an unknown price',
      details,
    })
  const message =
    query.target.kind === 'route' ? noModelOfRoute(query.target.route) : 'No configured model is allowed by the request'
  return new CodedError('ROUTER_NO_MODEL', { message: `${message}. ${query.catalog.explainAbsence()}`, details })
}

function noModelOfRoute(route: string): string {
  return `No model is configured for the route ${route}`
}
