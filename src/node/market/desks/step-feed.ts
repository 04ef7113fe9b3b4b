/** What followers of one feed have not read yet, at most; the oldest are dropped. */
const WAITING_MAX = 1_024

/** Steps as they happen, for any number of readers, each at its own pace. */
export class StepFeed<Step> {
  private readonly readers = new Set<{ readonly waiting: Step[]; wake: () => void }>()

  publish(step: Step): void {
    for (const reader of this.readers) {
      reader.waiting.push(step)
      if (reader.waiting.length > WAITING_MAX) reader.waiting.shift()
      reader.wake()
    }
  }

  /** From now on, until the signal ends it. */
  async *follow(signal: AbortSignal): AsyncGenerator<Step, void, undefined> {
    const reader = { waiting: [] as Step[], wake: () => {} }
    this.readers.add(reader)
    const onAbort = (): void => reader.wake()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (!signal.aborted) {
        const next = reader.waiting.shift()
        if (next !== undefined) {
          yield next
          continue
        }
        await new Promise<void>((resolve) => {
          reader.wake = resolve
          // What came between the look and here.
          if (reader.waiting.length > 0 || signal.aborted) resolve()
        })
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.readers.delete(reader)
    }
  }
}
