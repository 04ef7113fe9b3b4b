import type { ScheduledTimer } from '../../ports/timers.ts'
import type { ActorEnvironment } from '../environment.ts'
import type { TimerEntry } from './timer-entry.ts'
import { TimerWheel } from './timer-wheel.ts'

/** Longest wait of the host's timer; platforms fire at once beyond 2^31 ms. Waking in between costs nothing that matters. */
const HOST_DELAY_MS_MAX = 2 ** 30

/**
 * All timers of an actor system behind one timer of the host, which is set for the earliest of them. It runs on the
 * monotonic clock. As the port says, the host's timer does not keep the process alive.
 *
 * Cancelling leaves the host's timer where it is: when it fires without anything due it is set anew. So the usual life of
 * a time limit, set and cancelled, does not touch the host at all.
 */
export class SystemTimers<Entry extends TimerEntry<Entry>> {
  readonly environment: Pick<ActorEnvironment, 'clock' | 'timers'>
  readonly fire: (entry: Entry) => void
  readonly originMs: number
  readonly wheel: TimerWheel<Entry> = new TimerWheel<Entry>(0)
  readonly onHostTimer = (): void => this.run()
  hostTimer: ScheduledTimer | undefined = undefined
  /** When the host's timer fires, on the wheel's time. While it fires nothing can be due before this, so nothing sets it. */
  armedForMs = Infinity
  isStopped = false

  /** @param fire  Called for each timer when it is due, never within `schedule`. What it throws reaches the host. */
  constructor(environment: Pick<ActorEnvironment, 'clock' | 'timers'>, fire: (entry: Entry) => void) {
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
    return this.wheel.cancel(entry)
  }

  /** Milliseconds until `entry` fires, >= 0; `undefined` when it is not scheduled. */
  remainingMs(entry: Entry): number | undefined {
    return entry.slot === -1 ? undefined : Math.max(0, entry.dueTick - this.nowMs())
  }

  /** No timer fires any more. Idempotent. */
  stop(): void {
    this.isStopped = true
    this.hostTimer?.cancel()
    this.hostTimer = undefined
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
