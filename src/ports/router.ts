/**
 * Router: decides how a task is executed, executes it, verifies it and says what it cost. The gateway, the command line and agents call it;
 * the service of the same layer as its name implements it. It is not a model: it may answer without one, or refuse to call one.
 */

import type { DecisionRecord } from '../core/routing/decision-record.ts'
import type { AnswerPurchase, ExecutionTier, OverheadCall, TaskRoute } from '../core/routing/task-outcome.ts'
import type { TaskId, TenantId } from '../base/identifiers.ts'
import type { Amount } from '../base/money.ts'
import type { AbortOptions } from './abort-options.ts'
import type { ModelAnswer, ModelRequest, ModelStreamPart } from './language-model.ts'
import type { Span } from './tracer.ts'

/** Who answers: the policy decides, the caller fixes the route, or the caller names a model of the registry. */
export type RouteTarget =
  | { readonly kind: 'auto' }
  | { readonly kind: 'route'; readonly route: 'local' | 'cheap' | 'premium' }
  | { readonly kind: 'model'; readonly modelId: string }

/** What the caller may say about one request (headers `x-kernell-*`, flags of `kernell route`). Absent members mean the operator's defaults. */
export type RouteControls = {
  /** Most that this task may cost, overhead included. */
  readonly maxCostNanos?: Amount
  /** Least predicted chance of an accepted answer, 0 to 1. */
  readonly quality?: number
  /** Tiers that may be used; empty is refused. */
  readonly tiers?: readonly ExecutionTier[]
  /** Providers that may be used; empty is refused. */
  readonly providers?: readonly string[]
  /** Models that may be used, by their ids in the registry; empty is refused. */
  readonly models?: readonly string[]
  /** Nothing leaves this machine. */
  readonly isLocalOnly?: boolean
  /** `no-store`: read, but not written. `no-read`: not read, but written. `refresh`: not read, replaces what is stored. `off`: neither read nor written. */
  readonly cache?: 'default' | 'no-store' | 'no-read' | 'refresh' | 'off'
  /** Models that are asked, in this order, when all that were chosen have failed; at most 8 names of the registry. Absent: the operator's. */
  readonly fallbacks?: readonly string[]
  /** Name of the conversation, at most 128 characters; absent: its first user message tells it apart. Of one conversation all requests have the same policy. */
  readonly conversation?: string
}

/** Whose money and whose data: the budget of every level that is named must have room. */
export type RouteCaller = {
  readonly tenant: TenantId
  readonly organisation?: string
  readonly team?: string
  /** Identifier of the API key, never the key itself. */
  readonly keyId?: string
  /** Name of the agent that asks. */
  readonly agent?: string
  /** What is sold by it, and to whom: the DID of the buyer. */
  readonly skill?: string
  readonly peer?: string
}

/** One task for a router: who asks, what may answer, what is asked, and within which bounds. */
export type RouteRequest = {
  /** Absent: the router makes one. */
  readonly taskId?: TaskId
  readonly caller: RouteCaller
  readonly target: RouteTarget
  readonly request: ModelRequest
  readonly controls: RouteControls
  /** W3C `traceparent` of the caller, where there is one. */
  readonly traceparent?: string
  /** W3C `tracestate` beside it. */
  readonly tracestate?: string
  /** The span that the task is part of; it wins over `traceparent`, where it records. */
  readonly span?: Span
  /** Who wrote the task: whoever works with this node, or a peer that it works for. Absent: `user`. */
  readonly sender?: 'user' | 'peer'
}

/** One call that was made to answer, whether it helped or not. */
export type RouteAttempt = {
  readonly modelId: string
  readonly provider: string
  readonly tier: ExecutionTier
  readonly outcome: 'accepted' | 'rejected' | 'failed' | 'aborted'
  /** Code of the error, or name of the check that refused the answer. */
  readonly reason?: string
  /** What the provider said of its failure, without secrets; absent unless it failed and said something. */
  readonly message?: string
  /** When the provider asks to be tried again, milliseconds from its answer. */
  readonly retryAfterMs?: number
  readonly tokensIn: number
  readonly tokensOut: number
  /** True when the provider reported no usage. A failed call that it may bill all the same has no tokens, and costs the most that it can have cost. */
  readonly isUsageEstimated: boolean
  /** `undefined` when the model's price is unknown. */
  readonly costNanos: Amount | undefined
  readonly latencyMs: number
  /** Confidence of the verifier in the answer, 0 to 1; absent when it did not run. */
  readonly confidence?: number
  /** The step of a split task that the call was made for; absent for a whole task. */
  readonly stepId?: string
  /** What was agreed with a peer; present where a contract was signed. */
  readonly purchase?: AnswerPurchase
  /** Of a stream, milliseconds from the call to its first content. */
  readonly firstPartMs?: number
  /** The model that answered by the provider's own word; absent when it did not say. */
  readonly servedModel?: string
}

/** What happened. Every figure is metered, or marked estimated. */
export type RouteResult = {
  readonly taskId: TaskId
  readonly answer: ModelAnswer
  readonly route: TaskRoute
  readonly tier: ExecutionTier
  /** Model that answered; for the cache the one that made the stored answer, for exact tools the tool's name. */
  readonly modelId: string
  readonly provider: string
  /** All attempts and overhead calls together; `undefined` when some price is unknown. */
  readonly costNanos: Amount | undefined
  /** What one call of the configured premium model would have cost, estimated from the answer's tokens; `undefined` without such a model. */
  readonly premiumCostNanos: Amount | undefined
  readonly isCostEstimated: boolean
  readonly latencyMs: number
  readonly attempts: readonly RouteAttempt[]
  readonly overheadCalls: readonly OverheadCall[]
  readonly cache: 'exact' | 'similar' | 'miss' | 'off'
  /** `undefined` when no check ran. */
  readonly verification: { readonly isAccepted: boolean; readonly confidence: number } | undefined
  readonly decision: DecisionRecord
  /** Why a task that the policy wanted split was answered as one, one sentence; absent when it was split or nobody wanted it to be. */
  readonly notSplitBecause?: string
}

/** A streamed answer. What is known before the first byte is here; `result` settles after the last part. */
export type RoutedStream = {
  readonly taskId: TaskId
  readonly tier: ExecutionTier
  readonly route: TaskRoute
  readonly modelId: string
  readonly provider: string
  readonly cache: 'exact' | 'similar' | 'miss' | 'off'
  readonly decision: DecisionRecord
  /** True when the answer was held back until it was accepted (a cascade), false when parts pass as the model sends them. */
  readonly isBuffered: boolean
  /** Leaving the loop early ends the upstream call. Throws a coded error when the model fails after the first part. */
  readonly parts: AsyncIterable<ModelStreamPart>
  /** Never rejects before `parts` has been read to its end or left; rejects as `route` does. */
  readonly result: Promise<RouteResult>
}

/** What a task would do, without doing it. */
export type RouteEstimate = {
  readonly decision: DecisionRecord
  readonly expectedTokensIn: number
  readonly expectedTokensOut: number
  readonly expectedCostNanos: Amount | undefined
  readonly expectedLatencyS: number
  readonly premiumCostNanos: Amount | undefined
  /** A tool that would answer exactly at no cost, when there is one. */
  readonly deterministicTool: string | undefined
}

/** Answers tasks: decides where each goes, calls models, checks answers, goes on to others, and accounts for all of it. */
export interface Router {
  /**
   * Runs a task to its end.
   *
   * Throws `ROUTER_NO_MODEL`, `ROUTER_NOT_ALLOWED`, `ROUTER_NO_CAPABLE_MODEL`, `ROUTER_ALL_FAILED` (with `details.attempts` and `details.spentNanos`), `ROUTER_MODEL_UNKNOWN`, `ROUTER_PRICE_UNKNOWN`,
   * `BUDGET_EXCEEDED`, `REQUEST_INVALID`; `MODEL_REQUEST_REFUSED`, `MODEL_NOT_FOUND` or `MODEL_RATE_LIMITED` of the provider when one model was
   * called and no other; the signal's reason when aborted.
   */
  route(request: RouteRequest, options?: AbortOptions): Promise<RouteResult>

  /** Resolves when the first part is there (or the buffered answer is accepted), so that until then it can still escalate. Throws as `route`. */
  routeStream(request: RouteRequest, options?: AbortOptions): Promise<RoutedStream>

  /** The decision for a task and what it is expected to cost. Calls no model. */
  estimate(request: RouteRequest, options?: AbortOptions): Promise<RouteEstimate>
}
