import { CodedError } from '../base/errors.ts'
import { ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { BudgetReservation, Budgets } from '../ports/budgets.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelUsage } from '../ports/language-model.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { RouteAttempt } from '../ports/router.ts'
import type { Timers } from '../ports/timers.ts'
import type { Tracer } from '../ports/tracer.ts'
import { boundCall, costOfCall } from './call-cost.ts'
import { startDeadline, type Deadline } from './start-deadline.ts'
import { chargeTask, remainingCapOf, type TaskRun } from './task-run.ts'

export type CallComponents = {
  readonly catalog: ModelCatalog
  readonly budgets: Budgets
  readonly clock: Clock
  readonly timers: Timers
  readonly tracer: Tracer
  /** Longest that one attempt may take, milliseconds. */
  readonly attemptTimeoutMs: number
}

/** A call that may be made: the money is there, and the limit of its answer holds the cap. */
export type AdmittedCall = {
  readonly entry: ModelEntry
  readonly model: LanguageModel
  readonly request: ModelRequest
  readonly reservation: BudgetReservation | undefined
  /** What was reserved: the most that the call can cost. */
  readonly costNanosMax: Amount
  /** Whoever ends the call ends it too. */
  readonly deadline: Deadline
  readonly startedMs: number
}

/**
 * Reserves the money for one call. Resolves to `undefined` when the caller's own cap leaves no room for it.
 * Throws `BUDGET_EXCEEDED` when an account has none, `ROUTER_PRICE_UNKNOWN` when a budget bounds the caller and nobody knows the price.
 */
export async function admitCall(
  components: CallComponents,
  run: TaskRun,
  entry: ModelEntry,
): Promise<AdmittedCall | undefined> {
  const { request, caller } = run.route
  const bounds = boundCall({
    entry,
    tokensIn: run.facts.tokensIn,
    outputTokensAsked: request.maxOutputTokens,
    capNanos: remainingCapOf(run),
    today: run.today,
  })
  if (bounds === undefined) return undefined
  const { budgets, clock } = components
  const costNanosMax = bounds.costNanosMax ?? ZERO_AMOUNT
  const isBounded = budgets.isBounded(caller)
  // Models of overhead calls were chosen by the operator and not by what a budget allows.
  if (isBounded && bounds.costNanosMax === undefined)
    throw new CodedError('ROUTER_PRICE_UNKNOWN', {
      message: `The price of ${entry.id} is unknown and the task has a budget`,
    })
  const reservation = isBounded
    ? await budgets.reserve({ caller, taskId: run.taskId, amountNanos: costNanosMax }, { signal: run.signal })
    : undefined
  return {
    entry,
    model: components.catalog.open(entry),
    request:
      bounds.outputTokensMax === request.maxOutputTokens
        ? request
        : { ...request, maxOutputTokens: bounds.outputTokensMax as number },
    reservation,
    costNanosMax,
    deadline: startDeadline(components.timers, { delayMs: components.attemptTimeoutMs, signal: run.signal }),
    startedMs: clock.monotonicMs(),
  }
}

/** How a call went, before anybody judged the answer. */
export type CallOutcome =
  | {
      readonly kind: 'answered'
      readonly answer: ModelAnswer
      readonly costNanos: Amount | undefined
      readonly latencyMs: number
    }
  | { readonly kind: 'failed'; readonly code: string; readonly latencyMs: number }
  | { readonly kind: 'aborted'; readonly latencyMs: number }

/** Makes an admitted call and settles its money. Never rejects: a failure is an outcome, which the plan answers with its next step. */
export async function makeCall(components: CallComponents, run: TaskRun, call: AdmittedCall): Promise<CallOutcome> {
  const { entry, model, request, reservation, deadline, startedMs } = call
  const { signal } = deadline
  const span = components.tracer.startSpan(`chat ${entry.model}`, run.span)
  try {
    const answer = await model.doGenerate(request, { signal })
    const costNanos = costOfCall(entry, answer.usage, run.today)
    chargeTask(run, costNanos)
    await reservation?.settle(costNanos ?? ZERO_AMOUNT)
    if (span.isRecording) describeUsage(span, answer.usage)
    return { kind: 'answered', answer, costNanos, latencyMs: components.clock.monotonicMs() - startedMs }
  } catch (error: unknown) {
    span.recordError(error)
    const isAborted = run.signal?.aborted === true
    const code = isAborted ? 'REQUEST_ABORTED' : failureCode(error, signal)
    await endUnanswered(call, code)
    const latencyMs = components.clock.monotonicMs() - startedMs
    return isAborted ? { kind: 'aborted', latencyMs } : { kind: 'failed', code, latencyMs }
  } finally {
    deadline.end()
    span.end()
  }
}

/** Failures after which the provider may have worked, and may bill: the request was sent, and its answer was not read. */
const MAYBE_BILLED: ReadonlySet<string> = new Set([
  'MODEL_TIMEOUT',
  'REQUEST_ABORTED',
  'MODEL_ANSWER_MALFORMED',
  'MODEL_ANSWER_TOO_LARGE',
  'MODEL_STREAM_TRUNCATED',
])

/**
 * Ends the reservation of a call without a metered answer. Where the provider may bill all the same the whole reservation counts as spent:
 * a budget may lose room to a failure, it is never overspent by one.
 */
export async function endUnanswered(
  { reservation, costNanosMax }: Pick<AdmittedCall, 'reservation' | 'costNanosMax'>,
  code: string,
): Promise<void> {
  if (MAYBE_BILLED.has(code)) await reservation?.settle(costNanosMax)
  else await reservation?.release()
}

/** The code under which a failed call is recorded; a time limit of ours is named as such. */
export function failureCode(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'MODEL_TIMEOUT'
  return CodedError.is(error) ? error.code : 'INTERNAL_ERROR'
}

export type AttemptInit = {
  readonly entry: ModelEntry
  readonly outcome: RouteAttempt['outcome']
  readonly latencyMs: number
  readonly reason?: string | undefined
  readonly usage?: ModelUsage | undefined
  readonly costNanos?: Amount | undefined
  readonly confidence?: number | undefined
}

/** The record of one call. A call that failed before it was metered costs nothing that we know of. */
export function attemptOf(init: AttemptInit): RouteAttempt {
  const { entry, usage } = init
  return {
    modelId: entry.id,
    provider: entry.provider,
    tier: entry.tier,
    outcome: init.outcome,
    ...(init.reason !== undefined && { reason: init.reason }),
    tokensIn: usage?.tokensIn ?? 0,
    tokensOut: usage?.tokensOut ?? 0,
    isUsageEstimated: usage?.isEstimated ?? false,
    costNanos: usage === undefined ? ZERO_AMOUNT : init.costNanos,
    latencyMs: init.latencyMs,
    ...(init.confidence !== undefined && { confidence: init.confidence }),
  }
}

function describeUsage(span: { setAttribute(name: string, value: number): void }, usage: ModelUsage): void {
  span.setAttribute('gen_ai.usage.input_tokens', usage.tokensIn)
  span.setAttribute('gen_ai.usage.output_tokens', usage.tokensOut)
}
