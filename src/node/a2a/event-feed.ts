/**
 * Events from who makes them to one reader, who may come late, be slow, or leave: the maker never waits. What a task makes is bounded, and so is what waits here.
 */
export class EventFeed<Event> implements AsyncIterable<Event> {
  #waiting: Event[] = []
  #end: { readonly error?: unknown } | undefined
  #isLeft = false
  #wake: (() => void) | undefined

  push(event: Event): void {
    if (this.#isLeft) return
    this.#waiting.push(event)
    this.#stir()
  }

  end(): void {
    this.#end ??= {}
    this.#stir()
  }

  fail(error: unknown): void {
    this.#end ??= { error }
    this.#stir()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    try {
      for (;;) {
        const batch = this.#waiting
        this.#waiting = []
        yield* batch
        if (this.#waiting.length > 0) continue
        if (this.#end !== undefined) {
          if ('error' in this.#end) throw this.#end.error
          return
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      this.#isLeft = true
      this.#waiting = []
    }
  }

  #stir(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
