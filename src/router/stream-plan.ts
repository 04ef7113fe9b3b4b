import { assert } from '../base/assert.ts'
import { ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import { estimateTokens } from '../core/models/estimate-tokens.ts'
import type { AttemptEvent } from '../core/routing/attempt-machine.ts'
import { isAccepted } from '../core/verification/verdict.ts'
import type { ModelStreamPart } from '../ports/language-model.ts'
import { attemptOf, endUnanswered, failureCode, type AdmittedCall } from './call-model.ts'
import { costOfCall } from './call-cost.ts'
import { StreamCollector } from './collect-stream.ts'
import { drivePlan, type StepTurn } from './drive-plan.ts'
import {
  entryOf,
  eventOf,
  judgeAnswer,
  saidBy,
  tryAdmit,
  type PlanComponents,
  type PlanResult,
} from './execute-plan.ts'
import { endError, type EndCause } from './plan-end.ts'
import { chargeTask, recordAttempt, type TaskRun } from './task-run.ts'

/** A model that has begun to answer: from here on there is no other model. */
export type StartedStream = {
  readonly entry: ModelEntry
  readonly parts: AsyncIterable<ModelStreamPart>
  /** Settles when `parts` has ended: with the judged answer, or with what stopped it. */
  readonly finished: Promise<PlanResult>
}

/**
 * Starts the first model of the plan that gives content; the ones before it are recorded as failed, or as rejected where they ended without any.
 * Once content has passed the model stays, and the answer is judged after the last byte.
 *
 * Throws as `executePlan`, before the first part only.
 */
export async function startStream(components: PlanComponents, run: TaskRun): Promise<StartedStream> {
  const empty = new Map<number, EmptyAnswer>()
  const end = await drivePlan(run, run.decision.plan, async (turn) => {
    const tried = await tryStep(components, run, turn)
    if (tried.started !== undefined) return { kind: 'ended', result: tried.started }
    if (tried.empty !== undefined) empty.set(turn.index, tried.empty)
    return { kind: 'reported', event: tried.event, cause: tried.cause }
  })
  return end.kind === 'ended' ? end.result : emptyStream(empty.get(end.index))
}

/** An answer that came to its end without any content. */
type EmptyAnswer = { readonly parts: readonly ModelStreamPart[]; readonly result: PlanResult }

/** No model of the plan gave content: what the best of them sent is passed on, marked as it was judged. */
function emptyStream(answer: EmptyAnswer | undefined): StartedStream {
  assert(answer !== undefined, 'the answering step left an answer')
  return { entry: answer.result.entry, parts: partsOf(answer.parts), finished: Promise.resolve(answer.result) }
}

async function* partsOf(parts: readonly ModelStreamPart[]): AsyncGenerator<ModelStreamPart, void, undefined> {
  yield* parts
}

type StepTried =
  | { readonly started: StartedStream }
  | {
      readonly started?: undefined
      readonly event: AttemptEvent
      readonly empty?: EmptyAnswer
      readonly cause?: EndCause
    }

async function tryStep(components: PlanComponents, run: TaskRun, { step, isLastResort }: StepTurn): Promise<StepTried> {
  const entry = entryOf(components, step)
  const admitted = await tryAdmit(components, run, entry)
  if (admitted.kind === 'refused') return { event: { type: 'budget-refused' }, cause: { refusal: admitted.error } }
  if (admitted.kind === 'aborted') return { event: { type: 'run-aborted' } }
  const { call } = admitted
  const iterator = call.model.doStream(call.request, { signal: call.deadline.signal })[Symbol.asyncIterator]()
  const held: ModelStreamPart[] = []
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      held.push(next.value)
      if (hasContent(next.value)) return { started: startedStream({ components, run, call, iterator, held }) }
    }
  } catch (error: unknown) {
    return await failed(components, run, { call, code: failureCode(error, call.deadline.signal), error })
  }
  if (held.at(-1)?.type !== 'finish') return await failed(components, run, { call, code: 'MODEL_STREAM_TRUNCATED' })
  return await judgeEmpty({ components, run, call, iterator, held }, isLastResort)
}

/** Whether a part is worth more than another model's answer would be: from the first of these on the model stays. */
function hasContent(part: ModelStreamPart): boolean {
  return part.type === 'text-delta' ? part.text.trim() !== '' : part.type !== 'finish'
}

async function judgeEmpty(running: Running, isLastResort: boolean): Promise<StepTried> {
  const { run, call, held } = running
  call.deadline.end()
  const collector = new StreamCollector()
  for (const part of held) collector.add(part)
  const result = await settleStream(running, { collector, end: { kind: 'ended' }, isLastResort })
  return { event: eventOf(run, result.verdict), empty: { parts: held, result } }
}

async function failed(
  components: PlanComponents,
  run: TaskRun,
  { call, code, error }: { readonly call: AdmittedCall; readonly code: string; readonly error?: unknown },
): Promise<StepTried> {
  call.deadline.end()
  const isAborted = run.signal?.aborted === true
  const charge = await endUnanswered(run, call, isAborted ? 'REQUEST_ABORTED' : code)
  const latencyMs = components.clock.monotonicMs() - call.startedMs
  const { entry } = call
  if (isAborted) {
    recordAttempt(run, attemptOf({ entry, outcome: 'aborted', charge, latencyMs }))
    return { event: { type: 'run-aborted' } }
  }
  recordAttempt(run, {
    ...attemptOf({ entry, outcome: 'failed', reason: code, charge, latencyMs }),
    ...saidBy(error),
  })
  return { event: { type: 'call-failed', code }, cause: { failure: error } }
}

type Running = {
  readonly components: PlanComponents
  readonly run: TaskRun
  readonly call: AdmittedCall
  readonly iterator: AsyncIterator<ModelStreamPart>
  /** What was read to find out whether there is content. */
  readonly held: readonly ModelStreamPart[]
}

function startedStream(running: Running): StartedStream {
  const finished = Promise.withResolvers<PlanResult>()
  // Whoever reads `parts` sees the failure there; nobody is forced to look at `finished` as well.
  finished.promise.catch(() => undefined)
  return { entry: running.call.entry, parts: passThrough(running, finished), finished: finished.promise }
}

/** Passes parts on as they come and settles the money and the record whichever way the stream ends: end, failure, or a reader who leaves. */
async function* passThrough(
  running: Running,
  finished: PromiseWithResolvers<PlanResult>,
): AsyncGenerator<ModelStreamPart, void, undefined> {
  const { iterator, held } = running
  const collector = new StreamCollector()
  let end: StreamEnd = { kind: 'left' }
  try {
    for (const part of held) {
      collector.add(part)
      yield part
    }
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      collector.add(next.value)
      yield next.value
    }
    end = { kind: 'ended' }
  } catch (error: unknown) {
    end = { kind: 'failed', error }
    throw error
  } finally {
    // A reader who leaves early, and an abort, both have to end the upstream call.
    running.call.deadline.end()
    if (end.kind !== 'ended') await iterator.return?.(undefined).catch(() => undefined)
    await settleStream(running, { collector, end, isLastResort: true }).then(finished.resolve, finished.reject)
  }
}

type StreamEnd =
  | { readonly kind: 'ended' }
  | { readonly kind: 'left' }
  | { readonly kind: 'failed'; readonly error: unknown }

type StreamToSettle = {
  readonly collector: StreamCollector
  readonly end: StreamEnd
  /** Nothing is left to be asked after this answer. */
  readonly isLastResort: boolean
}

/**
 * The provider bills what it wrote. Of a stream that the reader left or that broke, what arrived is the best count of that there is. A provider that
 * fell silent until the time limit may have gone on thinking, so the most that the call can cost is charged.
 */
async function settleStream(
  { components, run, call }: Running,
  { collector, end, isLastResort }: StreamToSettle,
): Promise<PlanResult> {
  const { entry, reservation } = call
  const latencyMs = components.clock.monotonicMs() - call.startedMs
  const answer = collector.answer()
  if (answer === undefined) {
    const usage = {
      tokensIn: run.facts.tokensIn,
      tokensOut: estimateTokens(collector.written),
      cachedTokensIn: 0,
      isEstimated: true,
    }
    const isLeft = end.kind === 'left' || run.signal?.aborted === true
    const code = end.kind === 'failed' ? failureCode(end.error, call.deadline.signal) : 'MODEL_STREAM_TRUNCATED'
    const reason = isLeft ? undefined : code
    const arrived = costOfCall(entry, usage, run.today)
    const charge = {
      costNanos: reason === 'MODEL_TIMEOUT' ? larger(arrived, call.costNanosMax) : arrived,
      isEstimated: true,
    }
    chargeTask(run, charge)
    await reservation?.settle(charge.costNanos ?? ZERO_AMOUNT)
    const failure = !isLeft && end.kind === 'failed' ? end.error : undefined
    recordAttempt(run, {
      ...attemptOf({ entry, outcome: isLeft ? 'aborted' : 'failed', reason, usage, charge, latencyMs }),
      ...saidBy(failure),
    })
    throw endError(isLeft ? { kind: 'aborted' } : { kind: 'all-failed' }, run, { failure })
  }
  const costNanos = costOfCall(entry, answer.usage, run.today)
  chargeTask(run, { costNanos, isEstimated: answer.usage.isEstimated })
  await reservation?.settle(costNanos ?? ZERO_AMOUNT)
  const verdict = await judgeAnswer(components, run, { entry, answer, costNanos, latencyMs, isLastResort })
  return { entry, answer, verdict, isAccepted: isAccepted(verdict) }
}

/** Both are unknown together: they come from one price. */
function larger(left: Amount | undefined, right: Amount | undefined): Amount | undefined {
  if (left === undefined || right === undefined) return undefined
  return left > right ? left : right
}
