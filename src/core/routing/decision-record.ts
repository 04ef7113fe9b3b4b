import type { Amount } from '../../base/money.ts'
import type { TextReport } from '../injection/text-report.ts'
import type { OfferSource } from '../peer-tier/peer-offer.ts'
import type { ExplorationRegret, ExplorationRule } from '../policy/exploration/exploration-rule.ts'
import type { ExecutionTier, ServedPolicy, TaskDomain, TaskRisk, TaskRoute } from './task-outcome.ts'

/** A model that could have answered, as the policy saw it. */
export type DecisionCandidate = {
  readonly modelId: string
  readonly tier: ExecutionTier
  /** Predicted chance, 0 to 1, that its answer would be accepted. */
  readonly predictedSuccess: number
  /** Standard deviation of the predicted success, where the policy knows how sure it is; absent: 0. */
  readonly uncertainty?: number
  /** `undefined` when a price is unknown. */
  readonly expectedCostNanos: Amount | undefined
  /** Tokens of the request that its provider is expected to have in its prompt cache; the expected cost is less for them. Absent: none. */
  readonly cachedTokensIn?: number
  readonly expectedLatencyS: number
  /** Probability, 0 to 1, with which the policy begins with this model; over the usable candidates the sum is 1. Absent: 0. */
  readonly propensity?: number
  /** Of a peer: share of its wrong answers, 0 to 1, that the checks are expected to catch. */
  readonly caughtShare?: number
  /** Of a peer: how this node knows its offer; of several that bid, the best one. */
  readonly source?: OfferSource
  /** Why it may not be used (a missing capability, a control, a budget); absent when it may. */
  readonly excludedBecause?: string
}

/** One model to call, in the order of the plan. */
export type PlannedStep = {
  readonly modelId: string
  readonly tier: ExecutionTier
  /**
   * `answer`: its answer stands when accepted. `escalation`: called only when the step before failed or was refused. `fallback`: called only when all before it
   * failed, and no answer of theirs is there to be handed out.
   */
  readonly role: 'answer' | 'escalation' | 'fallback'
}

/** What the operator allows of peers. */
export type PeerRule = {
  /** Highest risk of a task that may leave. */
  readonly riskMax: 'low' | 'medium'
  /** Longest wait for a bought answer, milliseconds. */
  readonly latencyMsMax: number
}

/** What the caller and the operator asked for; with the candidates and the draw it determines the plan. */
export type DecisionRule = {
  readonly fixedRoute: 'auto' | 'local' | 'cheap' | 'premium'
  /** Least predicted chance of an accepted answer, 0 to 1. */
  readonly quality: number
  /** The caller set `quality`, so that a plan below it is refused; absent: it is the operator's. */
  readonly isQualityAsked?: boolean
  /** Weight of a dollar against a right answer, when the policy trades quality for cost instead of keeping a bound. */
  readonly successPerUsd?: number
  readonly isCascadeAllowed: boolean
  readonly recentFailures: number
  /** Share of decisions that try another candidate, 0 to 1; not read where `explore` says more. */
  readonly explorationRate: number
  /** How others than the best candidate are tried; absent: evenly, on `explorationRate` of the decisions. */
  readonly explore?: ExplorationRule
  /** Whether a peer may be asked before any model; absent: none is. */
  readonly peers?: PeerRule
  /** The prompt asks for several things at once. */
  readonly isCompound: boolean
}

/** What an adviser had to do with a decision. */
export type DecisionAdvice = {
  /** One sentence for people; it is among the reasons. */
  readonly said: string
  /** Its judgement as it was adopted; absent when none came. The record's rule, risk and plan follow from it already. */
  readonly judged?: {
    readonly route: TaskRoute
    readonly confidence: number
    readonly risk: TaskRisk
    readonly needsDecomposition: boolean
  }
}

/** Everything that a decision was made from, so that it can be explained to a person and computed again. */
export type DecisionRecord = {
  readonly route: TaskRoute
  readonly confidence: number
  readonly risk: TaskRisk
  /** Words or rules that raised the risk, for people; empty for low risk. */
  readonly riskReasons: readonly string[]
  /** 1 (trivial) to 5 (expert). */
  readonly difficulty: number
  readonly domain: TaskDomain
  readonly needsDecomposition: boolean
  readonly expectedCostNanos: Amount | undefined
  readonly expectedLatencyS: number
  /** Tokens that the answer is expected to have; what the expected cost was computed with. */
  readonly expectedTokensOut: number
  /** No more than this may be spent; `undefined` when nothing bounds it. */
  readonly maxBudgetNanos: Amount | undefined
  readonly candidates: readonly DecisionCandidate[]
  readonly plan: readonly PlannedStep[]
  /** Who is asked behind the plan, by rule and not by prediction; absent: nobody. */
  readonly fallbacks?: readonly PlannedStep[]
  /** Whether the plan's predicted success, that of a cascade counted as a whole, meets the rule's `quality`; absent when no bound is kept. */
  readonly isQualityMet?: boolean
  /** The best predicted success of any plan that was allowed; present when the bound is not met. */
  readonly reachableQuality?: number
  /** Why this plan, one sentence each, in the order in which the rules were applied. */
  readonly reasons: readonly string[]
  readonly policyVersion: string
  /** Version of the registry's prices: hash of the entries that were considered. */
  readonly priceVersion: string
  readonly scorer: 'wasm' | 'typescript' | 'model' | 'priors'
  readonly featureHash: string | undefined
  /** The raw prompt features that were hashed, in the order of `PROMPT_FEATURES`: a copy that nobody writes to. Absent when the policy saw none. */
  readonly features?: Float64Array
  /** Absent where no policy is being rolled out. */
  readonly served?: ServedPolicy
  /** The exploration draw 0 <= x < 1, and the probability in (0, 1] with which this route was chosen. */
  readonly draw: number
  readonly propensity: number
  /** What the draw was expected to cost beside the best prediction; absent where none was made by `rule.explore`. */
  readonly exploration?: ExplorationRegret
  /** Absent when no policy was asked. */
  readonly rule?: DecisionRule
  /** What was found of the task's texts before anything was decided; absent where nobody looks. */
  readonly texts?: readonly TextReport[]
  /** Advisers in the order in which they were asked; absent when none was. */
  readonly advice?: readonly DecisionAdvice[]
}
