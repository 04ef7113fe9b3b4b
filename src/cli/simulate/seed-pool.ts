import { totalmem } from 'node:os'
import { Piscina } from 'piscina'
import type { ErrorCode } from '../../base/errors.ts'
import type { PlayedAs, SeedAnswer, SeedJob } from './run-job.ts'

export type SeedPoolInit = {
  /** Seeds that are played at a time. */
  readonly threads: number
  /** A seed that takes longer is ended with its thread. */
  readonly timeoutMs: number
  readonly playedAs: PlayedAs
  /** Ends what is under way; nothing is told of it. */
  readonly signal: AbortSignal
  /** Seeds that one thread plays before another takes its place. Default `SEEDS_PER_THREAD`. */
  readonly seedsPerThread?: number
  /** Calls after so many milliseconds, unless it is called off before. Default: the platform's. */
  readonly callLater?: (delayMs: number, call: () => void) => { callOff(): void }
}

/** A thread grows with each seed: two of them had 6.6 GB behind a thousand, and the range was killed for it. A new one begins small. */
const SEEDS_PER_THREAD = 50

const MEBIBYTE = 1_048_576
/** Nearly all that a world makes is gone a moment later: with four times the room of the platform it is collected less than half as often. */
const YOUNG_GENERATION_MEBIBYTES = 192

/** The threads of a pool with the worker of this folder. Errors of threads arrive with their jobs. */
export function openPool(threads: number): Piscina {
  const isSource = import.meta.url.endsWith('.ts')
  const pool = new Piscina({
    filename: new URL(isSource ? './run-worker.ts' : './run-worker.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    // A thread whose world grows too large dies alone.
    resourceLimits: {
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MEBIBYTES,
      maxOldGenerationSizeMb: Math.min(8_192, Math.max(1_024, Math.floor(totalmem() / threads / MEBIBYTE))),
    },
  })
  pool.on('error', () => {})
  return pool
}

/**
 * Plays seeds on threads, each twice, a new one as soon as a thread is free; `tell` hears of each once, in no order. A seed whose thread dies or that takes too long is a
 * failure of that seed, and the others go on.
 */
export async function playSeeds(
  init: SeedPoolInit,
  seeds: Iterator<number>,
  tell: (seed: number, answer: SeedAnswer) => void,
): Promise<void> {
  const { threads, playedAs, signal, seedsPerThread = SEEDS_PER_THREAD } = init
  const lane = async (): Promise<void> => {
    let pool = openPool(1)
    try {
      let played = 0
      for (let next = seeds.next(); next.done !== true && !signal.aborted; next = seeds.next()) {
        if (played === seedsPerThread) {
          await pool.destroy()
          pool = openPool(1)
          played = 0
        }
        played += 1
        const job: SeedJob = { ...playedAs, seed: next.value }
        const answer = await playOnThread(pool, job, init)
        if (answer !== undefined) tell(next.value, answer)
      }
    } finally {
      await pool.destroy()
    }
  }
  await Promise.all(Array.from({ length: threads }, lane))
}

/** `undefined`: it was ended with everything else. */
async function playOnThread(
  pool: Piscina,
  job: SeedJob,
  { signal, timeoutMs, callLater = byPlatform }: SeedPoolInit,
): Promise<SeedAnswer | undefined> {
  const ending = new AbortController()
  const end = (): void => ending.abort()
  const timer = callLater(timeoutMs, end)
  signal.addEventListener('abort', end)
  try {
    return (await pool.run(job, { name: 'playSeed', signal: ending.signal })) as SeedAnswer
  } catch (error: unknown) {
    if (signal.aborted) return undefined
    if (ending.signal.aborted)
      return failed('SIMULATION_SEED_HUNG', `did not end within ${timeoutMs / 1_000} s, and was ended with its thread`)
    return failed('SIMULATION_SEED_LOST', `its thread died: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    timer.callOff()
    signal.removeEventListener('abort', end)
  }
}

function failed(code: ErrorCode, message: string): SeedAnswer {
  return { failure: { code, message } }
}

function byPlatform(delayMs: number, call: () => void): { callOff(): void } {
  const timer = setTimeout(call, delayMs)
  return { callOff: () => clearTimeout(timer) }
}
