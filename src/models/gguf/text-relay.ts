/** Hands text from a callback to one reader who iterates. Its length is bounded by the answer's own limit. */
export class TextRelay implements AsyncIterable<string> {
  #texts: string[] = []
  #isEnded = false
  #wake: (() => void) | undefined

  push(text: string): void {
    this.#texts.push(text)
    this.#wake?.()
  }

  /** No more text will come; what is there is still read. */
  end(): void {
    this.#isEnded = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void> {
    for (;;) {
      const texts = this.#texts
      this.#texts = []
      yield* texts
      if (this.#texts.length > 0) continue
      if (this.#isEnded) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }
}
