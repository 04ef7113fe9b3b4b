import type { IntentStep, PlanSink, PlanSource } from '../../core/firewall/intent-plan.ts'
import type { TaintLabel } from '../../core/firewall/taint-label.ts'

/** A text that a step uses, with what is known of it. */
export type PlanText = { readonly id: string; readonly text: string; readonly label: TaintLabel }

/** What a step makes, and where it goes. */
export type PlanAct = {
  readonly step: IntentStep
  readonly sink: PlanSink
  /** What it uses, in its order. */
  readonly texts: readonly PlanText[]
}

/** Carries out what a plan says, one source and one sink at a time; whether it may be done is judged before. */
export interface PlanHands {
  /** Throws `REQUEST_INVALID` for a source that these hands cannot read. */
  read(source: PlanSource, signal: AbortSignal): Promise<string>
  /** Puts something where the step says, and returns what came of it: the answer of a model, the output of a program, else what was put there. */
  put(act: PlanAct, signal: AbortSignal): Promise<string>
}
