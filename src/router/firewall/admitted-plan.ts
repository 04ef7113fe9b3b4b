import type { IntentPlan, IntentStep, PlanSink } from '../../core/firewall/intent-plan.ts'
import type { FirewallRefusal, FirewallReview, FirewallRule } from '../../core/firewall/review-plan.ts'
import { CLEAN_LABEL, unknownLabel, type TaintLabel } from '../../core/firewall/taint-label.ts'
import { refusedPlan } from './refused-plan.ts'

/** What is about to be done for a step, as whoever does it sees it. */
export type StepAct = {
  readonly action: string
  /** Ids of what it is really made of. */
  readonly uses: readonly string[]
  /** Where it really goes. */
  readonly sink?: Pick<PlanSink, 'kind' | 'locator'>
}

export type AdmittedPlanInit = {
  /** A copy that nobody else can change. */
  readonly plan: IntentPlan
  readonly planHash: string
  /** Judges the copy anew, by what is known now and by the approval that it was admitted with. */
  readonly review: () => FirewallReview
}

/**
 * A plan that was let through, while it is carried out. Before each step whoever does it says what it is about to do: that has to be what was admitted, and what is known by
 * then of the places that are read still has to allow it.
 */
export class AdmittedPlan {
  readonly planHash: string
  /** As it was admitted: a copy that whoever asked cannot change any more. */
  readonly plan: IntentPlan
  readonly #review: () => FirewallReview

  constructor({ plan, planHash, review }: AdmittedPlanInit) {
    this.planHash = planHash
    this.plan = plan
    this.#review = review
  }

  /** The label of what the step makes. Throws the codes of `IntentFirewall.admit` where the act is not the step, or the plan would be refused by now. */
  enter(stepId: string, act: StepAct): TaintLabel {
    const step = this.plan.steps.find(({ id }) => id === stepId)
    const altered = step === undefined ? refusal('FIREWALL_DATA_UNDECLARED', stepId) : this.#alteration(step, act)
    if (altered !== undefined) throw refusedPlan([altered])
    const { isAllowed, refusals, labels } = this.#review()
    if (!isAllowed) throw refusedPlan(refusals)
    return labels.get(stepId) ?? CLEAN_LABEL
  }

  /** What is known by now of what a source reads or a step makes. */
  labelOf(id: string): TaintLabel {
    return this.#review().labels.get(id) ?? unknownLabel(id)
  }

  #alteration(step: IntentStep, act: StepAct): FirewallRefusal | undefined {
    if (act.action !== step.action || act.uses.some((id) => !step.uses.includes(id)))
      return refusal('FIREWALL_DATA_UNDECLARED', step.id)
    const declared = this.plan.sinks.find(({ id }) => id === step.sink)
    const isSame = declared?.kind === act.sink?.kind && declared?.locator === act.sink?.locator
    return isSame ? undefined : refusal('FIREWALL_SINK_UNDECLARED', step.id)
  }
}

function refusal(code: FirewallRule, at: string): FirewallRefusal {
  const why = `What would be done for step ${JSON.stringify(at)} is not what the admitted plan says of it.`
  return { code, at, why, isApprovable: false }
}
