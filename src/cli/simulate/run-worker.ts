import { CodedError } from '../../base/errors.ts'
import { runScenario, type RunInit } from '../../simulation/run/run-scenario.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import { shrinkRun, type Shrunk } from '../../simulation/run/shrink.ts'
import { readRecordedRows } from '../../simulation/scenario/recorded-rows.ts'
import type { TracedEvent } from '../../simulation/record/run-recorder.ts'
import { readDataFile } from '../read-data-files.ts'
import {
  plainOptions,
  type RunAnswer,
  type RunJob,
  type SeedAnswer,
  type SeedJob,
  type ShrinkAnswer,
  type ShrinkJob,
  type ShrinkNews,
} from './run-job.ts'
import { loadScenario } from './scenario-source.ts'
import { playAgain, playTwice } from '../../simulation/seeds/play-twice.ts'
import type { SeedFailure } from '../../simulation/seeds/seed-result.ts'
import { startPulse } from './thread-pulse.ts'
import { LastEvents, TraceFile } from './trace-file.ts'
import { TryLimits } from './try-limits.ts'

// The output of the command is its result: what a scenario prints is a remark.
process.stdout.write = process.stderr.write.bind(process.stderr)

/** Both runs of a seed, on a thread of the pool. What the scenario throws comes back as a value: errors lose their codes between threads. */
export async function playSeed(job: SeedJob): Promise<SeedAnswer> {
  try {
    const scenario = await loadScenario(job.source)
    return await listening(playTwice(scenario, await initOf(job)))
  } catch (error: unknown) {
    return { failure: failureOf(error) }
  }
}

/** One seed, traced and watched as it is asked for. */
export async function playRun(job: RunJob): Promise<RunAnswer> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  const endPulse = startPulse(job.pulse)
  let far = { events: 0, virtualMs: 0 }
  job.port.on('message', stop)
  const trace = job.traceFile === undefined ? undefined : new TraceFile(job.traceFile, stop)
  try {
    const answer = await playWatched(job, {
      trace,
      signal: stopping.signal,
      onProgress: ({ events, virtualMs, playMs }) => {
        far = { events, virtualMs }
        job.port.postMessage({ events, virtualMs, playMs })
      },
    })
    trace?.close()
    return trace?.failure === undefined ? answer : { ...answer, traceFailure: failureOf(trace.failure) }
  } catch (error: unknown) {
    trace?.close()
    if (trace?.failure !== undefined) return { kind: 'failed', failure: failureOf(trace.failure) }
    return stopping.signal.aborted ? { kind: 'stopped', ...far } : { kind: 'failed', failure: failureOf(error) }
  } finally {
    endPulse()
    job.port.close()
  }
}

type Watched = {
  readonly trace: TraceFile | undefined
  readonly signal: AbortSignal
  readonly onProgress: NonNullable<RunInit['onProgress']>
}

async function playWatched(
  job: RunJob,
  { trace, signal, onProgress }: Watched,
): Promise<Extract<RunAnswer, { readonly kind: 'done' }>> {
  const scenario = await loadScenario(job.source)
  const last = new LastEvents(job.lastEvents)
  const isTraced = trace !== undefined || job.lastEvents > 0
  const onEvent = (event: TracedEvent): void => {
    trace?.add(event)
    last.add(event)
  }
  const { eventsMax } = job
  const init: RunInit = { ...(await initOf(job)), ...(eventsMax !== undefined && { eventsMax }), signal, onProgress }
  const report = await listening(runScenario(scenario, isTraced ? { ...init, onEvent } : init))
  const unequal = job.isTwice ? await playAgain(scenario, init, report) : undefined
  return {
    kind: 'done',
    report: { ...report, options: plainOptions(report.options) },
    unequal,
    lastEvents: last.list,
    traceFailure: undefined,
  }
}

/** Makes a failing seed small; all its options come back as plain values. */
export async function shrinkSeed(job: ShrinkJob): Promise<ShrinkAnswer> {
  const tell = (news: ShrinkNews): void => job.port.postMessage(news)
  const limits = new TryLimits(job.timeoutMs)
  try {
    const init = {
      ...(await initOf(job)),
      newTry: () => {
        const limitMs = limits.next(performance.now())
        tell({ limitMs })
        return untilLate(limitMs)
      },
      onSmaller: (shrunk: Shrunk) => tell({ shrunk: plainShrunk(shrunk) }),
    }
    const shrunk = await listening(shrinkRun(await loadScenario(job.source), init))
    return shrunk === undefined ? { failure: undefined } : { shrunk: plainShrunk(shrunk) }
  } catch (error: unknown) {
    return { failure: failureOf(error) }
  } finally {
    job.port.close()
  }
}

function plainShrunk(shrunk: Shrunk): Shrunk {
  return { ...shrunk, failing: { ...shrunk.failing, options: plainOptions(shrunk.failing.options) } }
}

/** Throws from its limit on; a run is asked behind every so many events. */
function untilLate(limitMs: number): () => void {
  const startedMs = performance.now()
  return () => {
    if (performance.now() - startedMs < limitMs) return
    throw new CodedError('SIMULATION_SEED_HUNG', { message: `It did not end within ${limitMs / 1_000} s` })
  }
}

/** A promise in the world that is rejected while nobody listens ends no thread: it is a fault of whoever plays there. */
async function listening<Result>(run: Promise<Result>): Promise<Result> {
  const rejected: unknown[] = []
  const listen = (reason: unknown): void => void rejected.push(reason)
  process.on('unhandledRejection', listen)
  const result = await run.finally(() => process.off('unhandledRejection', listen))
  if (rejected.length > 0) throw rejected[0]
  return result
}

async function initOf({ seed, options, signatures, dataFile, faultIds }: SeedJob): Promise<RunInit> {
  return {
    seed,
    options,
    signatures,
    ...(faultIds !== undefined && { faultIds: new Set(faultIds) }),
    // Names of keys are those of Ed25519 whoever signs: the platform's are made in a twentieth of the time.
    ed25519: await nativeSignatures(),
    ...(dataFile !== undefined && { data: rowsOf(dataFile) }),
  }
}

/** Loaded with the first seed of a thread. */
async function nativeSignatures(): Promise<NonNullable<RunInit['ed25519']>> {
  const { createNativeSignatures } = await import('../../node/native-signatures.ts')
  return createNativeSignatures()
}

/** The file that this thread has read, for all its seeds. */
let read: { readonly file: string; readonly rows: readonly RoutingRow[] } | undefined

function rowsOf(file: string): readonly RoutingRow[] {
  if (read?.file !== file) read = { file, rows: readRecordedRows(readDataFile(file, '/')) }
  return read.rows
}

function failureOf(error: unknown): SeedFailure {
  if (CodedError.is(error)) return { code: error.code, message: error.message }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const place = error instanceof Error ? error.stack?.split('\n').find((line) => /^\s+at /.test(line)) : undefined
  return { code: 'SIMULATION_SCENARIO_FAILED', message: place === undefined ? message : `${message} (${place.trim()})` }
}
