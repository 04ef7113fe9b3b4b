import { CodedError } from '../base/errors.ts'
import { isLocalTier, type ModelEntry } from '../core/models/model-entry.ts'
import type { DecisionRecord, PlannedStep } from '../core/routing/decision-record.ts'
import { callRouteOf } from './call-rules.ts'
import { type CandidateQuery, exclusionOf } from './candidates.ts'

/**
 * Who stands in when all models of a plan have failed, by the name of the plan's last model or else by its route (`local`, `cheap`, `premium`). Names as the
 * registry knows them, in the order in which they are asked.
 */
export type FallbackRules = Readonly<Record<string, readonly string[]>>

/**
 * The decision with those behind its plan who are asked when it fails: whom the caller names, else whom the operator does. A model that the request may not have, or
 * that cannot be called now, is left out; a request that may not leave this machine has local ones only.
 *
 * Throws `ROUTER_MODEL_UNKNOWN` for a name of the caller's that is no model.
 */
export function withFallbacks(
  decision: DecisionRecord,
  query: CandidateQuery,
  rules: FallbackRules | undefined,
): DecisionRecord {
  const { catalog, controls, target } = query
  const asked = controls.fallbacks
  if (asked === undefined && rules === undefined) return decision
  const last = decision.plan.at(-1)
  if (last === undefined || last.tier === 'peer') return decision
  const names = asked ?? namesIn(rules ?? {}, catalog.registry.find(last.modelId))
  const taken = new Set(decision.plan.map(({ modelId }) => modelId))
  const fallbacks: PlannedStep[] = []
  for (const name of names) {
    const entry = catalog.registry.find(name)
    if (entry === undefined && asked !== undefined) throw unknown(query, name)
    if (entry === undefined || taken.has(entry.id) || !catalog.available.some(({ id }) => id === entry.id)) continue
    const isKept = target.kind === 'route' && target.route === 'local' && !isLocalTier(entry.tier)
    if (isKept || exclusionOf(entry, { ...query, target: { kind: 'auto' } }) !== undefined) continue
    taken.add(entry.id)
    fallbacks.push({ modelId: entry.id, tier: entry.tier, role: 'fallback' })
  }
  return fallbacks.length === 0 ? decision : { ...decision, fallbacks }
}

function namesIn(rules: FallbackRules, entry: ModelEntry | undefined): readonly string[] {
  if (entry === undefined) return []
  const { id, model, aliases } = entry
  const name = [id, model, ...aliases].find((each) => Object.hasOwn(rules, each)) ?? callRouteOf(entry)
  return name !== undefined && Object.hasOwn(rules, name) ? (rules[name] ?? []) : []
}

function unknown({ catalog }: CandidateQuery, name: string): CodedError {
  return new CodedError('ROUTER_MODEL_UNKNOWN', {
    message: catalog.explainAbsence(name),
    details: { param: 'x-kernell-fallbacks', model: name },
  })
}
