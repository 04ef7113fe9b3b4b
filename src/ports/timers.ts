/**
 * Timers: delayed callbacks for background work such as a write-behind flush. It is not for time limits of a call
 * (use `Clock.timeoutSignal`) and not durable: what must survive a crash is a `start-timer` effect of a machine.
 */
export type ScheduledTimer = {
  /** Idempotent; after it returns the callback does not run. */
  cancel(): void
}

/** Delayed callbacks for background work. They are gone with the process, and are not for time limits of a call: `Clock.timeoutSignal` is. */
export interface Timers {
  /** Runs `callback` once, `delayMs` (finite, >= 0) from now, never synchronously. It does not keep the process alive. */
  schedule(delayMs: number, callback: () => void): ScheduledTimer
}
