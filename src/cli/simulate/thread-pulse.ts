/** A thread that has not come back for so long is told of, and for so long is given up. */
export type PulseLimits = { readonly quietMs: number; readonly stuckMs: number }

/** A long training before the first task may take a minute; nothing that comes to an end takes five. */
export const PULSE_LIMITS: PulseLimits = { quietMs: 15_000, stuckMs: 300_000 }

/** Between two beats, and two looks at them. */
export const BEAT_MS = 500

/** What the thread of a world counts up while it comes back from what it does. Shared between both threads. */
export function newPulse(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
}

/**
 * Beats on the thread of a world, from before its traps are set. Whoever never comes back, such as a loop without end or promises that go on for ever at one instant, keeps
 * it from beating: nothing on that thread can see that, and another has to.
 *
 * @returns Ends it.
 */
export function startPulse(shared: SharedArrayBuffer): () => void {
  const beats = new Int32Array(shared)
  const timer = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Looks at a pulse from another thread. Times are milliseconds of whoever looks. */
export class PulseWatch {
  private readonly beats: Int32Array
  private readonly limits: PulseLimits
  private seen = 0
  private changedMs: number
  private hasTold = false

  constructor(shared: SharedArrayBuffer, limits: PulseLimits, nowMs: number) {
    this.beats = new Int32Array(shared)
    this.limits = limits
    this.changedMs = nowMs
  }

  /** `quiet` is said once each time. */
  look(nowMs: number): 'beats' | 'quiet' | 'stuck' {
    const now = Atomics.load(this.beats, 0)
    if (now !== this.seen) {
      this.seen = now
      this.changedMs = nowMs
      this.hasTold = false
    }
    const silentMs = nowMs - this.changedMs
    if (silentMs >= this.limits.stuckMs) return 'stuck'
    if (silentMs < this.limits.quietMs || this.hasTold) return 'beats'
    this.hasTold = true
    return 'quiet'
  }
}
