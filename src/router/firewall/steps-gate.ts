import { MODELS_LOCAL, MODELS_REMOTE } from '../../core/firewall/firewall-policy.ts'
import type { IntentPlan, SourceKind } from '../../core/firewall/intent-plan.ts'
import { actOfStep, planOfSteps, type AskedStep } from '../../core/firewall/plan-of-steps.ts'
import { readFences } from '../../core/text/read-fences.ts'
import type { ChatMessage } from '../../ports/language-model.ts'
import type { AdmittedPlan } from './admitted-plan.ts'
import type { IntentFirewall } from './intent-firewall.ts'

/** The part of a firewall that plans of questions to models pass. */
export type PlanGate = Pick<IntentFirewall, 'known'> & {
  /** As `IntentFirewall.begin`. */
  begin(plan: IntentPlan, token?: string): Promise<EnteredPlan>
}

export type EnteredPlan = Pick<AdmittedPlan, 'enter'>

export type OpenPlanGate = () => Promise<PlanGate>

/** What was read for a plan: a place, and what kind of place it is. */
export type PlanPlace = { readonly kind: SourceKind; readonly locator: string }

/** A split task as a firewall judges it: one plan whose steps are questions to models, with all that they were made of. */
export type StepsGateInit<Step extends AskedStep> = {
  /** Who split the task, for people and the record. */
  readonly proposedBy: string
  /** What the steps were made of. */
  readonly read: readonly PlanPlace[]
  readonly steps: readonly Step[]
  /** Whether models of other machines may be asked the step. */
  readonly isRemote: (step: Step) => boolean
  /** Place of the memory in which it is kept what came of the plan. Absent: nowhere. */
  readonly kept?: string
}

/** Steps that are questions to models: admitted together by the firewall, and each entered before a model is asked. */
export class StepsGate<Step extends AskedStep> {
  readonly #admitted: EnteredPlan
  readonly #modelsOf: (step: Step) => string

  private constructor(admitted: EnteredPlan, modelsOf: (step: Step) => string) {
    this.#admitted = admitted
    this.#modelsOf = modelsOf
  }

  /** Throws the codes of `IntentFirewall.admit`. */
  static async open<Step extends AskedStep>(firewall: PlanGate, init: StepsGateInit<Step>): Promise<StepsGate<Step>> {
    const { proposedBy, steps, isRemote, kept } = init
    const modelsOf = (step: Step): string => (isRemote(step) ? MODELS_REMOTE : MODELS_LOCAL)
    const read = init.read.map((place) => ({ ...place, label: firewall.known(place) }))
    const plan = planOfSteps({ proposedBy, read, steps, modelsOf, ...(kept !== undefined && { kept }) })
    return new StepsGate(await firewall.begin(plan), modelsOf)
  }

  /** Before each attempt. Throws as `AdmittedPlan.enter`. */
  enter(step: Step): void {
    const { id, ...act } = actOfStep(step)
    this.#admitted.enter(id, { ...act, sink: { kind: 'model', locator: this.#modelsOf(step) } })
  }
}

/** The task itself, and the documents in it, which are not its sender's. */
export function placesOfTask(messages: readonly ChatMessage[], sender: 'user' | 'peer'): readonly PlanPlace[] {
  const hasDocuments = messages.some(
    ({ content }) => typeof content === 'string' && readFences(content).sections.length > 0,
  )
  return [
    { kind: sender, locator: 'request' },
    ...(hasDocuments ? [{ kind: 'document' as const, locator: 'request/documents' }] : []),
  ]
}
