/** Slots from the first to the last, both with. */
export type SlotRange = { readonly fromSlot: number; readonly toSlot: number }

/**
 * Which decisions were sent to each member lately. Whatever a member says that is behind makes all others send it what it lacks; without this, each of its frames would cost each
 * of them the whole range once more, long before the first one can have arrived.
 */
export class SentDecisions {
  private readonly windowMs: number
  private readonly monotonicMs: () => number
  private readonly members = new Map<number, SlotRange & { readonly until: number }>()

  /** `windowMs`: how long what was sent is not sent again; shorter than the time after which a member asks again. */
  constructor(windowMs: number, monotonicMs: () => number) {
    this.windowMs = windowMs
    this.monotonicMs = monotonicMs
  }

  /** @returns What of the range is to be sent now, which counts as sent; `undefined`: all of it is on its way. */
  take(to: number, range: SlotRange): SlotRange | undefined {
    const now = this.monotonicMs()
    const before = this.members.get(to)
    if (before === undefined || now >= before.until) {
      this.members.set(to, { ...range, until: now + this.windowMs })
      return range
    }
    const fromSlot = Math.min(before.fromSlot, range.fromSlot)
    const toSlot = Math.max(before.toSlot, range.toSlot)
    // The window stays: what was sent first is due again when it ends.
    this.members.set(to, { fromSlot, toSlot, until: before.until })
    if (range.fromSlot < before.fromSlot)
      return { fromSlot: range.fromSlot, toSlot: Math.min(range.toSlot, before.fromSlot - 1) }
    if (range.toSlot <= before.toSlot) return undefined
    return { fromSlot: Math.max(range.fromSlot, before.toSlot + 1), toSlot: range.toSlot }
  }
}
