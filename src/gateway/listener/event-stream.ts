import type { ServerResponse } from 'node:http'

/** Text that is held before it is written even though more may follow at once. */
const PENDING_LENGTH_MAX = 64 * 1024

/**
 * Server-sent events over one response. Events that are produced in one go leave in one write: a model that answers in a burst costs one
 * system call, not one per token, and an answer that was complete before its first write is sent with its length instead of in chunks.
 * A reader that does not keep up is waited for.
 */
export class EventStream {
  readonly #response: ServerResponse
  /** Names and values, alternating, until they are sent with the first write. */
  readonly #headers: readonly string[]
  #pending = ''
  #isFlushPlanned = false
  #isFull = false
  /** Whoever waits for the reader waits for this one promise. */
  #writable: PromiseWithResolvers<void> | undefined

  constructor(response: ServerResponse, headers: readonly string[]) {
    this.#response = response
    this.#headers = headers
    const resume = (): void => this.#resume()
    response.on('drain', resume)
    response.on('close', resume)
  }

  write(text: string): void {
    this.#pending += text
    if (this.#pending.length >= PENDING_LENGTH_MAX) this.#flush()
    else if (!this.#isFlushPlanned) {
      this.#isFlushPlanned = true
      // Runs when everything that is ready now has been written.
      process.nextTick(() => {
        this.#isFlushPlanned = false
        this.#flush()
      })
    }
  }

  /** `undefined` while the reader keeps up, else a promise of when to go on; it resolves too when the reader leaves and when the stream has its end. */
  waitUntilWritable(): Promise<void> | undefined {
    if (!this.#isFull || this.#response.destroyed) return undefined
    this.#writable ??= Promise.withResolvers<void>()
    return this.#writable.promise
  }

  /** Writes the last text and ends the response. */
  end(text: string): void {
    if (this.#response.destroyed) return
    const last = this.#pending + text
    this.#pending = ''
    if (!this.#response.headersSent) this.#sendHead(['content-length', String(Buffer.byteLength(last))])
    this.#response.end(last)
    this.#resume()
  }

  #resume(): void {
    this.#isFull = false
    this.#writable?.resolve()
    this.#writable = undefined
  }

  #flush(): void {
    if (this.#pending === '' || this.#response.destroyed || this.#response.writableEnded) return
    const text = this.#pending
    this.#pending = ''
    if (!this.#response.headersSent) this.#sendHead([])
    this.#isFull = !this.#response.write(text)
  }

  #sendHead(more: readonly string[]): void {
    const own = [
      'content-type',
      'text/event-stream; charset=utf-8',
      'cache-control',
      'no-cache',
      'x-accel-buffering',
      'no',
    ]
    this.#response.writeHead(200, [...own, ...this.#headers, ...more])
  }
}
