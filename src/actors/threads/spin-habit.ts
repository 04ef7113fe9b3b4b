/** Looks between two looks at the time. */
const LOOKS_PER_CLOCK = 32
/** Times that looking is left out, after it was in vain a few times, before it is tried again. */
const TIMES_WITHOUT = 64
const IN_VAIN_MAX = 2

/**
 * Looks for something for a while instead of sleeping until it is there, and gives that up for a time where it is in vain:
 * where threads share a processor, it only keeps the other from working.
 */
export class SpinHabit {
  private readonly limitMs: number
  /** Negative: times left without looking. */
  private inVain = 0

  /** @param limitMs  How long to look, at most; 0: never. */
  constructor(limitMs: number) {
    this.limitMs = limitMs
  }

  /** @returns Whether `look` said yes in time. */
  spin(look: () => boolean): boolean {
    if (this.limitMs === 0) return false
    this.inVain += 1
    if (this.inVain <= 0) return false
    const end = performance.now() + this.limitMs
    do {
      for (let count = 0; count < LOOKS_PER_CLOCK; count += 1) {
        if (!look()) continue
        this.inVain = 0
        return true
      }
    } while (performance.now() < end)
    if (this.inVain >= IN_VAIN_MAX) this.inVain = -TIMES_WITHOUT
    return false
  }
}
