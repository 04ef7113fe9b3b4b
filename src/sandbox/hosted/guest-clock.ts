/** Sets the clock of this thread, for all that runs in it: it stands at `nowMs` now, and goes on in whole milliseconds. */
export function setThreadClock(nowMs: number): void {
  const offsetMs = nowMs - performance.now()
  Object.defineProperty(Date, 'now', { value: () => Math.floor(offsetMs + performance.now()) })
}
