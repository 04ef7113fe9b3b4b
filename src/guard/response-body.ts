import type { Dispatcher } from 'undici'
import { CodedError } from '../base/errors.ts'

/** Bytes buffered for a slow reader before the socket is paused. */
const HIGH_WATER_BYTES = 65_536

type Waiter = {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void
  readonly reject: (reason: unknown) => void
}

type Collector = { readonly resolve: (text: string) => void; readonly reject: (reason: unknown) => void }

const DONE: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined }

/**
 * The body of one response: a queue between the socket and one reader, who either iterates pieces or asks for the whole text.
 * It holds at most `HIGH_WATER_BYTES` and one more piece for a reader who iterates, and at most `bytesMax` for one who collects.
 */
export class ResponseBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #controller: Dispatcher.DispatchController
  readonly #bytesMax: number
  readonly #onSettled: () => void
  #pieces: Uint8Array[] = []
  #bufferedBytes = 0
  #receivedBytes = 0
  #isEnded = false
  #isTaken = false
  #failure: { readonly reason: unknown } | undefined
  #waiter: Waiter | undefined
  #collector: Collector | undefined

  /** `onSettled` runs once, when nothing more will arrive: it frees the abort listener. */
  constructor(controller: Dispatcher.DispatchController, bytesMax: number, onSettled: () => void) {
    this.#controller = controller
    this.#bytesMax = bytesMax
    this.#onSettled = onSettled
  }

  /** A piece from the socket. */
  push(piece: Uint8Array): void {
    if (this.#isEnded) {
      this.#dropAfterRelease(piece)
      return
    }
    this.#receivedBytes += piece.byteLength
    if (this.#receivedBytes > this.#bytesMax) {
      const details = { limitBytes: this.#bytesMax }
      const reason = new CodedError('OUTBOUND_RESPONSE_TOO_LARGE', {
        message: `The response is larger than ${this.#bytesMax} bytes`,
        details,
      })
      this.fail(reason)
      this.#controller.abort(reason)
      return
    }
    const waiter = this.#waiter
    if (waiter !== undefined) {
      this.#waiter = undefined
      waiter.resolve({ done: false, value: piece })
      return
    }
    this.#pieces.push(piece)
    this.#bufferedBytes += piece.byteLength
    if (this.#collector === undefined && this.#bufferedBytes > HIGH_WATER_BYTES) this.#controller.pause()
  }

  /** The socket delivered everything. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#onSettled()
    this.#waiter?.resolve(DONE)
    this.#waiter = undefined
    this.#collector?.resolve(this.#takeText())
    this.#collector = undefined
  }

  /** Nothing more will arrive, and `reason` says why. Pieces already received are still read, then the reason is thrown. */
  fail(reason: unknown): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#failure = { reason }
    this.#onSettled()
    this.#waiter?.reject(reason)
    this.#waiter = undefined
    this.#collector?.reject(reason)
    this.#collector = undefined
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const piece = this.#pieces.shift()
    if (piece !== undefined) {
      this.#bufferedBytes -= piece.byteLength
      if (this.#controller.paused && this.#bufferedBytes <= HIGH_WATER_BYTES) this.#controller.resume()
      return { done: false, value: piece }
    }
    if (this.#failure !== undefined) throw this.#failure.reason
    if (this.#isEnded) return DONE
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
    })
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.cancel()
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    if (this.#isTaken) throw new TypeError('The body of a response is read once')
    this.#isTaken = true
    return this
  }

  async text(): Promise<string> {
    if (this.#isTaken) throw new TypeError('The body of a response is read once')
    this.#isTaken = true
    if (this.#failure !== undefined) throw this.#failure.reason
    if (this.#isEnded) return this.#takeText()
    if (this.#controller.paused) this.#controller.resume()
    return new Promise((resolve, reject) => {
      this.#collector = { resolve, reject }
    })
  }

  release(): void {
    this.#pieces = []
    this.#bufferedBytes = 0
    if (this.#isEnded) return
    this.#isEnded = true
    this.#onSettled()
    this.#waiter?.resolve(DONE)
    this.#waiter = undefined
    this.#receivedBytes = 0
    if (this.#controller.paused) this.#controller.resume()
  }

  cancel(): void {
    this.#pieces = []
    this.#bufferedBytes = 0
    if (this.#isEnded) return
    this.#isEnded = true
    this.#onSettled()
    this.#waiter?.resolve(DONE)
    this.#waiter = undefined
    this.#controller.abort(new Error('The reader left'))
  }

  #dropAfterRelease(piece: Uint8Array): void {
    this.#receivedBytes += piece.byteLength
    if (this.#receivedBytes > HIGH_WATER_BYTES)
      this.#controller.abort(new Error('The rest of the response is too long to drop'))
  }

  #takeText(): string {
    const pieces = this.#pieces
    this.#pieces = []
    this.#bufferedBytes = 0
    const only = pieces.length === 1 ? pieces[0] : undefined
    const bytes = only ?? Buffer.concat(pieces)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  }
}
