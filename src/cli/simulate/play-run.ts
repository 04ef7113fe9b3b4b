import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Terminal } from '../terminal.ts'
import type { PlayedAs, RunAnswer, RunJob } from './run-job.ts'
import { openPool } from './seed-pool.ts'
import { BEAT_MS, newPulse, PULSE_LIMITS, type PulseLimits, PulseWatch } from './thread-pulse.ts'

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
  /** Default `PULSE_LIMITS`. */
  readonly pulseLimits?: PulseLimits
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
  const { playedAs, seed, until, isTwice, traceFile, terminal, signal } = init
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
  const ending = new Ending(init, port1)
  const pulse = newPulse()
  const endWatch = ending.watch(new PulseWatch(pulse, init.pulseLimits ?? PULSE_LIMITS, performance.now()))
  const pool = openPool(1)
  const job: RunJob = {
    ...playedAs,
    seed,
    isTwice,
    eventsMax: until === undefined ? undefined : until + 1,
    traceFile,
    lastEvents: until === undefined ? 0 : LAST_EVENTS,
    port: port2,
    pulse,
  }
  try {
    return (await pool.run(job, { name: 'playRun', transferList: [port2], signal: ending.signal })) as RunAnswer
  } catch (error: unknown) {
    if (signal.aborted) return { kind: 'stopped', ...far }
    const hung = ending.why(far.events)
    if (hung !== undefined) return { kind: 'failed', failure: { code: 'SIMULATION_SEED_HUNG', message: hung } }
    const message = `its thread died: ${error instanceof Error ? error.message : String(error)}`
    return { kind: 'failed', failure: { code: 'SIMULATION_SEED_LOST', message } }
  } finally {
    endWatch()
    bar.finish()
    port1.close()
    await pool.destroy()
  }
}

/** What ends a run before its end. */
class Ending {
  private readonly init: PlayRunInit
  private readonly port: MessagePort
  private readonly controller = new AbortController()
  private reason: 'timeout' | 'stuck' | undefined

  constructor(init: PlayRunInit, port: MessagePort) {
    this.init = init
    this.port = port
  }

  /** Aborts where the thread is to be ended. */
  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** Watches the run until what it returns is called. */
  watch(pulse: PulseWatch): () => void {
    const { signal, timeoutMs, seed, terminal } = this.init
    let stopTimer: NodeJS.Timeout | undefined
    const stop = (): void => {
      this.port.postMessage('stop')
      stopTimer = setTimeout(() => this.controller.abort(), STOP_MS)
    }
    signal.addEventListener('abort', stop)
    const limit = timeoutMs === undefined ? undefined : setTimeout(() => this.end('timeout'), timeoutMs)
    const looks = setInterval(() => {
      const state = pulse.look(performance.now())
      if (state === 'quiet')
        terminal.note(
          `Seed ${seed}: nothing has been heard for a while: something takes long, or is a loop without end`,
        )
      // Who has set a limit waits for it.
      if (state === 'stuck' && timeoutMs === undefined) this.end('stuck')
    }, BEAT_MS)
    return () => {
      clearTimeout(stopTimer)
      clearTimeout(limit)
      clearInterval(looks)
      signal.removeEventListener('abort', stop)
    }
  }

  /** `undefined`: it was not this that ended it. */
  why(events: number): string | undefined {
    const { timeoutMs = 0, pulseLimits: { stuckMs } = PULSE_LIMITS } = this.init
    switch (this.reason) {
      case 'timeout':
        return `did not end within ${timeoutMs / 1_000} s, and was ended with its thread`
      case 'stuck':
        return `did not come back for ${stuckMs / 1_000} s from what it did behind event ${events} or later, and was ended with its thread: a loop without end, or promises that go on for ever at one instant`
      case undefined:
        return undefined
    }
  }

  private end(reason: 'timeout' | 'stuck'): void {
    this.reason ??= reason
    this.controller.abort()
  }
}
