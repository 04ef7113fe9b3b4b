import { knownLabel, type FirewallPolicy } from './firewall-policy.ts'
import type { IntentPlan, IntentStep, PlanSource } from './intent-plan.ts'
import { labelAt, type TaintRegister } from './taint-register.ts'
import { CLEAN_LABEL, joinLabels, type TaintLabel } from './taint-label.ts'

/** A label that somebody with the right to do so has allowed for a step's result, in place of the one it has. */
export type Declassification = {
  readonly stepId: string
  readonly confidentiality: TaintLabel['confidentiality']
  readonly integrity: TaintLabel['integrity']
}

/** What flows through a plan: a label for each source and step, by id. */
export type FlowLabels = ReadonlyMap<string, TaintLabel>

export type FlowInit = {
  readonly policy: FirewallPolicy
  readonly register: TaintRegister
  /** Of an approval that was checked. */
  readonly declassified: readonly Declassification[]
}

/**
 * The least labels under which every flow of the plan holds: what a step uses flows into it, what it stores flows out of every source of that place, and
 * what the plan was written after flows into all. Labels only rise, and there are finitely many, so the order of steps cannot matter.
 */
export function labelFlows(plan: IntentPlan, { policy, register, declassified }: FlowInit): FlowLabels {
  const allowed = new Map(declassified.map((item) => [item.stepId, item]))
  const labels = new Map<string, TaintLabel>()
  for (const source of plan.sources) {
    const { id, locator, confidentiality, integrity } = source
    const declared = { confidentiality, integrity, origins: [locator] }
    labels.set(id, joinLabels(joinLabels(declared, knownLabel(policy, source)), labelAt(register, locator)))
  }
  const places = new Map(plan.sinks.map(({ id, locator }) => [id, locator]))
  const answers = labelsOfAnswers(plan, policy)
  for (let isRising = true; isRising;) {
    isRising = false
    const context = joinOf(plan.writtenAfter, labels)
    for (const step of plan.steps) {
      const given = joinLabels(joinOf(step.uses, labels), context)
      const label = declassify(joinLabels(given, answers.get(step.sink) ?? CLEAN_LABEL), allowed.get(step.id))
      isRising = raise(labels, step.id, label) || isRising
      isRising = flowBack(plan.sources, { step, places, labels }) || isRising
    }
  }
  return labels
}

/** What comes back from a tool is its word, and no longer that of whoever called it. */
function labelsOfAnswers({ sinks }: IntentPlan, policy: FirewallPolicy): ReadonlyMap<string | undefined, TaintLabel> {
  const tools = sinks.filter(({ kind }) => kind === 'tool')
  return new Map(tools.map(({ id, locator }) => [id, knownLabel(policy, { kind: 'tool', locator })]))
}

/**
 * What a step hands over where it goes. Of a tool that is less than what comes of the step: what the tool answers has not been there when it was
 * called.
 */
export function labelHandedOver(plan: IntentPlan, step: IntentStep, { labels, declassified }: HandedOver): TaintLabel {
  const given = joinLabels(joinOf(step.uses, labels), joinOf(plan.writtenAfter, labels))
  return declassify(
    given,
    declassified.find(({ stepId }) => stepId === step.id),
  )
}

type HandedOver = { readonly labels: FlowLabels; readonly declassified: readonly Declassification[] }

/** What a step stores is what a source of the same place reads. */
function flowBack(
  sources: readonly PlanSource[],
  {
    step,
    places,
    labels,
  }: {
    readonly step: IntentStep
    readonly places: ReadonlyMap<string, string>
    readonly labels: Map<string, TaintLabel>
  },
): boolean {
  const place = step.sink === undefined ? undefined : places.get(step.sink)
  if (place === undefined) return false
  let isRising = false
  for (const { id, locator } of sources)
    if (locator === place) isRising = raise(labels, id, labels.get(step.id) ?? CLEAN_LABEL) || isRising
  return isRising
}

/** Whether the label of `id` rose. */
function raise(labels: Map<string, TaintLabel>, id: string, label: TaintLabel): boolean {
  const before = labels.get(id)
  const after = before === undefined ? label : joinLabels(before, label)
  labels.set(id, after)
  return (
    before === undefined ||
    before.confidentiality !== after.confidentiality ||
    before.integrity !== after.integrity ||
    before.origins.join('\n') !== after.origins.join('\n')
  )
}

function joinOf(ids: readonly string[], labels: ReadonlyMap<string, TaintLabel>): TaintLabel {
  let label = CLEAN_LABEL
  for (const id of ids) label = joinLabels(label, labels.get(id) ?? CLEAN_LABEL)
  return label
}

/** An approval changes what a value counts as, never where it came from. */
function declassify(label: TaintLabel, allowed: Declassification | undefined): TaintLabel {
  if (allowed === undefined) return label
  return { ...label, confidentiality: allowed.confidentiality, integrity: allowed.integrity }
}
