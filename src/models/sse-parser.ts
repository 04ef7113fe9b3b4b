const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/**
 * Incremental reader of server-sent events: bytes in, the `data` of each complete event out. Event names, ids and retry times are
 * dropped, because the model interfaces repeat what matters inside the data.
 *
 * Bytes are cut only after a line end, which is never inside a UTF-8 sequence, so each cut is decoded once and no decoder state
 * is kept. Lines may end in LF, CRLF or CR, in any mixture, split anywhere.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class SseParser {
  readonly #eventBytesMax: number
  #rest: Uint8Array = new Uint8Array(0)
  #data: string | undefined
  #isStarted = false

  /** `eventBytesMax` bounds one unfinished line, and the characters of one unfinished event. */
  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax
  }

  /** Takes the next bytes; returns the data of the events they complete, in order. Throws `RangeError` when an event exceeds the limit. */
  push(bytes: Uint8Array): string[] {
    const joined = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const end = endOfLastLine(joined)
    if (joined.length - end > this.#eventBytesMax) throw new RangeError('A server-sent event is too large')
    this.#rest = end === joined.length ? new Uint8Array(0) : joined.subarray(end)
    return end === 0 ? [] : this.#read(decode(joined, end))
  }

  /** The stream ended: an event that no empty line closed is returned too, as lenient servers leave the last one open. */
  finish(): string[] {
    const bytes = this.#rest
    this.#rest = new Uint8Array(0)
    const events = this.#read(`${decode(bytes, bytes.length)}\n`)
    if (this.#data !== undefined) events.push(this.#data)
    this.#data = undefined
    return events
  }

  #read(decoded: string): string[] {
    let text = decoded
    if (!this.#isStarted) {
      this.#isStarted = true
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
    }
    if (text.includes('\r')) text = text.replaceAll(/\r\n?/g, '\n')
    const events: string[] = []
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      if (end === start) {
        if (this.#data !== undefined) events.push(this.#data)
        this.#data = undefined
      } else if (text.startsWith('data', start)) {
        this.#readData(text, start + 4, end)
      }
      start = end + 1
    }
    return events
  }

  /** The rest of a line that starts with `data`: `: value`, `:value`, or nothing. Several lines of one event are joined by line feeds. */
  #readData(text: string, start: number, end: number): void {
    let from = start
    if (from < end) {
      if (text.charCodeAt(from) !== 58) return
      from++
      if (text.charCodeAt(from) === 32) from++
    }
    const value = text.slice(from, end)
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    if (this.#data.length > this.#eventBytesMax) throw new RangeError('A server-sent event is too large')
  }
}

/** Index after the last line end. A CR at the very end is left for the next bytes, which may begin with its LF. */
function endOfLastLine(bytes: Uint8Array): number {
  const lineFeed = bytes.lastIndexOf(LINE_FEED) + 1
  if (lineFeed === bytes.length) return lineFeed
  const carriageReturn = bytes.lastIndexOf(CARRIAGE_RETURN, bytes.length - 2) + 1
  return bytes.length < 2 ? lineFeed : Math.max(lineFeed, carriageReturn)
}

function decode(bytes: Uint8Array, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('utf8')
}
