import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** An answer to one reader: the status and headers first, then its pieces, then its end. */
export type RecordReader = {
  head(status: number, headers: readonly string[]): void
  piece(bytes: Buffer): void
  end(): void
}

/** Bytes that are kept of one answer; of a longer one nothing is, once it has been read. */
const KEPT_BYTES_MAX = 4 * 1_048_576

type Head = { readonly status: number; readonly headers: readonly string[] }

/**
 * The response of a request that may be sent again: an endpoint writes to it as to any other, and it hands on what was written to everybody who asks for the
 * same, from the beginning. It is never slow: who does not keep up is waited for by nobody.
 */
export class RecordedResponse extends ServerResponse {
  #head: Head | undefined
  #pieces: Buffer[] = []
  #bytes = 0
  override headersSent = false
  override writableEnded = false
  readonly #readers = new Set<RecordReader>()

  constructor(request: IncomingMessage) {
    super(request)
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether a reader would still get all of it. */
  get isWhole(): boolean {
    return this.#bytes <= KEPT_BYTES_MAX
  }

  /** All of it; `undefined` before its end, and of one that is too long. */
  get whole(): { readonly status: number; readonly headers: readonly string[]; readonly body: Buffer } | undefined {
    if (this.#head === undefined || !this.writableEnded || !this.isWhole) return undefined
    return { ...this.#head, body: Buffer.concat(this.#pieces) }
  }

  /** Hands the answer on, what is there at once. */
  read(reader: RecordReader): void {
    if (this.#head !== undefined) reader.head(this.#head.status, this.#head.headers)
    for (const piece of this.#pieces) reader.piece(piece)
    if (this.writableEnded) reader.end()
    else this.#readers.add(reader)
  }

  leave(reader: RecordReader): void {
    this.#readers.delete(reader)
  }

  /** The endpoints of the gateway give a status and a list of names and values. */
  override writeHead(
    status: number,
    message?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    const given = typeof message === 'object' ? message : headers
    if (!Array.isArray(given)) throw new TypeError('Headers are a list of names and values')
    this.#head = { status, headers: given.map(String) }
    this.statusCode = status
    this.headersSent = true
    for (const reader of this.#readers) reader.head(status, this.#head.headers)
    return this
  }

  override write(chunk: string | Uint8Array): boolean {
    const piece = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk)
    this.#bytes += piece.byteLength
    if (this.isWhole) this.#pieces.push(piece)
    else this.#pieces = []
    for (const reader of this.#readers) reader.piece(piece)
    return true
  }

  override end(chunk?: unknown): this {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.write(chunk)
    this.writableEnded = true
    for (const reader of this.#readers) reader.end()
    this.#readers.clear()
    return this
  }
}
