import { CodedError } from '../../src/base/errors.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { mutateInput } from './mutate.ts'
import type { Sample } from './samples.ts'
import { shrinkInput } from './shrink.ts'
import type { Finding, Target } from './target.ts'

/** What a read may take: so much in any case, and so much for each kilobyte that it is given. */
const BASE_LIMIT_MS = 100
const LIMIT_MS_EACH_KB = 16
const FINDINGS_MAX = 3
/** Inputs that reached something new are kept as samples, up to this many. */
const KEPT_MAX = 400
const BATCH = 50

export type PlayInit = {
  readonly seed: number
  readonly runsMax: number
  /** By `performance.now()`. */
  readonly deadlineMs: number
  /** Called before each input, so that somebody else can see which one never ended. */
  readonly onInput?: (run: number, input: unknown) => void
  /** Whether code was reached since it was asked last that had not been reached before. */
  readonly hasReachedMore?: () => boolean
}

export type Played = {
  readonly runs: number
  readonly taken: number
  readonly kept: number
  readonly findings: readonly Finding[]
}

/** Tries a target with mutations of its samples; the same seed gives the same inputs, as long as nothing guides the choice. */
export async function playTarget(target: Target, init: PlayInit): Promise<Played> {
  const random = createRandomStream(init.seed)
  const samples = [...target.samples]
  const findings = new Map<string, Finding>()
  let batch: Sample[] = []
  let taken = 0
  let runs = 0
  for (; runs < init.runsMax && performance.now() < init.deadlineMs && findings.size < FINDINGS_MAX; runs += 1) {
    const sample = samples[random.nextBelow(samples.length)]
    const other = samples[random.nextBelow(samples.length)]
    if (sample === undefined || other === undefined) throw new RangeError(`${target.name} has no samples`)
    // The samples themselves come first, as they are.
    const input =
      runs < target.samples.length
        ? target.samples[runs]?.input
        : mutateInput(target.kind, [sample.input, other.input], random)
    const { rest } = runs < target.samples.length ? (target.samples[runs] ?? sample) : sample
    init.onInput?.(runs, input)
    const outcome = await tryInput(target, { input, rest })
    if (outcome.wrong === undefined) taken += outcome.isTaken ? 1 : 0
    else if (!findings.has(signatureOf(outcome.wrong))) {
      const smallest = await shrinkInput(target.kind, input, async (smaller) => {
        init.onInput?.(runs, smaller)
        const again = await tryInput(target, { input: smaller, rest })
        return again.wrong !== undefined && signatureOf(again.wrong) === signatureOf(outcome.wrong ?? '')
      })
      findings.set(signatureOf(outcome.wrong), {
        target: target.name,
        what: outcome.wrong,
        input: shown(smallest),
        run: runs,
      })
    }
    batch.push({ input, rest })
    if (batch.length < BATCH) continue
    if (samples.length < KEPT_MAX && init.hasReachedMore?.() === true) samples.push(...batch)
    batch = []
  }
  return { runs, taken, kept: samples.length - target.samples.length, findings: [...findings.values()] }
}

type Outcome = { readonly isTaken: boolean; readonly wrong: string | undefined }

/** Reads an input and judges what came of it; times are those of the processor, the least of five, because the machine does other things too. */
export async function tryInput(target: Target, { input, rest }: Sample): Promise<Outcome> {
  const limitMs = BASE_LIMIT_MS + (LIMIT_MS_EACH_KB * sizeOf(input)) / 1024
  let tookMs = Infinity
  let outcome: Outcome = { isTaken: false, wrong: undefined }
  for (let attempt = 0; attempt < 5 && tookMs > limitMs; attempt += 1) {
    const started = process.cpuUsage()
    const startedMs = performance.now()
    outcome = await readOnce(target, { input, rest })
    // The process counts other threads as well, and the clock what others of the machine do: the less of the two is nearer.
    tookMs = Math.min(tookMs, process.cpuUsage(started).user / 1_000, performance.now() - startedMs)
  }
  if (outcome.wrong === undefined && tookMs > limitMs)
    return { isTaken: outcome.isTaken, wrong: `took more than its share of time (${Math.round(tookMs)} ms)` }
  return outcome
}

async function readOnce({ read, recheck }: Target, { input, rest }: Sample): Promise<Outcome> {
  let result: unknown
  try {
    const returned = read(input, rest)
    result = returned instanceof Promise ? await (returned as Promise<unknown>) : returned
  } catch (error: unknown) {
    return { isTaken: false, wrong: CodedError.is(error) ? undefined : `threw ${whatOf(error)}` }
  }
  try {
    return { isTaken: result !== undefined, wrong: recheck?.(result, input, rest) }
  } catch (error: unknown) {
    return { isTaken: true, wrong: `what was read cannot be used: ${whatOf(error)}` }
  }
}

function whatOf(error: unknown): string {
  if (!(error instanceof Error)) return `something that is no error: ${String(error)}`
  const [, place = ''] = /\n\s+at (.*)/.exec(error.stack ?? '') ?? []
  return `${error.name}: ${error.message.slice(0, 200)} (${place})`
}

/** Findings that differ only in numbers and values are one. */
function signatureOf(what: string): string {
  return what.replaceAll(/"[^"]*"|'[^']*'|[0-9]+/g, '#').slice(0, 100)
}

function sizeOf(input: unknown): number {
  if (typeof input === 'string' || input instanceof Uint8Array) return input.length
  try {
    return JSON.stringify(input)?.length ?? 0
  } catch {
    return 0
  }
}

function shown(input: unknown): string {
  if (input instanceof Uint8Array) return `bytes ${Buffer.from(input).toString('base64')}`
  try {
    return (JSON.stringify(input) ?? 'undefined').slice(0, 2_000)
  } catch {
    return 'a value that cannot be written down'
  }
}
