import { CodedError } from '../base/errors.ts'
import { ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { AnswerPurchase } from '../core/routing/task-outcome.ts'
import type { BudgetReservation, Budgets } from '../ports/budgets.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelUsage } from '../ports/language-model.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { RouteAttempt } from '../ports/router.ts'
import type { Timers } from '../ports/timers.ts'
import { boundCall, chargeOfUsage, costOfPurchase } from './call-cost.ts'
import { timeoutMsOf, type CallRules } from './call-rules.ts'
import { describeAnswer, startCallSpan, traceOfCall, type CallTracing } from './call-span.ts'
import { isNeverBilled } from './never-billed.ts'
import { startDeadline, type Deadline } from './start-deadline.ts'
import { chargeTask, remainingCapOf, type Charge, type TaskRun } from './task-run.ts'

export type CallComponents = CallTracing & {
  readonly catalog: ModelCatalog
  readonly budgets: Budgets
  readonly clock: Clock
  readonly timers: Timers
} & CallRules

/** A call that may be made: the money is there, and the limit of its answer holds the cap. */
export type AdmittedCall = {
  readonly entry: ModelEntry
  readonly model: LanguageModel
  readonly request: ModelRequest
  readonly reservation: BudgetReservation | undefined
  /** The most that the call can cost, which is what was reserved; `undefined` when the price is unknown. */
  readonly costNanosMax: Amount | undefined
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
  const { budgets, clock } = components
  const isBounded = budgets.isBounded(caller)
  const bounds = boundCall({
    entry,
    tokensIn: run.facts.tokensIn,
    outputTokensAsked: request.maxOutputTokens,
    capNanos: remainingCapOf(run),
    hasBudget: isBounded,
    today: run.today,
  })
  if (bounds === undefined) return undefined
  const { costNanosMax } = bounds
  // Models of overhead calls were chosen by the operator and not by what a budget allows.
  if (isBounded && costNanosMax === undefined)
    throw new CodedError('ROUTER_PRICE_UNKNOWN', {
      message: `The price of ${entry.id} is unknown and the task has a budget`,
    })
  const reservation =
    isBounded && costNanosMax !== undefined
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
    deadline: startDeadline(components.timers, { delayMs: timeoutMsOf(components, entry), signal: run.signal }),
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
  | {
      readonly kind: 'failed'
      readonly code: string
      /** What the model threw. */
      readonly error: unknown
      readonly charge: Charge
      readonly latencyMs: number
    }
  | { readonly kind: 'aborted'; readonly charge: Charge; readonly latencyMs: number }

/** Makes an admitted call and settles its money. Never rejects: a failure is an outcome, which the plan answers with its next step. */
export async function makeCall(components: CallComponents, run: TaskRun, call: AdmittedCall): Promise<CallOutcome> {
  const { entry, model, request, reservation, deadline, startedMs } = call
  const { signal } = deadline
  const span = startCallSpan(components, run, { entry, request, isStreaming: false })
  try {
    const answer = await model.doGenerate(request, { signal, trace: traceOfCall(span, run) })
    const costNanos =
      answer.purchase === undefined
        ? chargeOfUsage(entry, answer.usage, { ...call, today: run.today })
        : costOfPurchase(answer.purchase)
    chargeTask(run, { costNanos, isEstimated: answer.usage.isEstimated })
    await reservation?.settle(costNanos ?? ZERO_AMOUNT)
    describeAnswer(span, components, { answer, costNanos })
    return { kind: 'answered', answer, costNanos, latencyMs: components.clock.monotonicMs() - startedMs }
  } catch (error: unknown) {
    const isAborted = run.signal?.aborted === true
    const code = isAborted ? 'REQUEST_ABORTED' : failureCode(error, signal)
    span.recordError(code)
    const charge = await endUnanswered(run, call, code)
    const latencyMs = components.clock.monotonicMs() - startedMs
    return isAborted ? { kind: 'aborted', charge, latencyMs } : { kind: 'failed', code, error, charge, latencyMs }
  } finally {
    deadline.end()
    span.end()
  }
}

const NOTHING: Charge = { costNanos: ZERO_AMOUNT, isEstimated: false }

/**
 * Ends the money of a call without a metered answer. Where the provider may bill all the same, the most that the call can cost counts as spent, by
 * the budget and by the task alike: a failure may cost room, it never overspends.
 *
 * @returns What the task was charged; part of the attempt's record.
 */
export async function endUnanswered(
  run: TaskRun,
  { reservation, costNanosMax }: Pick<AdmittedCall, 'reservation' | 'costNanosMax'>,
  code: string,
): Promise<Charge> {
  if (isNeverBilled(code)) {
    await reservation?.release()
    return NOTHING
  }
  // What cannot cost anything was not estimated.
  const charge = { costNanos: costNanosMax, isEstimated: costNanosMax !== ZERO_AMOUNT }
  chargeTask(run, charge)
  await reservation?.settle(costNanosMax ?? ZERO_AMOUNT)
  return charge
}

/** The code under which a failed call is recorded; a time limit of ours is named as such. */
export function failureCode(error: unknown, signal: AbortSignal): string {
  if (!signal.aborted) return CodedError.is(error) ? error.code : 'INTERNAL_ERROR'
  return CodedError.is(signal.reason) ? signal.reason.code : 'REQUEST_ABORTED'
}

export type AttemptInit = {
  readonly entry: ModelEntry
  readonly outcome: RouteAttempt['outcome']
  readonly latencyMs: number
  readonly reason?: string | undefined
  /** Absent when the call was not metered. */
  readonly usage?: ModelUsage | undefined
  readonly charge: Charge
  readonly confidence?: number | undefined
  readonly purchase?: AnswerPurchase | undefined
  /** Of a stream, milliseconds from the call to its first content. */
  readonly firstPartMs?: number | undefined
  readonly servedModel?: string | undefined
}

/** The record of one call, with what the task was charged for it. */
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
    isUsageEstimated: init.charge.isEstimated,
    costNanos: init.charge.costNanos,
    latencyMs: init.latencyMs,
    ...(init.confidence !== undefined && { confidence: init.confidence }),
    ...(init.purchase !== undefined && { purchase: init.purchase }),
    ...(init.firstPartMs !== undefined && { firstPartMs: init.firstPartMs }),
    ...(init.servedModel !== undefined && { servedModel: init.servedModel }),
  }
}
