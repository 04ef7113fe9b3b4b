/** Bytes of events that go in one answer, less than a body of the transport. */
const PIECE_BYTES_MAX = 524_288
/** Bytes of events that wait for who asks for them; whoever is so far behind has to subscribe anew. */
const WAITING_BYTES_MAX = 8_388_608

export type EventPiece = { readonly from: number; readonly events: readonly unknown[]; readonly isOver: boolean }

/** Numbered events of one stream, kept until they were asked for: an answer that was lost is asked for again. */
export class KeptEvents {
  readonly #events: { readonly event: unknown; readonly bytes: number }[] = []
  #first = 0
  #bytes = 0
  #isOver = false
  #wake: (() => void) | undefined

  /** @returns False when too much waits, which ends the stream. */
  push(event: unknown): boolean {
    const bytes = JSON.stringify(event).length
    this.#events.push({ event, bytes })
    this.#bytes += bytes
    this.#stir()
    return this.#bytes <= WAITING_BYTES_MAX
  }

  end(): void {
    this.#isOver = true
    this.#stir()
  }

  /** The events from a number on, when there are some, at the end, or when the signal says not to wait. Those before it are let go of. `undefined` for a number that is gone. */
  async next(from: number, signal: AbortSignal): Promise<EventPiece | undefined> {
    if (from < this.#first || from > this.#first + this.#events.length) return undefined
    while (this.#first < from) this.#drop()
    if (this.#events.length === 0 && !this.#isOver) await this.#until(signal)
    const piece: unknown[] = []
    let bytes = 0
    for (const each of this.#events) {
      bytes += each.bytes
      if (piece.length > 0 && bytes > PIECE_BYTES_MAX) break
      piece.push(each.event)
    }
    return { from: this.#first, events: piece, isOver: this.#isOver && piece.length === this.#events.length }
  }

  #drop(): void {
    this.#bytes -= this.#events.shift()?.bytes ?? 0
    this.#first += 1
  }

  async #until(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const leave = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      this.#wake = leave
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #stir(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
