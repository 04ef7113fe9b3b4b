import { CodedError } from '../base/errors.ts'
import { hexOfBytes } from '../base/hex.ts'
import { parseTaskId, type TaskId } from '../base/identifiers.ts'
import { GEN_AI } from '../base/gen-ai-conventions.ts'
import { amountToUsd, ZERO_AMOUNT } from '../base/money.ts'
import { civilDateOfInstant } from '../core/models/civil-date.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { Random } from '../ports/random.ts'
import type { RoutedStream, RouteEstimate, Router, RouteRequest, RouteResult } from '../ports/router.ts'
import type { Span, TraceParent } from '../ports/tracer.ts'
import type { TelemetrySink } from '../ports/telemetry-sink.ts'
import { answerWithoutModel, rememberAnswer, type ShortcutComponents } from './answer-without-model.ts'
import { type DecideComponents, decideTask } from './decide-task.ts'
import { estimateTask } from './estimate-task.ts'
import { executePlan, type PlanComponents, type PlanResult } from './execute-plan.ts'
import { type DecomposeInit, executeSubTasks, isDecomposed, reasonNotSplit } from './execute-sub-tasks.ts'
import { createFailureMemory } from './failure-memory.ts'
import { PlanRunner, type PlanRunnerComponents } from './plan-runner.ts'
import { replayAsStream } from './replay-stream.ts'
import { outcomeOf, type TaskEnd } from './report-outcome.ts'
import { factsOf } from './request-facts.ts'
import type { TaskObserver } from './rollout/rollout-observer.ts'
import { cacheStateOf, resultOf, routeThatRan, type StandingAnswer, standingOf } from './route-result.ts'
import { startStream } from './stream-plan.ts'
import { recordTexts, type TaskRun } from './task-run.ts'
import { WarmPrompts } from './warm-prompts.ts'
import { unaskedDecision } from './unasked-decision.ts'

/**
 * Everything that a router takes from outside: models with their prices, a policy, budgets and a cache, what checks answers and texts,
 * actors to run plans, and where tasks are recorded.
 */
export type RouterComponents = Omit<PlanComponents, 'runner'> &
  PlanRunnerComponents &
  ShortcutComponents &
  Omit<DecideComponents, 'failures' | 'warm'> & {
    readonly telemetry: TelemetrySink
    readonly random: Random
    /** Told of every task that ended; absent: nobody is. */
    readonly observe?: TaskObserver
  }

/** Whether a router splits hard tasks into steps, and how much of earlier steps each may see. */
export type RouterInit = DecomposeInit

/** The service behind `Router`: exact tools, cache, policy, models, verification, record - in this order, each only when the one before had no answer. */
export function createRouter(components: RouterComponents, init: RouterInit): Router {
  return new RoutingService(components, init)
}

class RoutingService implements Router {
  readonly #components: RouterComponents & PlanComponents & DecideComponents
  readonly #init: RouterInit
  readonly #warm = new WarmPrompts()

  constructor(components: RouterComponents, init: RouterInit) {
    this.#components = {
      ...components,
      runner: new PlanRunner(components),
      failures: createFailureMemory(),
      warm: this.#warm,
    }
    this.#init = init
  }

  async route(request: RouteRequest, options: AbortOptions = {}): Promise<RouteResult> {
    const run = this.#begin(request, { ...options, isStreaming: false })
    try {
      const screening = this.#screen(run)
      if (screening !== undefined) await screening
      const shortcut = await answerWithoutModel(this.#components, run)
      if (shortcut !== undefined) return this.#finish(run, shortcut)
      await decideTask(this.#components, run)
      return this.#complete(run, await this.#answer(run))
    } catch (error: unknown) {
      this.#fail(run, error)
      throw error
    }
  }

  async routeStream(request: RouteRequest, options: AbortOptions = {}): Promise<RoutedStream> {
    const run = this.#begin(request, { ...options, isStreaming: true })
    try {
      const screening = this.#screen(run)
      if (screening !== undefined) await screening
      const shortcut = await answerWithoutModel(this.#components, run)
      if (shortcut !== undefined) return bufferedStream(run, this.#finish(run, shortcut))
      await decideTask(this.#components, run)
      // A cascade may still change its mind, so its answer is held back until it is accepted; a single tier streams at once.
      const isCascade = run.decision.route === 'hybrid' && run.decision.plan.length > 1
      if (!isCascade && !isDecomposed(run, this.#init)) return await this.#liveStream(run)
      return bufferedStream(run, this.#complete(run, await this.#answer(run)))
    } catch (error: unknown) {
      this.#fail(run, error)
      throw error
    }
  }

  async estimate(request: RouteRequest, options: AbortOptions = {}): Promise<RouteEstimate> {
    return await estimateTask(this.#components, this.#begin(request, { ...options, isStreaming: false }))
  }

  #begin(route: RouteRequest, options: AbortOptions & { readonly isStreaming: boolean }): TaskRun {
    options.signal?.throwIfAborted()
    if (route.request.messages.length === 0) {
      throw new CodedError('REQUEST_INVALID', { message: 'messages must not be empty' })
    }
    const { clock, tracer, random } = this.#components
    const startedAt = clock.now()
    return {
      taskId: route.taskId ?? newTaskId(random),
      route,
      facts: factsOf(route.request, options.isStreaming),
      decision: unaskedDecision('no model was needed'),
      today: civilDateOfInstant(startedAt),
      startedAt,
      startedMs: clock.monotonicMs(),
      span: tracer.startSpan('route', parentOf(route)),
      signal: options.signal,
      attempts: [],
      overheadCalls: [],
      money: { spentNanos: ZERO_AMOUNT, hasUnknownCost: false, isEstimated: false },
      cache: undefined,
    }
  }

  /** Before anything else, so that a text that is refused reaches no cache, no peer and no model. Throws `UNTRUSTED_TEXT_REFUSED`. */
  #screen(run: TaskRun): Promise<void> | undefined {
    const { textGuard } = this.#components
    if (textGuard === undefined) return undefined
    const { route, signal } = run
    return textGuard
      .screen(route.request.messages, { sender: route.sender ?? 'user', signal })
      .then((reports) => recordTexts(run, reports))
  }

  #answer(run: TaskRun): Promise<PlanResult> {
    if (isDecomposed(run, this.#init)) return executeSubTasks(this.#components, this.#init, run)
    return executePlan(this.#components, run)
  }

  async #liveStream(run: TaskRun): Promise<RoutedStream> {
    const started = await startStream(this.#components, run)
    const result = started.finished.then(
      (planned) => this.#complete(run, planned),
      (error: unknown) => {
        this.#fail(run, error)
        throw error
      },
    )
    // The reader of `parts` sees the same failure there.
    result.catch(() => undefined)
    return {
      taskId: run.taskId,
      tier: started.entry.tier,
      route: routeThatRan(run, started.entry.tier),
      modelId: started.entry.id,
      provider: started.entry.provider,
      cache: cacheStateOf(run),
      decision: run.decision,
      isBuffered: false,
      parts: started.parts,
      result,
    }
  }

  /** What follows an answer of a model, whole or streamed: cache, memory of failures, record. */
  #complete(run: TaskRun, planned: PlanResult): RouteResult {
    rememberAnswer(this.#components, run, planned)
    this.#components.failures.note(run, planned.isAccepted)
    this.#warm.note(run, planned.entry, planned.answer.usage)
    return this.#finish(run, standingOf(planned))
  }

  #finish(run: TaskRun, standing: StandingAnswer): RouteResult {
    const notSplitBecause = run.attempts.length === 0 ? undefined : reasonNotSplit(run, this.#init)
    const result = {
      ...resultOf(this.#components, run, standing),
      ...(notSplitBecause !== undefined && { notSplitBecause }),
    }
    this.#end(run, { result })
    return result
  }

  #fail(run: TaskRun, error: unknown): void {
    run.span.recordError(error)
    const latencyMs = this.#components.clock.monotonicMs() - run.startedMs
    this.#end(run, { errorCode: codeOf(run, error), latencyMs })
  }

  #end(run: TaskRun, taskEnd: TaskEnd): void {
    this.#components.telemetry.record(outcomeOf(run, taskEnd))
    this.#components.observe?.(run, taskEnd)
    if (run.span.isRecording) describeEnd(run, taskEnd)
    run.span.end()
  }
}

function codeOf(run: TaskRun, error: unknown): string {
  if (CodedError.is(error)) return error.code
  return run.signal?.aborted === true ? 'REQUEST_ABORTED' : 'INTERNAL_ERROR'
}

function bufferedStream(run: TaskRun, result: RouteResult): RoutedStream {
  const { tier, route, modelId, provider, cache, decision } = result
  return {
    taskId: run.taskId,
    tier,
    route,
    modelId,
    provider,
    cache,
    decision,
    isBuffered: true,
    parts: replayAsStream(result.answer),
    result: Promise.resolve(result),
  }
}

/** 128 random bits: unique without coordination. */
function newTaskId(random: Random): TaskId {
  return parseTaskId(`task-${hexOfBytes(random.bytes(16))}`) as TaskId
}

function describeEnd(run: TaskRun, taskEnd: TaskEnd): void {
  run.span.setAttribute('kernell.task.id', run.taskId)
  if (!('result' in taskEnd)) return
  run.span.setAttribute('kernell.tier', taskEnd.result.tier)
  run.span.setAttribute('kernell.route', taskEnd.result.route)
  run.span.setAttribute('kernell.cache', taskEnd.result.cache)
  run.span.setAttribute('kernell.attempts', taskEnd.result.attempts.length)
  run.span.setAttribute(GEN_AI.responseModel, taskEnd.result.modelId)
  const { costNanos } = taskEnd.result
  if (costNanos !== undefined) run.span.setAttribute('kernell.cost_usd', amountToUsd(costNanos))
}

/** The span of whoever serves the task, or else the trace that its caller named. */
function parentOf({ span, traceparent, tracestate }: RouteRequest): Span | TraceParent | undefined {
  if (span?.isRecording === true) return span
  return traceparent === undefined ? undefined : { traceparent, ...(tracestate !== undefined && { tracestate }) }
}
