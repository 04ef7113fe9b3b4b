/** Whoever watches an actor is told of its end, once, however full its mailbox is. */
export class ControlLane {
  private readonly watched = new Map<string, number | undefined>()

  /** @param subject  Of one life: an id that comes again needs another name here. */
  watches(subject: string): void {
    this.watched.set(subject, undefined)
  }

  /** It has ended, by the word of somebody else than the watcher. */
  ended(subject: string, atMs: number): void {
    if (this.watched.has(subject)) this.watched.set(subject, atMs)
  }

  /** The watcher was told. */
  told(subject: string): string | undefined {
    return this.watched.delete(subject)
      ? undefined
      : `the end of ${subject} was told twice, or to somebody who did not watch it`
  }

  /** What became of those that ended so long ago. */
  left(nowMs: number, withinMs: number): string | undefined {
    for (const [subject, atMs] of this.watched)
      if (atMs !== undefined && nowMs - atMs > withinMs)
        return `${subject} ended ${nowMs - atMs} ms ago, and its watcher was not told`
    return undefined
  }

  forget(): void {
    this.watched.clear()
  }
}
