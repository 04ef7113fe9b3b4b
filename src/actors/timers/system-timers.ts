import type { ScheduledTimer } from '../../ports/timers.ts'
import type { ActorEnvironment } from '../environment.ts'
import type { TimerEntry } from './timer-entry.ts'
import { TimerWheel } from './timer-wheel.ts'

/** Longest wait of the host's timer; platforms fire at once beyond 2^31 ms. Waking in between costs nothing that matters. */
const HOST_DELAY_MS_MAX = 2 ** 30

export type TimerEnvironment = Pick<ActorEnvironment, 'clock' | 'timers' | 'later'>

/**
 * All timers of an actor system behind one timer of the host, which is set for the earliest of them. It runs on the
 * monotonic clock. Whether a timer that waits keeps the process alive is up to the environment's timers.
 *
 * Cancelling leaves the host's timer where it is: when it fires without anything due it is set anew. So the usual life of
 * a time limit, set and cancelled, does not touch the host at all. Only when no timer is left at the end of the host's
 * turn is it taken back, so that it does not hold a process that has nothing to wait for.
 */
export class SystemTimers<Entry extends TimerEntry<Entry>> {
  readonly environment: TimerEnvironment
  readonly fire: (entry: Entry) => void
  readonly originMs: number
  readonly wheel: TimerWheel<Entry> = new TimerWheel<Entry>(0)
  readonly onHostTimer = (): void => this.run()
  readonly onIdle = (): void => this.release()
  hostTimer: ScheduledTimer | undefined = undefined
  /** When the host's timer fires, on the wheel's time. While it fires nothing can be due before this, so nothing sets it. */
  armedForMs = Infinity
  isReleasing = false
  isStopped = false

  /** @param fire  Called for each timer when it is due, never within `schedule`. What it throws reaches the host. */
  constructor(environment: TimerEnvironment, fire: (entry: Entry) => void) {
    this.environment = environment
    this.fire = fire
    this.originMs = environment.clock.monotonicMs()
  }

  /**
   * Fires `entry`, which is not scheduled, `delayMs` from now: never early, and at most two milliseconds later than the
   * host's timers allow. A delay that is negative or no number counts as 0; one
   * beyond all time (2^53) never fires in practice. Nothing is scheduled after `stop`.
   */
  schedule(entry: Entry, delayMs: number): void {
    if (this.isStopped) return
    const nowMs = this.nowMs()
    this.wheel.schedule(entry, delayMs > 0 ? nowMs + delayMs : nowMs)
    if (entry.dueTick < this.armedForMs) this.arm(entry.dueTick, nowMs)
  }

  /** @returns False when it was not scheduled. */
  cancel(entry: Entry): boolean {
    const isCancelled = this.wheel.cancel(entry)
    if (this.wheel.size === 0 && !this.isReleasing && this.hostTimer !== undefined) {
      this.isReleasing = true
      this.environment.later(this.onIdle)
    }
    return isCancelled
  }

  /** Milliseconds until `entry` fires, >= 0; `undefined` when it is not scheduled. */
  remainingMs(entry: Entry): number | undefined {
    return entry.slot === -1 ? undefined : Math.max(0, entry.dueTick - this.nowMs())
  }

  /** Calls `visit` for each timer that is scheduled, in no order that means anything. `visit` must not schedule or cancel. */
  each(visit: (entry: Entry) => void): void {
    this.wheel.each(visit)
  }

  /** No timer fires any more. Idempotent. */
  stop(): void {
    this.isStopped = true
    this.hostTimer?.cancel()
    this.hostTimer = undefined
  }

  private release(): void {
    this.isReleasing = false
    if (this.wheel.size > 0) return
    this.hostTimer?.cancel()
    this.hostTimer = undefined
    this.armedForMs = Infinity
  }

  private nowMs(): number {
    return this.environment.clock.monotonicMs() - this.originMs
  }

  private run(): void {
    this.hostTimer = undefined
    if (this.isStopped) return
    try {
      this.wheel.advance(this.nowMs(), this.fire)
    } finally {
      if (!this.isStopped) {
        this.armedForMs = Infinity
        const nextMs = this.wheel.nextDueMs()
        if (nextMs < Infinity) this.arm(nextMs, this.nowMs())
      }
    }
  }

  private arm(forMs: number, nowMs: number): void {
    this.hostTimer?.cancel()
    this.armedForMs = forMs
    const delayMs = Math.min(Math.max(Math.ceil(forMs - nowMs), 0), HOST_DELAY_MS_MAX)
    this.hostTimer = this.environment.timers.schedule(delayMs, this.onHostTimer)
  }
}
