import type { Timestamp } from '../../base/time.ts'
import { EventQueue, type QueuedEvent } from './event-queue.ts'
import { Fingerprint } from './fingerprint.ts'
import { quiesce } from './quiesce.ts'
import { streamOf } from './seeded-random.ts'
import { setTraps } from './traps.ts'
import { type ClockSkew, type ProcessHost, WORLD_START, WorldProcess } from './world-process.ts'

export type WorldInit = {
  /** 0 to 2^32 - 1. The same seed and the same scenario give the same run. */
  readonly seed: number
  /** What clocks show when the world begins. Default 2026-01-01. */
  readonly startAt?: Timestamp
  /** Told of each event before it happens. */
  readonly onEvent?: (event: TracedEvent) => void
  /** Whether real time, chance and timers throw while the world runs. Default true. */
  readonly hasTraps?: boolean
}

export type TracedEvent = { readonly index: number; readonly atMs: number; readonly kind: string }

export type RunLimits = {
  /** The last virtual millisecond that is still run. */
  readonly untilMs?: number
  readonly eventsMax?: number
}

/** Why a run came back: nothing is left to happen, its time is over, its events are, or somebody has asked for it. */
export type RunEnd = 'quiet' | 'time' | 'events' | 'paused'

type WorldEvent = {
  readonly kind: string
  readonly run: () => void
  /** Begins nothing that goes on in promises. Default false. */
  readonly isSync?: boolean
}

/** Synchronous events behind each other before microtasks have a turn all the same. */
const SYNC_MAX = 1_024

/**
 * A world of one thread in which nothing is real but the code: one queue of events by virtual time, ties broken by the seed. Between two events every microtask runs, so
 * that the number of turns that a promise takes decides nothing.
 *
 * ```ts
 * const world = createWorld({ seed: 7 })
 * const process = world.createProcess('node-1')
 * process.timers.schedule(1_000, () => console.log(process.clock.now()))
 * await world.run()
 * ```
 */
export class World implements ProcessHost {
  readonly seed: number
  readonly startAt: Timestamp
  /** What was thrown where nobody listens. */
  readonly failures: unknown[] = []
  private readonly init: WorldInit
  private readonly queue = new EventQueue()
  private readonly soonTasks: (() => void)[] = []
  private readonly ties: { nextUint32(): number }
  private readonly fingerprint = new Fingerprint()
  private timeMs = 0
  private pushed = 0
  private handled = 0
  private isPaused = false

  constructor(init: WorldInit) {
    if (!Number.isInteger(init.seed) || init.seed < 0 || init.seed > 0xffffffff)
      throw new RangeError(`A seed is an integer from 0 to 4294967295, not ${init.seed}`)
    this.init = init
    this.seed = init.seed
    this.startAt = init.startAt ?? WORLD_START
    this.ties = streamOf(init.seed, 'ties')
  }

  /** Events that have happened. */
  get events(): number {
    return this.handled
  }

  /** Equal for equal runs. */
  get hash(): string {
    return this.fingerprint.toString()
  }

  nowMs(): number {
    return this.timeMs
  }

  createProcess(name: string, skew?: ClockSkew): WorldProcess {
    return new WorldProcess(this, name, skew)
  }

  /** Something that happens `delayMs` from now, at the earliest behind the event that happens now. */
  schedule(delayMs: number, { kind, run, isSync = false }: WorldEvent): { cancel(): void } {
    this.pushed += 1
    const event: QueuedEvent = {
      dueMs: this.timeMs + delayMs,
      tie: this.ties.nextUint32(),
      order: this.pushed,
      kind,
      run,
      isSync,
      isCancelled: false,
    }
    this.queue.push(event)
    return { cancel: () => this.queue.cancel(event) }
  }

  soon(task: () => void): void {
    this.soonTasks.push(task)
  }

  fail(error: unknown): void {
    this.failures.push(error)
  }

  /** The run that goes on comes back behind the event that happens now. */
  pause(): void {
    this.isPaused = true
  }

  /** Adds to the hash what a scenario wants to be the same in equal runs. */
  note(text: string): void {
    this.fingerprint.addText(text)
  }

  /** Lets things happen, in order. */
  async run({
    untilMs = Number.POSITIVE_INFINITY,
    eventsMax = Number.POSITIVE_INFINITY,
  }: RunLimits = {}): Promise<RunEnd> {
    const release = this.init.hasTraps === false ? undefined : setTraps()
    try {
      await this.rest()
      return await this.loop(untilMs, this.handled + eventsMax)
    } finally {
      release?.()
    }
  }

  private async loop(untilMs: number, eventsEnd: number): Promise<RunEnd> {
    let sync = 0
    for (;;) {
      if (this.isPaused && sync === 0) {
        this.isPaused = false
        return 'paused'
      }
      const next = this.queue.peek()
      const isDue = next !== undefined && next.dueMs <= untilMs && this.handled < eventsEnd
      // What synchronous events have begun all the same may bring more.
      if (!isDue && sync > 0) {
        sync = 0
        await this.rest()
        continue
      }
      if (next === undefined) return 'quiet'
      if (next.dueMs > untilMs) {
        this.timeMs = Math.max(this.timeMs, untilMs)
        return 'time'
      }
      if (!isDue) return 'events'
      this.queue.pop()
      this.handle(next)
      sync = next.isSync && sync < SYNC_MAX ? sync + 1 : 0
      if (sync === 0) await this.rest()
      else this.runSoon()
    }
  }

  private handle({ dueMs, kind, run }: QueuedEvent): void {
    this.timeMs = dueMs
    this.fingerprint.addText(kind)
    this.fingerprint.addNumber(Math.floor(dueMs * 1_000))
    this.init.onEvent?.({ index: this.handled, atMs: dueMs, kind })
    this.handled += 1
    try {
      run()
    } catch (error: unknown) {
      this.fail(error)
    }
  }

  /** Until nothing goes on at this instant. */
  private async rest(): Promise<void> {
    do {
      this.runSoon()
      await quiesce()
    } while (this.soonTasks.length > 0)
  }

  private runSoon(): void {
    // Tasks add tasks.
    for (let at = 0; at < this.soonTasks.length; at += 1) this.soonTasks[at]?.()
    this.soonTasks.length = 0
  }
}

/** Throws `RangeError` for a seed that is none. */
export function createWorld(init: WorldInit): World {
  return new World(init)
}
