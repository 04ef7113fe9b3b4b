import { sinkRuleOf, knownLabel, type SinkRule } from './firewall-policy.ts'
import { labelFlows, labelHandedOver, type FlowInit, type FlowLabels } from './flow-labels.ts'
import type { IntentPlan, IntentStep, PlanSink } from './intent-plan.ts'
import { isMoreSecret, type TaintLabel } from './taint-label.ts'

/** Which rule a plan breaks; each is an error code of its own. */
export type FirewallRule =
  | 'FIREWALL_PLAN_INVALID'
  | 'FIREWALL_DATA_UNDECLARED'
  | 'FIREWALL_SOURCE_FORGED'
  | 'FIREWALL_SINK_UNDECLARED'
  | 'FIREWALL_NOT_CLEARED'
  | 'FIREWALL_EXFILTRATION'
  | 'FIREWALL_UNTRUSTED_EXECUTION'

/** One reason against a plan. `isApprovable`: an approval that declassifies the step's result lifts it. */
export type FirewallRefusal = {
  readonly code: FirewallRule
  /** The step or source that it is about. */
  readonly at: string
  /** One sentence for people; names places and labels, never contents. */
  readonly why: string
  readonly isApprovable: boolean
}

/** Steps, sources and sinks that one plan has at most, each. */
export const PLAN_ITEMS_MAX = 256

/**
 * What `reviewPlan` says of a whole plan. `refusals` is empty exactly where the plan is allowed; a plan that is malformed is judged no further, and `labels` is
 * empty then.
 */
export type FirewallReview = {
  readonly isAllowed: boolean
  readonly refusals: readonly FirewallRefusal[]
  /** Where nothing is undeclared: what flows where, by id. */
  readonly labels: FlowLabels
}

/** Judges a whole plan before any of it is done. Total: every plan gets a review, and one that is not understood is not allowed. */
export function reviewPlan(plan: IntentPlan, init: FlowInit): FirewallReview {
  const malformed = [...invalidParts(plan), ...undeclared(plan)]
  if (malformed.length > 0) return { isAllowed: false, refusals: malformed, labels: new Map() }
  const labels = labelFlows(plan, init)
  const refusals = [
    ...forgedSources(plan, init),
    ...plan.steps.flatMap((step) =>
      refusedFlows(plan, step, { ...init, label: labelHandedOver(plan, step, { ...init, labels }) }),
    ),
  ]
  return { isAllowed: refusals.length === 0, refusals, labels }
}

function invalidParts({ sources, sinks, steps, writtenAfter }: IntentPlan): readonly FirewallRefusal[] {
  const refuse = (at: string, why: string): FirewallRefusal => ({
    code: 'FIREWALL_PLAN_INVALID',
    at,
    why,
    isApprovable: false,
  })
  if (Math.max(sources.length, sinks.length, steps.length, writtenAfter.length) > PLAN_ITEMS_MAX)
    return [refuse('plan', `A plan has at most ${PLAN_ITEMS_MAX} sources, sinks and steps.`)]
  const seen = new Set<string>()
  return [...sources, ...sinks, ...steps].flatMap(({ id }) => {
    if (seen.has(id)) return [refuse(id, `The id ${JSON.stringify(id)} occurs twice.`)]
    seen.add(id)
    return []
  })
}

function undeclared(plan: IntentPlan): readonly FirewallRefusal[] {
  const readable = new Set([...plan.sources, ...plan.steps].map(({ id }) => id))
  const sinks = new Set(plan.sinks.map(({ id }) => id))
  const refusals: FirewallRefusal[] = []
  const refuse = (at: string, id: string): void => {
    const why = `${JSON.stringify(at)} refers to ${JSON.stringify(id)}, which the plan does not declare.`
    refusals.push({ code: 'FIREWALL_DATA_UNDECLARED', at, why, isApprovable: false })
  }
  for (const id of plan.writtenAfter) if (!readable.has(id)) refuse('plan', id)
  for (const step of plan.steps) {
    for (const id of step.uses) if (!readable.has(id)) refuse(step.id, id)
    if (step.sink !== undefined && !sinks.has(step.sink)) refuse(step.id, step.sink)
  }
  return refusals
}

/** A plan may say worse of a source than is known, never better. */
function forgedSources({ sources }: IntentPlan, { policy }: FlowInit): readonly FirewallRefusal[] {
  return sources.flatMap((source): readonly FirewallRefusal[] => {
    const known = knownLabel(policy, source)
    const isForged =
      isMoreSecret(known.confidentiality, source.confidentiality) ||
      (known.integrity === 'untrusted' && source.integrity === 'trusted')
    if (!isForged) return []
    const why = `${source.kind} ${source.locator} is declared ${source.confidentiality} and ${source.integrity}; it is ${known.confidentiality} and ${known.integrity}.`
    return [{ code: 'FIREWALL_SOURCE_FORGED', at: source.id, why, isApprovable: false }]
  })
}

function refusedFlows(
  plan: IntentPlan,
  step: IntentStep,
  { policy, label }: FlowInit & { readonly label: TaintLabel },
): readonly FirewallRefusal[] {
  const sink = plan.sinks.find(({ id }) => id === step.sink)
  if (sink === undefined) return []
  const rule = sinkRuleOf(policy, sink)
  const refused = rule === undefined ? 'FIREWALL_SINK_UNDECLARED' : brokenRule(sink, rule, label)
  if (refused === undefined) return []
  const why = `${label.confidentiality}, ${label.integrity} data of ${namesOf(label)} would go to ${sink.kind} ${sink.locator}${
    rule === undefined ? ', which the policy does not know' : `, cleared for ${rule.clearance}`
  }.`
  return [{ code: refused, at: step.id, why, isApprovable: rule !== undefined }]
}

/**
 * Whoever can write what a model reads can steer what it does: so what was read from outside must not be executed, and must not have a say in what
 * private data leaves, wherever they leave to.
 */
function brokenRule({ kind }: PlanSink, rule: SinkRule, label: TaintLabel): FirewallRule | undefined {
  const isUntrusted = label.integrity === 'untrusted'
  if (kind === 'execute' && isUntrusted) return 'FIREWALL_UNTRUSTED_EXECUTION'
  if (rule.isExternal && isUntrusted && label.confidentiality === 'private') return 'FIREWALL_EXFILTRATION'
  return isMoreSecret(label.confidentiality, rule.clearance) ? 'FIREWALL_NOT_CLEARED' : undefined
}

function namesOf({ origins }: TaintLabel): string {
  if (origins.length === 0) return 'the plan itself'
  const shown = origins.slice(0, 3).join(', ')
  return origins.length > 3 ? `${shown} and ${origins.length - 3} more` : shown
}
