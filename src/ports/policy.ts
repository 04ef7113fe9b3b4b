/**
 * Policy: judges a task and proposes how to execute it. It sees the prompt and the models that may be used, and nothing else: no outcome,
 * no label, no other tenant's data. It does not call those models and does not spend: the router does, and may still refuse its plan.
 */
import type { Amount } from '../base/money.ts'
import type { CivilDate } from '../core/models/civil-date.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { DecisionRecord, PeerRule } from '../core/routing/decision-record.ts'
import type { OverheadCall } from '../core/routing/task-outcome.ts'
import type { AbortOptions } from './abort-options.ts'

/** Everything of a task that a policy sees. What would change by itself, such as the day and the draw, is in it, so that a decision can be computed again. */
export type PolicyInput = {
  /** Text that the policy judges: the last user message. */
  readonly prompt: string
  /** Models that may answer: capable, available and allowed. At least one. */
  readonly candidates: readonly ModelEntry[]
  /** Models that may not, with the reason; recorded in the decision for people, never scored. */
  readonly excluded: readonly { readonly entry: ModelEntry; readonly because: string }[]
  /** `auto`, or the route that the caller fixed: then every step of the plan starts in that tier and only escalation leaves it. */
  readonly fixedRoute: 'auto' | 'local' | 'cheap' | 'premium'
  /** Input tokens of the whole request, estimated. */
  readonly tokensIn: number
  /** Of these, tokens that a model's provider is expected to read from its prompt cache, by id of the model; absent: none. */
  readonly cachedTokensIn?: ReadonlyMap<string, number>
  /** The caller's bound of the answer; absent: the policy's own expectation. */
  readonly maxOutputTokens?: number
  /** Least predicted chance of an accepted answer, 0 to 1; absent: the operator's default. */
  readonly quality?: number
  /** Most that the task may cost; absent: unbounded. */
  readonly maxBudgetNanos?: Amount
  /** Whether peers among the candidates may be asked before any model; absent: none is. */
  readonly peers?: PeerRule
  /** Prices are looked up on this day. */
  readonly today: CivilDate
  readonly priceVersion: string
  /** Exploration draw, 0 <= x < 1, made by the caller so that the decision can be computed again. */
  readonly draw: number
  /** False where escalation is impossible or unwanted (a stream that must start at once): no cascade is proposed. */
  readonly isCascadeAllowed: boolean
  /** How often this conversation's answers were refused lately: repeated failures ask for a stronger model or for advice. */
  readonly recentFailures: number
  /** True when the caller says who may see the task: then nobody else is asked for advice. */
  readonly isConfined?: boolean
  /** Whose task it is. With `conversation` it decides which of two policies answers while one is being tried; no policy reads either. */
  readonly tenant?: string
  /** The same for all requests of one conversation of the tenant. Absent: all tasks without one count as one conversation. */
  readonly conversation?: string
}

export type PolicyOptions = AbortOptions & {
  /** True: the policy decides at once and alone, without asking an adviser. */
  readonly isAlone?: boolean
  /** Told of every model call that was made to decide; the task pays for it. */
  readonly onOverhead?: (call: OverheadCall) => void
}

/**
 * Judges a task and proposes how to execute it. It does not call the models of its plan and does not spend: the router does, and may still refuse the
 * plan.
 */
export interface Policy {
  /** Name and version of what decides, as recorded. */
  readonly version: string
  /** A decision whose plan names only models of `candidates`, cheapest first. Answers at once where no model has to be asked. Never throws for a well-formed input. */
  decide(input: PolicyInput, options?: PolicyOptions): DecisionRecord | Promise<DecisionRecord>
}
