import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { parseOptions } from '../../simulation/run/run-scenario.ts'
import type { Scenario } from '../../simulation/scenario/scenario.ts'
import type { SeedFailure } from '../../simulation/seeds/seed-result.ts'
import type { Terminal } from '../terminal.ts'
import { describeScenario, type ListedScenario } from './list-scenarios.ts'
import { plainOptions } from './run-job.ts'
import { loadScenario, ownModulesHash, type ScenarioSource } from './scenario-source.ts'

/** Options that it is to be played with; absent: it is only listed. */
export type DescribeJob = {
  readonly source: ScenarioSource
  readonly options: Readonly<Record<string, unknown>> | undefined
}

/** What is known of a scenario without having its code on this thread. */
export type DescribedScenario = {
  readonly name: string
  readonly listed: ListedScenario
  /** SHA-256 of its own modules: a file, and what it imports that is of no package. */
  readonly modules: string
  /** What it is played with, with the defaults. */
  readonly options: JsonValue
  /** What options are that are not said; empty where some have to be. */
  readonly defaults: Readonly<Record<string, unknown>>
}

export type DescribeInit = DescribeJob & {
  readonly terminal: Pick<Terminal, 'note'>
  readonly signal: AbortSignal
  /** A module that takes longer is none. Default 30 seconds. */
  readonly timeoutMs?: number
}

type Answer = { readonly described: DescribedScenario } | { readonly failure: SeedFailure }

/**
 * Loads a scenario and says what it is; a file on a thread of its own, which is ended then.
 *
 * @throws `SIMULATION_SCENARIO_INVALID`; `SIMULATION_OPTIONS_INVALID`; the signal's reason.
 */
export async function describeSource(init: DescribeInit): Promise<DescribedScenario> {
  const { source, options, terminal } = init
  if (source.kind === 'built-in') return describeLoaded(await loadScenario(source), options)
  const isSource = import.meta.url.endsWith('.ts')
  const url = new URL(isSource ? './describe-worker.ts' : './describe-worker.js', import.meta.url)
  const workerData: DescribeJob = { source, options }
  const worker = new Worker(url, { workerData, stdout: true, stderr: true })
  for (const stream of [worker.stdout, worker.stderr])
    stream.on('data', (text: Buffer) => terminal.note(text.toString('utf8').trimEnd()))
  try {
    const answer = await answerOf(worker, init)
    if ('failure' in answer) throw new CodedError(answer.failure.code, { message: answer.failure.message })
    return answer.described
  } finally {
    await worker.terminate()
  }
}

async function answerOf(worker: Worker, { source, signal, timeoutMs = 30_000 }: DescribeInit): Promise<Answer> {
  const file = source.kind === 'file' ? source.url : source.name
  const invalid = (why: string, cause?: unknown): CodedError =>
    new CodedError('SIMULATION_SCENARIO_INVALID', { message: `${file} ${why}`, cause, details: { file } })
  const limit = AbortSignal.timeout(timeoutMs)
  const either = { signal: AbortSignal.any([signal, limit]) }
  try {
    const [answer] = (await Promise.race([
      once(worker, 'message', either),
      once(worker, 'exit', either).then(([code]: unknown[]) => {
        throw invalid(`ended its thread while it was loaded, with code ${String(code)}`)
      }),
    ])) as [Answer]
    return answer
  } catch (cause: unknown) {
    if (signal.aborted) throw signal.reason
    if (CodedError.is(cause)) throw cause
    if (limit.aborted) throw invalid(`was not loaded within ${timeoutMs / 1_000} s`)
    throw invalid(`cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
}

/** Throws `SIMULATION_OPTIONS_INVALID`. */
export function describeLoaded(scenario: Scenario, options: DescribeJob['options']): DescribedScenario {
  const { name } = scenario
  const played = options === undefined ? null : plainOptions(parseOptions(scenario, options))
  const modules = ownModulesHash()
  return { name, listed: describeScenario(scenario), modules, options: played, defaults: defaultsOf(scenario) }
}

function defaultsOf(scenario: Scenario): Readonly<Record<string, unknown>> {
  try {
    return plainOptions(parseOptions(scenario, {})) as Readonly<Record<string, unknown>>
  } catch {
    // Some options have none.
    return {}
  }
}
