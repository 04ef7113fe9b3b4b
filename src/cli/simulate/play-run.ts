import { MessageChannel } from 'node:worker_threads'
import type { Terminal } from '../terminal.ts'
import type { PlayedAs, RunAnswer, RunJob } from './run-job.ts'
import { openPool } from './seed-pool.ts'

export type PlayRunInit = {
  readonly playedAs: PlayedAs
  readonly seed: number
  /** The index of the last event. */
  readonly until: number | undefined
  readonly isTwice: boolean
  /** It is ended with its thread when it takes longer. */
  readonly timeoutMs: number | undefined
  readonly traceFile: string | undefined
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** Events that are shown behind `--until`. */
const LAST_EVENTS = 20
/** A run that was asked to end has so long until its thread is ended. */
const STOP_MS = 2_000
/** Parts of a bar. */
const BAR_PARTS = 1_000

/**
 * Plays one seed on a thread of its own, so that the traps of its world catch nobody else and Ctrl-C is heard.
 *
 * @throws What the pool says where the thread dies.
 */
export async function playRun(init: PlayRunInit): Promise<RunAnswer> {
  const { playedAs, seed, until, isTwice, timeoutMs, traceFile, terminal, signal } = init
  const { port1, port2 } = new MessageChannel()
  const far = { events: 0, virtualMs: 0 }
  const bar = terminal.startProgress(`seed ${seed}`, BAR_PARTS)
  port1.on('message', ({ events, virtualMs, playMs }: { events: number; virtualMs: number; playMs: number }) => {
    Object.assign(far, { events, virtualMs })
    bar.advance(
      Math.floor((BAR_PARTS * virtualMs) / Math.max(1, playMs)),
      `${events} events, ${Math.round(virtualMs)} virtual ms`,
    )
  })
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    port1.postMessage('stop')
    timer = setTimeout(() => ending.abort(), STOP_MS)
  }
  signal.addEventListener('abort', stop)
  const limit = timeoutMs === undefined ? undefined : setTimeout(() => ending.abort(), timeoutMs)
  const pool = openPool(1)
  const job: RunJob = {
    ...playedAs,
    seed,
    isTwice,
    eventsMax: until === undefined ? undefined : until + 1,
    traceFile,
    lastEvents: until === undefined ? 0 : LAST_EVENTS,
    port: port2,
  }
  try {
    return (await pool.run(job, { name: 'playRun', transferList: [port2], signal: ending.signal })) as RunAnswer
  } catch (error: unknown) {
    if (signal.aborted) return { kind: 'stopped', ...far }
    if (timeoutMs !== undefined && ending.signal.aborted) {
      const message = `did not end within ${timeoutMs / 1_000} s, and was ended with its thread`
      return { kind: 'failed', failure: { code: 'SIMULATION_SEED_HUNG', message } }
    }
    const message = `its thread died: ${error instanceof Error ? error.message : String(error)}`
    return { kind: 'failed', failure: { code: 'SIMULATION_SEED_LOST', message } }
  } finally {
    clearTimeout(timer)
    clearTimeout(limit)
    signal.removeEventListener('abort', stop)
    bar.finish()
    port1.close()
    await pool.destroy()
  }
}
