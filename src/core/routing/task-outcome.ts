import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'

/** Where an answer came from, cheapest first. `cache`, `deterministic` and `peer` are not models of this machine. */
export type ExecutionTier =
  | 'cache'
  | 'deterministic'
  | 'local_nano'
  | 'local_small'
  | 'local_medium'
  | 'local_large'
  | 'peer'
  | 'cheap_api'
  | 'premium_api'

/** Every tier, in the order of `ExecutionTier`: the cheapest first. */
export const EXECUTION_TIERS: readonly ExecutionTier[] = [
  'cache',
  'deterministic',
  'local_nano',
  'local_small',
  'local_medium',
  'local_large',
  'peer',
  'cheap_api',
  'premium_api',
]

/**
 * Where a task is answered, or was: on this machine (`local`, the cache and exact tools included), by a cheap API or a peer (`cheap`), by a premium API
 * (`premium`), or by several of these one after another (`hybrid`).
 */
export type TaskRoute = 'local' | 'cheap' | 'premium' | 'hybrid'
/** How much harm a wrong answer may do: `medium` where a task touches a sensitive area, `high` where it asks to act, or to advise on an act, in one. */
export type TaskRisk = 'low' | 'medium' | 'high'
/** What kind of work a task is, as its prompt is read; `general` where it is none of the others. */
export type TaskDomain = 'code' | 'reasoning' | 'data' | 'creative' | 'general' | 'math'

/** A model call made to decide or to check, paid for by the task like any other. */
export type OverheadCall = {
  readonly purpose: 'policy' | 'decomposer' | 'verifier' | 'judge' | 'summarizer' | 'embedding' | 'shadow'
  readonly model: string
  readonly tokensIn: number
  readonly tokensOut: number
  /** `undefined` when the price is unknown. */
  readonly costNanos: Amount | undefined
  readonly latencyMs: number
}

/** A model as the policy saw it: what off-policy evaluation needs of a decision. Shaped as `DecisionCandidate`. */
export type OutcomeCandidate = {
  readonly modelId: string
  readonly tier: ExecutionTier
  /** 0 to 1. */
  readonly predictedSuccess: number
  /** `undefined` when a price is unknown. */
  readonly expectedCostNanos: Amount | undefined
  readonly expectedLatencyS: number
  /** Probability, 0 to 1, with which the plan begins with this model. Absent: 0. */
  readonly propensity?: number
  /** Why it could not be used; absent when it could. */
  readonly excludedBecause?: string
}

/** What was agreed for an answer that was bought. Credits are a claim on their issuer: they are told beside the dollars, never among them. */
export type AnswerPurchase = {
  /** The contract under which it was bought, and who sold it. */
  readonly contract: string
  readonly seller: string
  /** `CODE@DID`. */
  readonly currency: string
  /** Credits, in nano-units. */
  readonly priceNanos: Amount
  /** What the notaries keep of the price at most. */
  readonly feeNanos: Amount
  readonly custody: string
  /** What the operator says one credit is worth, nano-dollars. */
  readonly usdNanosPerCredit: Amount
}

/** A call that was made to answer. */
export type OutcomeAttempt = {
  readonly modelId: string
  readonly provider: string
  readonly tier: ExecutionTier
  readonly outcome: 'accepted' | 'rejected' | 'failed' | 'aborted'
  /** Code of the error, or name of the check that refused the answer. */
  readonly reason?: string
  readonly tokensIn: number
  readonly tokensOut: number
  /** `undefined` when the price is unknown. */
  readonly costNanos: Amount | undefined
  readonly latencyMs: number
  /** Of the verifier, 0 to 1; absent when it did not run. */
  readonly confidence?: number
  /** The step of a split task; absent for a whole task. */
  readonly stepId?: string
  /** Present where a contract was signed for it. */
  readonly purchase?: AnswerPurchase
  /** Of a stream, milliseconds from the call to its first content. */
  readonly firstPartMs?: number
  /** The model that answered by the provider's own word. */
  readonly servedModel?: string
}

/** Under which stage of a rollout a policy was asked, and which of the two it was. */
export type ServedPolicy = {
  readonly stage: 'legacy_only' | 'shadow' | 'canary' | 'full'
  readonly arm: 'incumbent' | 'candidate'
}

/** What was predicted before anything ran. */
export type PredictedOutcome = {
  /** 1 (trivial) to 5 (expert). */
  readonly difficulty: number
  /** `undefined` when nothing was planned: no policy was asked, or no model could be. */
  readonly tier: ExecutionTier | undefined
  /** The model that the plan begins with; `undefined` as `tier`. */
  readonly modelId: string | undefined
  /** Confidence of the classifier in difficulty and tier, 0 to 1. */
  readonly classifierConfidence: number
  readonly route: TaskRoute
  /** 0 to 1. */
  readonly confidence: number
  readonly risk: TaskRisk
  /** `undefined` when a price is unknown. */
  readonly expectedCostNanos: Amount | undefined
  /** Seconds. */
  readonly expectedLatencyS: number
  readonly policyVersion: string
  /** Probability with which the route was chosen, in (0, 1]; off-policy evaluation divides by it. */
  readonly propensity: number
  /** Which implementation scored: the WASM kernel, its TypeScript twin, a model, or the documented priors. */
  readonly scorer: 'wasm' | 'typescript' | 'model' | 'priors'
  /** Lower-case hex SHA-256 of the feature vector the policy saw, or `undefined` when it saw none. */
  readonly featureHash: string | undefined
  /** Every model that was considered, those that could not be used as well. */
  readonly candidates: readonly OutcomeCandidate[]
  /** The raw prompt features in the order of `PROMPT_FEATURES`; absent when the policy saw none. Never written to. */
  readonly features?: Float64Array
  /** Absent where no policy is being rolled out. */
  readonly served?: ServedPolicy
}

/**
 * One finished task, as it really went: the tier and the model are those that answered, and the amounts include every
 * attempt and every overhead call.
 */
export type TaskOutcome = {
  /** Identifier of the decision, as the caller saw it; feedback refers to it. */
  readonly decisionId: string
  readonly at: Timestamp
  readonly tenant: string
  /** Who paid beside the tenant; absent where nobody is named. */
  readonly organisation?: string
  readonly team?: string
  /** Id of the API key, never the key. */
  readonly keyId?: string
  readonly traceId: string | undefined
  /** The task. A sink hashes it and drops it unless the operator opted in. */
  readonly taskText: string
  readonly taskTokenCount: number
  readonly taskDomain: TaskDomain
  readonly predicted: PredictedOutcome
  /** Tier that answered, or was tried last; `undefined` when nothing was called. */
  readonly actualTier: ExecutionTier | undefined
  /** The model that answered, or was called last; `undefined` when none was called: for the cache and exact tools too. */
  readonly modelUsed: string | undefined
  /** Every call that was made to answer, in order. */
  readonly attempts: readonly OutcomeAttempt[]
  readonly finalRoute: TaskRoute
  /** Tiers tried one after the other for one question; of a split task, for the first step that was escalated. Empty when every first answer stood. */
  readonly escalationChain: readonly ExecutionTier[]
  readonly success: boolean
  readonly wasCached: boolean
  readonly tokensIn: number
  readonly tokensOut: number
  /** `undefined` when some price is unknown, which is not zero. */
  readonly costNanos: Amount | undefined
  /** What one call of the premium model would have cost, estimated; absent without an answer, such a model or its price. */
  readonly premiumCostNanos?: Amount
  readonly latencyMs: number
  /** Of an answer that was streamed as it came, milliseconds from the task's beginning to its first content. */
  readonly firstPartMs?: number
  /** `undefined` when no verifier ran or it was inconclusive. */
  readonly verifier: { readonly isAccepted: boolean; readonly confidence: number } | undefined
  /** Name of the model that answered on this machine, when one did. */
  readonly localModel: string | undefined
  /** Provider of the interface that answered, when one did. */
  readonly apiProvider: string | undefined
  /** Code of the error or verdict that made the router leave the planned route. */
  readonly fallbackTrigger: string | undefined
  readonly overheadCalls: readonly OverheadCall[]
}
