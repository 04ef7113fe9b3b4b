import { CodedError } from '../base/errors.ts'
import { missingCapabilities, type MissingCapability } from '../core/models/capability-filter.ts'
import { type CandidateTier, isLocalTier, type ModelEntry } from '../core/models/model-entry.ts'
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

/** Why a model is out, from what nobody can change in this request to what is a matter of price. */
type Exclusion =
  | { readonly kind: 'forbidden' | 'off-route' | 'unpriced'; readonly because: string }
  | { readonly kind: 'incapable'; readonly because: string; readonly missing: readonly MissingCapability[] }

type Excluded = { readonly entry: ModelEntry; readonly exclusion: Exclusion }

/**
 * Removes the models that the request, its controls or its target rule out, before anything is scored.
 *
 * Throws when no model is left that may begin: `ROUTER_MODEL_UNKNOWN`, `ROUTER_NO_MODEL` when none is configured, `ROUTER_NOT_ALLOWED` when the
 * controls exclude all that are, `ROUTER_NO_CAPABLE_MODEL` (naming what is missing) or `ROUTER_PRICE_UNKNOWN`.
 */
export function selectCandidates(query: CandidateQuery): CandidateSet {
  const { catalog, target } = query
  const pool = target.kind === 'model' ? [namedModel(catalog, target.modelId)] : catalog.available
  if (pool.length === 0) throw new CodedError('ROUTER_NO_MODEL', { message: catalog.explainAbsence() })
  const candidates: ModelEntry[] = []
  const excluded: Excluded[] = []
  for (const entry of pool) {
    const exclusion = exclusionOf(entry, query)
    if (exclusion === undefined) candidates.push(entry)
    else excluded.push({ entry, exclusion })
  }
  // Escalation may leave the tier that was asked for; the first call may not.
  if (!candidates.some(({ tier }) => mayBegin(tier, target))) throw noneLeft(query, excluded)
  return {
    candidates,
    excluded: excluded.map(({ entry, exclusion }) => ({ entry, because: exclusion.because })),
  }
}

/** Why a model may not answer; `undefined` when it may. */
export function exclusionOf(entry: ModelEntry, query: CandidateQuery): Exclusion | undefined {
  const { controls, target, facts } = query
  const forbidden = forbiddenBecause(entry, controls)
  if (forbidden !== undefined) return { kind: 'forbidden', because: forbidden }
  if (target.kind === 'route' && !isWithinRoute(entry.tier, target.route))
    return { kind: 'off-route', because: `the route is ${target.route}` }
  const missing = missingCapabilities(entry, facts.needs)
  if (missing.length > 0) return { kind: 'incapable', because: `lacks ${missing.join(', ')}`, missing }
  if (query.isBounded && priceOnDate(entry, query.today) === undefined)
    return { kind: 'unpriced', because: 'its price is unknown and the task has a budget' }
  return undefined
}

function namedModel(catalog: ModelCatalog, modelId: string): ModelEntry {
  const entry = catalog.registry.find(modelId)
  if (entry !== undefined && catalog.available.some(({ id }) => id === entry.id)) return entry
  throw new CodedError('ROUTER_MODEL_UNKNOWN', {
    message: catalog.explainAbsence(modelId),
    details: { model: modelId },
  })
}

/** Whether the caller says who may see the task: then it is shown to nobody else, not even to embed it or to ask for advice. */
export function isConfined({
  controls: { isLocalOnly, providers, models, tiers },
  target,
}: Pick<CandidateQuery, 'controls' | 'target'>): boolean {
  if (isLocalOnly === true || providers !== undefined || models !== undefined) return true
  if (target.kind === 'route' && target.route === 'local') return true
  return tiers !== undefined && !tiers.includes('cheap_api') && !tiers.includes('premium_api')
}

/** Why the request's controls forbid a model, for people; `undefined` when they do not. */
export function forbiddenBecause(entry: ModelEntry, controls: RouteControls): string | undefined {
  if (controls.isLocalOnly === true && !isLocalTier(entry.tier)) return 'the request may not leave this machine'
  if (controls.tiers !== undefined && !controls.tiers.includes(entry.tier))
    return `the request does not allow the tier ${entry.tier}`
  if (controls.providers !== undefined && !controls.providers.includes(entry.provider))
    return `the request does not allow the provider ${entry.provider}`
  if (controls.models !== undefined && !controls.models.includes(entry.id))
    return `the request does not allow the model ${entry.id}`
  return undefined
}

/**
 * A fixed route starts in its tier; escalation may climb, never descend. Premium has nothing above it, so premium means premium alone; local
 * means this machine, so a request that was kept here does not leave because a local model fails.
 */
function isWithinRoute(tier: CandidateTier, route: 'local' | 'cheap' | 'premium'): boolean {
  if (route === 'local') return isLocalTier(tier)
  return tier === 'premium_api' || (route === 'cheap' && tier === 'cheap_api')
}

function mayBegin(tier: CandidateTier, target: RouteTarget): boolean {
  if (target.kind !== 'route') return true
  if (target.route === 'local') return isLocalTier(tier)
  return tier === (target.route === 'cheap' ? 'cheap_api' : 'premium_api')
}

/** Says why none of the models that could have begun may: a stronger one that could only have followed is no answer to that. */
function noneLeft({ catalog, target }: CandidateQuery, excluded: readonly Excluded[]): CodedError {
  const details = { excluded: excluded.map(({ entry, exclusion }) => `${entry.id}: ${exclusion.because}`) }
  const beginners = excluded.filter(({ entry }) => mayBegin(entry.tier, target))
  const where = target.kind === 'route' ? ` of the route ${target.route}` : ''
  if (beginners.length === 0) {
    const message = `No model is configured for the route ${target.kind === 'route' ? target.route : ''}. ${catalog.explainAbsence()}`
    return new CodedError('ROUTER_NO_MODEL', { message, details })
  }
  const missing = new Set(
    beginners.flatMap(({ exclusion }) => (exclusion.kind === 'incapable' ? exclusion.missing : [])),
  )
  if (missing.size > 0) {
    const names = [...missing]
    return new CodedError('ROUTER_NO_CAPABLE_MODEL', {
      message: `No configured model${where} has what the request needs: ${names.join(', ')}`,
      details: { missing: names, ...details },
    })
  }
  if (beginners.some(({ exclusion }) => exclusion.kind === 'unpriced')) {
    const message = `Every model${where} that could answer has an unknown price`
    return new CodedError('ROUTER_PRICE_UNKNOWN', { message, details })
  }
  const [first] = beginners
  return new CodedError('ROUTER_NOT_ALLOWED', {
    message: `No configured model${where} may be used, for example ${first?.entry.id ?? ''}: ${first?.exclusion.because ?? ''}`,
    details,
  })
}
