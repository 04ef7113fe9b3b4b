import { CodedError } from '../../base/errors.ts'
import { runScenario, type RunInit } from '../../simulation/run/run-scenario.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import { shrinkRun } from '../../simulation/run/shrink.ts'
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
} from './run-job.ts'
import { loadScenario } from './scenario-source.ts'
import { playAgain, playTwice } from '../../simulation/seeds/play-twice.ts'
import type { SeedFailure } from '../../simulation/seeds/seed-result.ts'
import { LastEvents, TraceFile } from './trace-file.ts'

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
  let far = { events: 0, virtualMs: 0 }
  job.port.on('message', () => stopping.abort())
  const last = new LastEvents(job.lastEvents)
  let trace: TraceFile | undefined
  try {
    const scenario = await loadScenario(job.source)
    trace = job.traceFile === undefined ? undefined : new TraceFile(job.traceFile)
    const isTraced = trace !== undefined || job.lastEvents > 0
    const onEvent = (event: TracedEvent): void => {
      trace?.add(event)
      last.add(event)
    }
    const init: RunInit = {
      ...(await initOf(job)),
      ...(job.eventsMax !== undefined && { eventsMax: job.eventsMax }),
      signal: stopping.signal,
      onProgress: ({ events, virtualMs, playMs }) => {
        far = { events, virtualMs }
        job.port.postMessage({ events, virtualMs, playMs })
      },
    }
    const report = await listening(runScenario(scenario, isTraced ? { ...init, onEvent } : init))
    const unequal = job.isTwice ? await playAgain(scenario, init, report) : undefined
    return {
      kind: 'done',
      report: { ...report, options: plainOptions(report.options) },
      unequal,
      lastEvents: last.list,
    }
  } catch (error: unknown) {
    return stopping.signal.aborted ? { kind: 'stopped', ...far } : { kind: 'failed', failure: failureOf(error) }
  } finally {
    trace?.close()
    job.port.close()
  }
}

/** Makes a failing seed small; all its options come back as plain values. */
export async function shrinkSeed(job: ShrinkJob): Promise<ShrinkAnswer> {
  try {
    const { timeoutMs } = job
    const init = { ...(await initOf(job)), newTry: () => untilLate(timeoutMs) }
    const shrunk = await listening(shrinkRun(await loadScenario(job.source), init))
    if (shrunk === undefined) return { failure: undefined }
    return { shrunk: { ...shrunk, failing: { ...shrunk.failing, options: plainOptions(shrunk.failing.options) } } }
  } catch (error: unknown) {
    return { failure: failureOf(error) }
  }
}

/** Throws from its limit on; a run is asked behind every so many events. */
function untilLate(timeoutMs: number): () => void {
  const startedMs = performance.now()
  return () => {
    if (performance.now() - startedMs < timeoutMs) return
    throw new CodedError('SIMULATION_SEED_HUNG', { message: `It did not end within ${timeoutMs / 1_000} s` })
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
  const ed25519 = signatures === 'ed25519' ? await nativeSignatures() : undefined
  return {
    seed,
    options,
    signatures,
    ...(faultIds !== undefined && { faultIds: new Set(faultIds) }),
    ...(ed25519 !== undefined && { ed25519 }),
    ...(dataFile !== undefined && { data: rowsOf(dataFile) }),
  }
}

/** Loaded where they are asked for: most threads have no need of them. */
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
