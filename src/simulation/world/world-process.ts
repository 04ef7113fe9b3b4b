import { addDuration, durationFromMs, type Timestamp, timestampFromMs } from '../../base/time.ts'
import type { ActorEnvironment } from '../../actors/environment.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { Timers } from '../../ports/timers.ts'
import type { WorldEvent } from './event-queue.ts'
import { randomOf, streamOf } from './seeded-random.ts'

/** How wrong the clock of a process is: ahead by so many milliseconds, and gaining so many millionths. */
export type ClockSkew = { readonly offsetMs: number; readonly driftPpm: number }

export const NO_SKEW: ClockSkew = { offsetMs: 0, driftPpm: 0 }

/** What a process needs of its world. */
export type ProcessHost = {
  readonly seed: number
  readonly startAt: Timestamp
  /** Virtual time since the world began. */
  nowMs(): number
  schedule(delayMs: number, event: WorldEvent): { cancel(): void }
  /** Runs before the next event, in order. */
  soon(task: () => void): void
  /** Somebody threw where nobody listens. */
  fail(error: unknown): void
}

/** Longest delay of a timer, as on platforms. */
const DELAY_MS_MAX = 2_147_483_647

/**
 * A process of a simulated world: what a machine gives to one, and what ends with it. When it is killed nothing that it has scheduled happens any more; what it has in
 * memory is gone with whoever holds it. Its timers run by true time, its clock is as wrong as the world makes it.
 */
export class WorldProcess {
  readonly name: string
  readonly random: Random
  readonly clock: Clock
  readonly timers: Timers
  private readonly host: ProcessHost
  private isDead = false
  private readonly killListeners: (() => void)[] = []
  private ownSkew: ClockSkew
  /** When the skew was last changed, by true time and by the monotonic clock. */
  private changed = { atMs: 0, monotonicMs: 0 }

  constructor(host: ProcessHost, name: string, skew: ClockSkew = NO_SKEW) {
    this.host = host
    this.name = name
    this.ownSkew = skew
    this.random = randomOf(streamOf(host.seed, `process/${name}`))
    this.timers = {
      // As on platforms: less than a millisecond is one, so that whoever asks for what is left of a span comes behind its end.
      schedule: (delayMs, callback) =>
        this.schedule(delayMs > 0 && delayMs < 1 ? 1 : delayMs, { kind: 'timer', run: callback }),
    }
    this.clock = {
      now: () => addDuration(host.startAt, durationFromMs(Math.max(0, Math.floor(this.skewedMs())))),
      monotonicMs: () => this.monotonicMs(),
      timeoutSignal: (delayMs) => this.timeoutSignal(delayMs),
    }
  }

  get skew(): ClockSkew {
    return this.ownSkew
  }

  set skew(skew: ClockSkew) {
    this.changed = { atMs: this.host.nowMs(), monotonicMs: this.monotonicMs() }
    this.ownSkew = skew
  }

  get isAlive(): boolean {
    return !this.isDead
  }

  /** Nothing of it happens from now on. Idempotent. */
  kill(): void {
    if (this.isDead) return
    this.isDead = true
    for (const listener of this.killListeners.splice(0)) listener()
  }

  /** Told of its death, at once: by whoever has to know of it from outside, as an operating system has. */
  onKill(listener: () => void): void {
    if (this.isDead) listener()
    else this.killListeners.push(listener)
  }

  /** As a timer, under another name in traces. Throws `RangeError` for a delay that no platform takes. */
  schedule(delayMs: number, { kind, run }: { readonly kind: string; readonly run: () => void }): { cancel(): void } {
    if (!(delayMs >= 0 && delayMs <= DELAY_MS_MAX))
      throw new RangeError(`A delay is 0 to ${DELAY_MS_MAX} ms, not ${delayMs}`)
    return this.host.schedule(delayMs, { kind, run, address: this.name, owner: this })
  }

  /** Time, chance and turns as actors take them. */
  environment(log: (...parts: unknown[]) => void = () => undefined): ActorEnvironment {
    return {
      clock: this.clock,
      timers: this.timers,
      random: this.random,
      soon: (task) => this.host.soon(() => this.run(task)),
      later: (task) => void this.schedule(0, { kind: 'turn', run: task }),
      reportError: (error) => this.host.fail(error),
      log,
    }
  }

  /** Somebody threw where nobody listens: the world writes it down. */
  fail(error: unknown): void {
    this.host.fail(error)
  }

  private run(task: () => void): void {
    if (this.isDead) return
    try {
      task()
    } catch (error: unknown) {
      this.host.fail(error)
    }
  }

  private skewedMs(): number {
    const { offsetMs, driftPpm } = this.ownSkew
    return this.host.nowMs() * (1 + driftPpm / 1_000_000) + offsetMs
  }

  /** It has no offset and never leaps: where the drift changes, it goes on from there at another pace. */
  private monotonicMs(): number {
    const { atMs, monotonicMs } = this.changed
    return monotonicMs + (this.host.nowMs() - atMs) * (1 + this.ownSkew.driftPpm / 1_000_000)
  }

  private timeoutSignal(delayMs: number): AbortSignal {
    const controller = new AbortController()
    this.timers.schedule(delayMs, () => controller.abort(new DOMException('Too late', 'TimeoutError')))
    return controller.signal
  }
}

/** 2026-01-01. */
export const WORLD_START: Timestamp = timestampFromMs(1_767_225_600_000)
