import type { XStateClock } from '../cell/cell-extras.ts'
import type { ActorEnvironment } from '../environment.ts'
import { SystemTimers } from '../timers/system-timers.ts'
import { TimerEntry } from '../timers/timer-entry.ts'

/** What runs later, unless it is cancelled. */
export abstract class Delayed extends TimerEntry<Delayed> {
  abstract fire(): void
}

/** A function that runs later, unless it is cancelled. */
export class DelayedTask extends Delayed {
  readonly task: () => void
  readonly owner: SystemClock

  constructor(owner: SystemClock, task: () => void) {
    super()
    this.owner = owner
    this.task = task
  }

  fire(): void {
    this.task()
  }

  /** Idempotent. */
  cancel(): void {
    this.owner.cancel(this)
  }
}

/** The delays of a whole system on one timing wheel; for XState's code it is the clock of its actors. */
export class SystemClock implements XStateClock {
  readonly #timers: SystemTimers<Delayed>

  constructor(environment: ActorEnvironment) {
    this.#timers = new SystemTimers<Delayed>(environment, (delayed) => delayed.fire())
  }

  after(delayMs: number, task: () => void): DelayedTask {
    const delayed = new DelayedTask(this, task)
    this.#timers.schedule(delayed, delayMs)
    return delayed
  }

  /** Fires what is not scheduled yet. */
  schedule(delayed: Delayed, delayMs: number): void {
    this.#timers.schedule(delayed, delayMs)
  }

  cancel(delayed: Delayed): void {
    this.#timers.cancel(delayed)
  }

  /** Calls `visit` for all that is to fire, in no order that means anything. `visit` must not schedule or cancel. */
  each(visit: (delayed: Delayed) => void): void {
    this.#timers.each(visit)
  }

  setTimeout(callback: () => void, timeoutMs: number): DelayedTask {
    return this.after(timeoutMs, callback)
  }

  clearTimeout(handle: unknown): void {
    if (handle instanceof DelayedTask) this.cancel(handle)
  }

  stop(): void {
    this.#timers.stop()
  }
}
