/** Lets one piece of work run while everybody else waits. */
export class ExclusiveTurns {
  private running: Promise<unknown> | undefined

  /** What runs alone now; `undefined` where nothing does, and then whoever asks goes on in the same turn. Never rejects. */
  get current(): Promise<unknown> | undefined {
    return this.running
  }

  /** Runs `work` alone, as soon as nothing else does. What it does before its first wait happens at once then. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    // Between the last look and the next line nothing else runs: that is what makes it exclusive.
    while (this.running !== undefined) await this.running
    const done = work()
    const exclusive = done.catch(() => {})
    this.running = exclusive
    try {
      return await done
    } finally {
      if (this.running === exclusive) this.running = undefined
    }
  }
}
