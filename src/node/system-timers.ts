import type { ScheduledTimer, Timers } from '../ports/timers.ts'

/** Timers of the Node event loop, unreferenced: pending ones do not keep the process alive. */
export function createSystemTimers(): Timers {
  return {
    schedule(delayMs: number, callback: () => void): ScheduledTimer {
      const handle = setTimeout(callback, delayMs)
      handle.unref()
      return { cancel: () => clearTimeout(handle) }
    },
  }
}
