import type { ScheduledTimer, Timers } from '../../../ports/timers.ts'

/** Slots from the first to the last, both with. */
export type SlotRange = { readonly fromSlot: number; readonly toSlot: number }

export type OwedDecisionsInit = {
  readonly timers: Timers
  /** Between two sendings to one member; shorter than the time after which a member asks again. */
  readonly pauseMs: number
  readonly send: (to: number, range: SlotRange) => void
}

type Pause = { readonly timer: ScheduledTimer; owed: SlotRange | undefined }

/**
 * Decisions for members that are behind. Whatever such a member says makes all others send it what it lacks; without a pause each of its frames would cost each of them the whole
 * range once more, long before the first one can have arrived. What is asked for in a pause is owed, and goes out at its end: nobody has to ask twice.
 */
export class OwedDecisions {
  private readonly init: OwedDecisionsInit
  private readonly pauses = new Map<number, Pause>()

  constructor(init: OwedDecisionsInit) {
    this.init = init
  }

  /** Sends a range to a member now, or at the end of its pause together with all else that it has asked for meanwhile. */
  ask(to: number, { fromSlot, toSlot }: SlotRange): void {
    const pause = this.pauses.get(to)
    if (pause === undefined) {
      this.send(to, { fromSlot, toSlot })
      return
    }
    const { owed } = pause
    pause.owed =
      owed === undefined
        ? { fromSlot, toSlot }
        : { fromSlot: Math.min(owed.fromSlot, fromSlot), toSlot: Math.max(owed.toSlot, toSlot) }
  }

  cancelTimers(): void {
    for (const { timer } of this.pauses.values()) timer.cancel()
    this.pauses.clear()
  }

  private send(to: number, range: SlotRange): void {
    const { timers, pauseMs, send } = this.init
    const timer = timers.schedule(pauseMs, () => this.endPause(to))
    this.pauses.set(to, { timer, owed: undefined })
    send(to, range)
  }

  private endPause(to: number): void {
    const owed = this.pauses.get(to)?.owed
    this.pauses.delete(to)
    if (owed !== undefined) this.send(to, owed)
  }
}
