import { parseTaskId, type TaskId } from '../base/identifiers.ts'
import { CodedError } from '../base/errors.ts'
import { ZERO_AMOUNT } from '../base/money.ts'
import { civilDateOfInstant } from '../core/models/civil-date.ts'
import type { Router, RouteRequest, RouteResult, RoutedStream } from '../ports/router.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import { answerWithoutModel, rememberAnswer, type ShortcutComponents } from './answer-without-model.ts'
import { decideTask, type DecideComponents } from './decide-task.ts'
import { estimateTask } from './estimate-task.ts'
import { executePlan, type PlanComponents, type PlanResult } from './execute-plan.ts'
import { executeSubTasks, isDecomposed, type DecomposeInit } from './execute-sub-tasks.ts'
import { createFailureMemory } from './failure-memory.ts'
import { replayAsStream } from './replay-stream.ts'
import { outcomeOf, type TaskEnd } from './report-outcome.ts'
import { factsOf } from './request-facts.ts'
import { cacheStateOf, resultOf, standingOf } from './route-result.ts'
import { startStream } from './stream-plan.ts'
import type { TaskRun } from './task-run.ts'
import { unaskedDecision } from './unasked-decision.ts'
import type { Random } from '../ports/random.ts'
import type { TelemetrySink } from '../ports/telemetry-sink.ts'

export type RouterComponents = PlanComponents &
  ShortcutComponents &
  Omit<DecideComponents, 'failures'> & {
    readonly telemetry: TelemetrySink
    readonly random: Random
  }

export type RouterInit = DecomposeInit

/** The service behind `Router`: exact tools, cache, policy, models, verification, record - in this order, each only when the one before had no answer. */
export function createRouter(components: RouterComponents, init: RouterInit): Router {
  const failures = createFailureMemory()
  const deciding: DecideComponents = { ...components, failures }

  const begin = (route: RouteRequest, options: AbortOptions & { readonly isStreaming: boolean }): TaskRun => {
    options.signal?.throwIfAborted()
    if (route.request.messages.length === 0) throw new CodedError('REQUEST_INVALID', { message: 'messages must not be empty' })
    const { clock, tracer } = components
    const startedAt = clock.now()
    return {
      taskId: route.taskId ?? newTaskId(components.random),
      route,
      facts: factsOf(route.request, options.isStreaming),
      decision: unaskedDecision('no model was needed'),
      today: civilDateOfInstant(startedAt),
      startedAt,
      startedMs: clock.monotonicMs(),
      span: tracer.startSpan('route', route.traceparent === undefined ? undefined : { traceparent: route.traceparent }),
      signal: options.signal,
      attempts: [],
      overheadCalls: [],
      spentNanos: ZERO_AMOUNT,
      hasUnknownCost: false,
      cache: undefined,
    }
  }

  const end = (run: TaskRun, taskEnd: TaskEnd): void => {
    components.telemetry.record(outcomeOf(run, taskEnd))
    if (run.span.isRecording) describeEnd(run, taskEnd)
    run.span.end()
  }

  const endFailed = (run: TaskRun, error: unknown): void => {
    run.span.recordError(error)
    const isAborted = run.signal?.aborted === true
    const errorCode = CodedError.is(error) ? error.code : isAborted ? 'REQUEST_ABORTED' : 'INTERNAL_ERROR'
    end(run, { errorCode, latencyMs: components.clock.monotonicMs() - run.startedMs })
  }

  /** What follows an answer of a model, whole or streamed: cache, memory of failures, record. */
  const complete = (run: TaskRun, planned: PlanResult): RouteResult => {
    rememberAnswer(components, run, planned)
    failures.note(run, planned.isAccepted)
    const result = resultOf(components, run, standingOf(planned))
    end(run, { result })
    return result
  }

  const answer = async (run: TaskRun): Promise<RouteResult> => {
    const shortcut = await answerWithoutModel(components, run)
    if (shortcut !== undefined) {
      const result = resultOf(components, run, shortcut)
      end(run, { result })
      return result
    }
    await decideTask(deciding, run)
    const planned = isDecomposed(run, init) ? await executeSubTasks(components, init, run) : await executePlan(components, run)
    return complete(run, planned)
  }

  return {
    async route(request, options = {}) {
      const run = begin(request, { ...options, isStreaming: false })
      try {
        return await answer(run)
      } catch (error: unknown) {
        endFailed(run, error)
        throw error
      }
    },

    async routeStream(request, options = {}) {
      const run = begin(request, { ...options, isStreaming: true })
      try {
        const shortcut = await answerWithoutModel(components, run)
        if (shortcut !== undefined) {
          const result = resultOf(components, run, shortcut)
          end(run, { result })
          return bufferedStream(run, result)
        }
        await decideTask(deciding, run)
        // A cascade may still change its mind, so its answer is held back until it is accepted; a single tier streams at once.
        const isCascade = run.decision.route === 'hybrid' && run.decision.plan.length > 1
        if (isDecomposed(run, init)) return bufferedStream(run, complete(run, await executeSubTasks(components, init, run)))
        if (isCascade) return bufferedStream(run, complete(run, await executePlan(components, run)))
        return await liveStream(run)
      } catch (error: unknown) {
        endFailed(run, error)
        throw error
      }
    },

    estimate: (request, options = {}) => estimateTask(deciding, begin(request, { ...options, isStreaming: false })),
  }

  async function liveStream(run: TaskRun): Promise<RoutedStream> {
    const started = await startStream(components, run)
    const result = started.finished.then(
      (planned) => complete(run, planned),
      (error: unknown) => {
        endFailed(run, error)
        throw error
      },
    )
    // The reader of `parts` sees the same failure there.
    result.catch(() => undefined)
    return {
      taskId: run.taskId,
      tier: started.entry.tier,
      route: run.decision.route,
      modelId: started.entry.id,
      provider: started.entry.provider,
      cache: cacheStateOf(run),
      decision: run.decision,
      isBuffered: false,
      parts: started.parts,
      result,
    }
  }
}

function bufferedStream(run: TaskRun, result: RouteResult): RoutedStream {
  const { tier, route, modelId, provider, cache, decision } = result
  return { taskId: run.taskId, tier, route, modelId, provider, cache, decision, isBuffered: true, parts: replayAsStream(result.answer), result: Promise.resolve(result) }
}

/** 128 random bits: unique without coordination. */
function newTaskId(random: Random): TaskId {
  let text = 'task-'
  for (const byte of random.bytes(16)) text += byte.toString(16).padStart(2, '0')
  return parseTaskId(text) as TaskId
}

function describeEnd(run: TaskRun, taskEnd: TaskEnd): void {
  if (!('result' in taskEnd)) return
  run.span.setAttribute('kernell.tier', taskEnd.result.tier)
  run.span.setAttribute('kernell.route', taskEnd.result.route)
  run.span.setAttribute('gen_ai.response.model', taskEnd.result.modelId)
}
