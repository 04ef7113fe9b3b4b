import { CodedError, isWorthRetrying } from '../base/errors.ts'
import { formatAmount, ZERO_AMOUNT } from '../base/money.ts'
import type { AttemptEnd } from '../core/routing/attempt-machine.ts'
import type { TaskMoney, TaskRun } from './task-run.ts'

/** Why a run has no answer, as far as it is known. */
export type EndCause = {
  /** Why money was refused first: later steps are dearer. */
  readonly refusal?: unknown
  /** What a model threw last. */
  readonly failure?: unknown
}

/** Answers of a provider about the request itself: with no other model called, nobody can tell the caller better than the provider. */
const ABOUT_THE_REQUEST: ReadonlySet<string> = new Set([
  'MODEL_REQUEST_REFUSED',
  'MODEL_NOT_FOUND',
  'MODEL_RATE_LIMITED',
])

/** What is known after one more step. */
export function addCause(known: EndCause, { refusal, failure }: EndCause = {}): EndCause {
  return { refusal: known.refusal ?? refusal, failure: failure ?? known.failure }
}

/** The error of a run that ended without an answer. */
export function endError(end: AttemptEnd, run: TaskRun, { refusal, failure }: EndCause = {}): unknown {
  if (end.kind === 'aborted')
    return run.signal?.reason ?? new CodedError('REQUEST_ABORTED', { message: 'The request was aborted' })
  if (end.kind === 'out-of-budget' && refusal !== undefined) return refusal
  const { attempts } = run
  const isOneModel =
    attempts.length > 0 &&
    attempts.every(({ modelId, outcome }) => outcome === 'failed' && modelId === attempts[0]?.modelId)
  if (isOneModel && CodedError.is(failure) && ABOUT_THE_REQUEST.has(failure.code)) return failure
  const tried = attempts.map(
    ({ modelId, outcome, reason }) => `${modelId} ${outcome}${reason === undefined ? '' : ` (${reason})`}`,
  )
  const spent = spentOn(run)
  const waits = attempts.flatMap(({ retryAfterMs }) => retryAfterMs ?? [])
  return new CodedError('ROUTER_ALL_FAILED', {
    message: `No model gave an answer: ${tried.join('; ') || 'none could be called'}${spent.words}`,
    // Where every account is empty, every key wrong or every model gone, the same task only fails again.
    isRetryable:
      attempts.length === 0 || attempts.some(({ outcome, reason }) => outcome !== 'failed' || isWorthRetrying(reason)),
    details: {
      attempts: attempts.map(({ modelId, outcome, reason, costNanos, message, retryAfterMs, latencyMs }) => ({
        modelId,
        outcome,
        reason,
        ...(costNanos !== undefined && { costNanos: costNanos.toString() }),
        ...(message !== undefined && { message }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        latencyMs,
      })),
      ...spent.details,
      // One model that can be asked again is enough.
      ...(waits.length > 0 && { retryAfterMs: Math.min(...waits) }),
    },
  })
}

type Spent = {
  /** For the end of a message; empty when nothing was spent. */
  readonly words: string
  readonly details: {
    /** Decimal text; a lower bound with `hasUnknownCost`. Calls that gave no answer and may be billed are in it with the most that they can cost. */
    readonly spentNanos?: string
    readonly hasUnknownCost?: true
  }
}

/** What the task has cost although it has no answer. A step of a split task ends before the task does, so of that only the attempts tell. */
function spentOn({ money, stepId }: TaskRun): Spent {
  if (stepId !== undefined) return { words: '', details: {} }
  const { spentNanos, hasUnknownCost } = money
  const details = { spentNanos: spentNanos.toString(), ...(hasUnknownCost && { hasUnknownCost }) }
  if (spentNanos === ZERO_AMOUNT) return { words: hasUnknownCost ? '. What it cost is not known' : '', details }
  return { words: `. It cost ${boundWord(money)}${formatAmount(spentNanos)} USD`, details }
}

function boundWord({ hasUnknownCost, isEstimated }: TaskMoney): string {
  if (hasUnknownCost) return 'at least '
  return isEstimated ? 'up to ' : ''
}
