import { assert } from '../base/assert.ts'
import { CodedError } from '../base/errors.ts'
import { ZERO_AMOUNT } from '../base/money.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import { estimateTokens } from '../core/models/estimate-tokens.ts'
import type { PlannedTask } from '../core/planning/order-by-dependencies.ts'
import { stepsOf } from '../core/routing/planned-steps.ts'
import { isAccepted } from '../core/verification/verdict.ts'
import type { ModelStreamPart } from '../ports/language-model.ts'
import type { ScheduledTimer } from '../ports/timers.ts'
import type { Span } from '../ports/tracer.ts'
import { Cascade, NOTHING_LEFT } from './cascade.ts'
import { attemptOf, endUnanswered, failureCode, type AdmittedCall } from './call-model.ts'
import { chargeOfUsage, costOfCall } from './call-cost.ts'
import { describeAnswer, startCallSpan, traceOfCall } from './call-span.ts'
import { StreamCollector } from './collect-stream.ts'
import { endedBy, eventOf, judgeAnswer, saidBy, type PlanComponents, type PlanResult } from './execute-plan.ts'
import { ModelAsks, type Told } from './model-asks.ts'
import type { StepOutcome, StepTurn } from './graph/step-turn.ts'
import { endError } from './plan-end.ts'
import { chargeOfBroken, SpendGuard } from './spend-guard.ts'
import { chargeTask, recordAttempt, recordFirstPart, type TaskRun } from './task-run.ts'

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
export function startStream(components: PlanComponents, run: TaskRun): Promise<StartedStream> {
  const streaming = new StreamingCascade(components, run)
  const whole = {
    taskId: run.taskId,
    attemptsMax: stepsOf(run.decision).length,
    execute: (turn: StepTurn<PlannedTask>) => streaming.attempt(turn),
  }
  components.runner.runWhole(whole).then(
    () => streaming.ended(),
    (error: unknown) => streaming.failed(error),
  )
  return streaming.started
}

/** A cascade that ends with the first model that gives content. Its last attempt lasts as long as the stream does. */
class StreamingCascade {
  readonly started: Promise<StartedStream>
  private readonly cascade: Cascade
  private readonly asks: ModelAsks<StreamGiven>
  /** By index of the model. */
  private readonly empty: (EmptyAnswer | undefined)[] = []
  private readonly outcome = Promise.withResolvers<StartedStream>()
  private isStarted = false

  constructor(components: PlanComponents, run: TaskRun) {
    this.cascade = new Cascade(run, stepsOf(run.decision))
    this.asks = new ModelAsks({
      components,
      run,
      cascade: this.cascade,
      call: async ({ isLastResort }, call) => {
        const span = startCallSpan(components, run, { ...call, isStreaming: true })
        return await readUntilContent({ components, run, call, span }, isLastResort)
      },
    })
    this.started = this.outcome.promise
  }

  /** Resolves to `ANOTHER_MODEL` or `NOTHING_LEFT`; never rejects. */
  async attempt(turn: StepTurn<PlannedTask>): Promise<StepOutcome> {
    try {
      const told = await this.asks.ask(turn)
      const { given } = told
      if (given !== undefined && 'started' in given) {
        this.isStarted = true
        this.outcome.resolve(given.started)
        await given.started.finished.catch(() => undefined)
        return NOTHING_LEFT
      }
      assert('report' in told, 'a stream that has not begun has ended')
      this.empty[turn.attempt - 1] = given?.empty
      const outcome = this.cascade.report(told.report)
      if (outcome === NOTHING_LEFT) await this.asks.end()
      return outcome
    } catch (error: unknown) {
      this.outcome.reject(error)
      return NOTHING_LEFT
    }
  }

  /** After the last attempt. */
  ended(): void {
    if (this.isStarted) return
    try {
      this.outcome.resolve(emptyStream(this.empty[this.cascade.standing().index]))
    } catch (error: unknown) {
      this.outcome.reject(error)
    }
  }

  failed(error: unknown): void {
    this.outcome.reject(error)
  }
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

type StreamGiven = { readonly started: StartedStream } | { readonly empty: EmptyAnswer }

type ModelTried = Told<StreamGiven>

async function readUntilContent(calling: Calling, isLastResort: boolean): Promise<ModelTried> {
  const { call, run, span } = calling
  const { signal } = call.deadline
  const streaming = call.model.doStream(call.request, { signal, trace: traceOfCall(span, run) })
  const iterator = streaming[Symbol.asyncIterator]()
  const held: ModelStreamPart[] = []
  const limit = limitFirstPart(calling)
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      held.push(next.value)
      if (!hasContent(next.value)) continue
      const nowMs = calling.components.clock.monotonicMs()
      recordFirstPart(run, nowMs - run.startedMs)
      return { given: { started: startedStream({ ...calling, iterator, held, firstPartMs: nowMs - call.startedMs }) } }
    }
  } catch (error: unknown) {
    return await failed(calling, { code: failureCode(error, call.deadline.signal), error })
  } finally {
    limit?.cancel()
  }
  if (held.at(-1)?.type !== 'finish') return await failed(calling, { code: 'MODEL_STREAM_TRUNCATED' })
  return await judgeEmpty({ ...calling, iterator, held }, isLastResort)
}

function limitFirstPart({ components, call }: Calling): ScheduledTimer | undefined {
  const { timers, firstPartTimeoutMs } = components
  if (firstPartTimeoutMs === undefined) return undefined
  const message = `No content within ${firstPartTimeoutMs} ms`
  return timers.schedule(firstPartTimeoutMs, () => call.deadline.abort(new CodedError('MODEL_TIMEOUT', { message })))
}

/** Whether a part is worth more than another model's answer would be: from the first of these on the model stays. */
function hasContent(part: ModelStreamPart): boolean {
  return part.type === 'text-delta' ? part.text.trim() !== '' : part.type !== 'finish'
}

async function judgeEmpty(running: Running, isLastResort: boolean): Promise<ModelTried> {
  const { run, call, held } = running
  call.deadline.end()
  const result = await settleStream(running, { collector: collect(held), end: { kind: 'ended' }, isLastResort })
  return { report: { event: eventOf(run, result.verdict) }, given: { empty: { parts: held, result } } }
}

async function failed(
  { components, run, call, span }: Calling,
  { code, error }: { readonly code: string; readonly error?: unknown },
): Promise<ModelTried> {
  call.deadline.end()
  const isAborted = run.signal?.aborted === true
  span.recordError(isAborted ? 'REQUEST_ABORTED' : code)
  span.end()
  const charge = await endUnanswered(run, call, isAborted ? 'REQUEST_ABORTED' : code)
  const latencyMs = components.clock.monotonicMs() - call.startedMs
  const { entry } = call
  if (isAborted) {
    recordAttempt(run, attemptOf({ entry, outcome: 'aborted', charge, latencyMs }))
    return { report: { event: { type: 'run-aborted' } } }
  }
  recordAttempt(run, {
    ...attemptOf({ entry, ...endedBy(code), charge, latencyMs }),
    ...saidBy(error),
  })
  return { report: { event: { type: 'call-failed', code }, cause: { failure: error } } }
}

type Calling = {
  readonly components: PlanComponents
  readonly run: TaskRun
  readonly call: AdmittedCall
  /** Whoever ends the money of the call ends its span. */
  readonly span: Span
}

type Running = Calling & {
  readonly iterator: AsyncIterator<ModelStreamPart>
  /** What was read to find out whether there is content. */
  readonly held: readonly ModelStreamPart[]
  /** Milliseconds from the call to its first content; absent where none came. */
  readonly firstPartMs?: number
}

function startedStream(running: Running): StartedStream {
  const finished = Promise.withResolvers<PlanResult>()
  // Whoever reads `parts` sees the failure there; nobody is forced to look at `finished` as well.
  finished.promise.catch(() => undefined)
  const reading: Reading = { state: 'unread' }
  const { deadline } = running.call
  deadline.onAbort(() => {
    // A reader ends the stream itself.
    if (reading.state !== 'unread') return
    reading.state = 'over'
    endStream(running, collect(running.held), { kind: 'failed', error: deadline.signal.reason }).then(
      finished.resolve,
      finished.reject,
    )
  })
  return { entry: running.call.entry, parts: passThrough(running, reading, finished), finished: finished.promise }
}

/** Whether somebody has begun to read a stream before its time was over. */
type Reading = { state: 'unread' | 'read' | 'over' }

/** Passes parts on as they come and settles the money and the record whichever way the stream ends: end, failure, or a reader who leaves. */
async function* passThrough(
  running: Running,
  reading: Reading,
  finished: PromiseWithResolvers<PlanResult>,
): AsyncGenerator<ModelStreamPart, void, undefined> {
  if (reading.state === 'over') throw running.call.deadline.signal.reason
  reading.state = 'read'
  const { iterator, held } = running
  const collector = new StreamCollector()
  let end: StreamEnd = { kind: 'left' }
  try {
    const guard = new SpendGuard(running.run, running.call)
    for (const part of held) {
      collector.add(part)
      guard.take(part, () => collector.written)
      yield part
    }
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      collector.add(next.value)
      guard.take(next.value, () => collector.written)
      yield next.value
    }
    end = { kind: 'ended' }
  } catch (error: unknown) {
    end = { kind: 'failed', error }
    throw error
  } finally {
    await endStream(running, collector, end).then(finished.resolve, finished.reject)
  }
}

function collect(parts: readonly ModelStreamPart[]): StreamCollector {
  const collector = new StreamCollector()
  for (const part of parts) collector.add(part)
  return collector
}

async function endStream(running: Running, collector: StreamCollector, end: StreamEnd): Promise<PlanResult> {
  // A reader who leaves early, and an abort, both have to end the upstream call.
  running.call.deadline.end()
  if (end.kind !== 'ended') await running.iterator.return?.(undefined).catch(() => undefined)
  return await settleStream(running, { collector, end, isLastResort: true })
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
 * The provider bills what it wrote. Of a stream that the reader left or that broke, what arrived is the best count of that there is, and no bound: a budget
 * is charged the most that the call can cost, and so is everybody where a provider fell silent until the time limit, since it may have gone on thinking.
 */
async function settleStream(running: Running, settled: StreamToSettle): Promise<PlanResult> {
  const { components, run, call, span, firstPartMs } = running
  const { collector, end, isLastResort } = settled
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
      // Under a budget the most counts: what the provider wrote and nobody read is billed too.
      costNanos: reservation === undefined ? chargeOfBroken(reason, arrived, call) : call.costNanosMax,
      isEstimated: true,
    }
    span.recordError(isLeft ? 'REQUEST_ABORTED' : code)
    span.end()
    chargeTask(run, charge)
    await reservation?.settle(charge.costNanos ?? ZERO_AMOUNT)
    const failure = !isLeft && end.kind === 'failed' ? end.error : undefined
    recordAttempt(run, {
      ...attemptOf({ entry, outcome: isLeft ? 'aborted' : 'failed', reason, usage, charge, latencyMs, firstPartMs }),
      ...saidBy(failure),
    })
    throw endError(isLeft ? { kind: 'aborted' } : { kind: 'all-failed' }, run, { failure })
  }
  const costNanos = chargeOfUsage(entry, answer.usage, { ...call, today: run.today })
  describeAnswer(span, components, { answer, costNanos, firstPartMs })
  span.end()
  chargeTask(run, { costNanos, isEstimated: answer.usage.isEstimated })
  await reservation?.settle(costNanos ?? ZERO_AMOUNT)
  const verdict = await judgeAnswer(components, run, { entry, answer, costNanos, latencyMs, isLastResort, firstPartMs })
  return { entry, answer, verdict, isAccepted: isAccepted(verdict) }
}
