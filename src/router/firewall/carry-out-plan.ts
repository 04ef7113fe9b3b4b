import type { IntentPlan, IntentStep } from '../../core/firewall/intent-plan.ts'
import type { TaintLabel } from '../../core/firewall/taint-label.ts'
import { orderByDependencies } from '../../core/planning/order-by-dependencies.ts'
import type { AdmittedPlan } from './admitted-plan.ts'
import type { IntentFirewall } from './intent-firewall.ts'
import type { PlanHands, PlanText } from './plan-hands.ts'
import { refusedPlan } from './refused-plan.ts'

/** A plan that `carryOutPlan` is to do, an approval where it needs one, and what ends it before its next step. */
export type PlanWork = {
  readonly plan: IntentPlan
  /** Of the firewall, for exactly this plan. */
  readonly approval?: string | undefined
  readonly signal: AbortSignal
}

/** One step that was done. */
export type PlanStepDone = { readonly id: string; readonly label: TaintLabel; readonly characters: number }

/** What a plan came to: its output, and every step that was done. */
export type PlanOutcome = {
  readonly planHash: string
  /** What went to the sinks of kind `reply`, in the order of the steps. */
  readonly output: string
  readonly steps: readonly PlanStepDone[]
}

/** Characters of one value of a plan: each is held in memory until the plan ends. */
export const PLAN_TEXT_MAX = 1_048_576

/**
 * Does what a plan says, step by step, each after those that it uses: nothing before the whole is admitted, and no step before it is entered. Sources are read when a step
 * first uses them.
 *
 * Throws the codes of `IntentFirewall.admit` and `AdmittedPlan.enter`, what the hands throw, and the signal's reason.
 */
export async function carryOutPlan(
  firewall: Pick<IntentFirewall, 'begin'>,
  hands: PlanHands,
  { plan, approval, signal }: PlanWork,
): Promise<PlanOutcome> {
  const admitted = await firewall.begin(plan, approval)
  const execution = new PlanExecution({ admitted, hands, signal })
  for (const step of inOrder(admitted.plan)) await execution.perform(step)
  return execution.outcome()
}

type CarriedOutBy = { readonly admitted: AdmittedPlan; readonly hands: PlanHands; readonly signal: AbortSignal }

class PlanExecution {
  readonly #by: CarriedOutBy
  readonly #texts = new Map<string, PlanText>()
  readonly #done: PlanStepDone[] = []
  readonly #replies: string[] = []

  constructor(by: CarriedOutBy) {
    this.#by = by
  }

  async perform(step: IntentStep): Promise<void> {
    const { admitted, hands, signal } = this.#by
    signal.throwIfAborted()
    const sink = admitted.plan.sinks.find(({ id }) => id === step.sink)
    const act = { action: step.action, uses: step.uses, ...(sink !== undefined && { sink }) }
    // Before anything is read, and once more after: another plan may have stored something there meanwhile.
    admitted.enter(step.id, act)
    const texts: PlanText[] = []
    for (const id of step.uses) texts.push(this.#texts.get(id) ?? (await this.#read(id)))
    const label = admitted.enter(step.id, act)
    const made = sink === undefined ? joined(texts) : await hands.put({ step, sink, texts }, signal)
    if (sink?.kind === 'reply') this.#replies.push(made)
    this.#keep(step.id, { text: made, label })
    this.#done.push({ id: step.id, label, characters: made.length })
  }

  outcome(): PlanOutcome {
    return { planHash: this.#by.admitted.planHash, output: this.#replies.join('\n\n'), steps: this.#done }
  }

  async #read(id: string): Promise<PlanText> {
    const { admitted, hands, signal } = this.#by
    const source = admitted.plan.sources.find((each) => each.id === id)
    if (source === undefined) throw refusedPlan([])
    return this.#keep(id, { text: await hands.read(source, signal), label: admitted.labelOf(id) })
  }

  #keep(id: string, { text, label }: Pick<PlanText, 'text' | 'label'>): PlanText {
    const kept = { id, text: text.slice(0, PLAN_TEXT_MAX), label }
    this.#texts.set(id, kept)
    return kept
  }
}

/** What nobody does anything with is put one after the other. */
export function joined(texts: readonly PlanText[]): string {
  return texts.map(({ text }) => text).join('\n\n')
}

/** Throws `FIREWALL_PLAN_INVALID` for steps that use each other in a circle. Steps that are used and not there are the review's to refuse. */
function inOrder(plan: IntentPlan): readonly IntentStep[] {
  const ids = new Set(plan.steps.map(({ id }) => id))
  const ordered = orderByDependencies(
    plan.steps.map((step) => ({ id: step.id, depends_on: step.uses.filter((id) => ids.has(id)), step })),
  )
  if (ordered !== undefined) return ordered.map(({ step }) => step)
  const why = 'Steps use each other in a circle.'
  throw refusedPlan([{ code: 'FIREWALL_PLAN_INVALID', at: 'plan', why, isApprovable: false }])
}
