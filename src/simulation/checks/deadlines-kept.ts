type Deadline = {
  readonly dueMs: number
  readonly life: string
  /** The clock that it follows whatever it is set to, and whoever dies meanwhile; absent: none that can be set. */
  readonly clock?: string
}
/** `shownMs`: the latest that its clock has shown before it was set to another time. */
type Kept = Deadline & { isReached: boolean; shownMs: number }

export type DeadlineLook = {
  /** By the clock that the deadline was set on. */
  readonly nowMs: number
  /** Of that clock. */
  readonly life: string
  /** How late is late. */
  readonly slackMs: number
}

/**
 * Nothing that waits for a time comes before it, by the clock that it was set on, and nothing stays open past its time by more than a bound.
 */
export class DeadlinesKept {
  private readonly kept = new Map<string, Kept>()

  /** @param deadline  `life` names the clock: a deadline that outlives it is not held against the time of another one. */
  set(name: string, deadline: Deadline): void {
    this.kept.set(name, { ...deadline, isReached: false, shownMs: Number.NEGATIVE_INFINITY })
  }

  /** A clock is about to be set to another time: what was due by now may still come behind that. */
  clockSet(clock: string, nowMs: number): void {
    for (const deadline of this.kept.values())
      if (deadline.clock === clock) deadline.shownMs = Math.max(deadline.shownMs, nowMs)
  }

  /** It came. It may come again where a process died before it had stored that it came. */
  reached(name: string, { nowMs, life, slackMs }: DeadlineLook): string | undefined {
    const deadline = this.kept.get(name)
    if (deadline === undefined) return `${name} came and was not set`
    const wasReached = deadline.isReached
    deadline.isReached = true
    if (deadline.clock !== undefined && Math.max(nowMs, deadline.shownMs) < deadline.dueMs)
      return `${name} came ${deadline.dueMs - nowMs} ms early by the clock of ${deadline.clock}`
    if (deadline.life !== life) return undefined
    if (wasReached) return `${name} came twice`
    if (nowMs < deadline.dueMs) return `${name} came ${deadline.dueMs - nowMs} ms early`
    return nowMs > deadline.dueMs + slackMs ? `${name} came ${nowMs - deadline.dueMs} ms late` : undefined
  }

  /** What it limited came to another end before. */
  forgive(name: string): void {
    this.kept.delete(name)
  }

  /** Of the deadlines of one clock, one that is over by more than `slackMs`. */
  left({ nowMs, life, slackMs }: DeadlineLook): string | undefined {
    for (const [name, { dueMs, life: own, isReached }] of this.kept)
      if (own === life && !isReached && nowMs > dueMs + slackMs)
        return `${name} was due ${nowMs - dueMs} ms ago, and is open`
    return undefined
  }
}
