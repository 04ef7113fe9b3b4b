/**
 * PolicyAdviser: somebody who is asked how to execute a task where the node's own policy is in doubt: a model of this machine, or another node.
 * It sees the prompt. It is not trusted: its answer is parsed, passes the safety override, and decides nothing but the route.
 */
import type { PolicyDecision } from '../core/policy/policy-decision.ts'
import type { OverheadCall } from '../core/routing/task-outcome.ts'
import type { AbortOptions } from './abort-options.ts'

export type AdviceQuestion = {
  readonly prompt: string
  /** Dollars that the task may cost; absent: unbounded. */
  readonly maxBudgetUsd?: number
  /** Least predicted chance of an accepted answer, 0 to 1. */
  readonly quality?: number
}

export type Advice = {
  readonly decision: PolicyDecision
  /** The call that was paid for it; absent where it cost nothing that we meter. */
  readonly overhead?: OverheadCall
}

export interface PolicyAdviser {
  /** For records, for example `pro` or the name of a model. */
  readonly name: string
  /** Throws `POLICY_ADVICE_FAILED` for an answer that is no decision, the adapters' errors, or the signal's reason. */
  advise(question: AdviceQuestion, options?: AbortOptions): Promise<Advice>
}
