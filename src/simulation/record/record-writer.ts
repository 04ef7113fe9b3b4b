import { createRunningSha256, type RunningSha256 } from '../../base/sha256.ts'

/** Bytes that are hashed at once. */
const BUFFER_BYTES = 65_536
/** Names that are known by a number; what comes after them is written out each time. */
const NAMES_MAX = 65_536

/**
 * Writes values one behind the other into bytes that are hashed as they come. Every value says where it ends, so that two different sequences never give the same bytes.
 *
 * ```
 *   whole number   7 bits a byte, lowest first, the top bit set in all but the last
 *   text           2 * length + 1 where a code unit needs two bytes; then its code units, one or two bytes each, low byte first
 *   name           0 and the text where it appears first; from then on its number, 2 or more
 *   no name        1
 * ```
 */
export class RecordWriter {
  /** While set, what is written stays where it is until `flush`: somebody looks at it. */
  isKept = false
  private hash: RunningSha256 | undefined
  private buffer: Uint8Array
  private view: DataView
  private at = 0
  private readonly names = new Map<string, number>()

  /** @param bufferBytes  What is written is hashed whenever so many bytes have come together, or lie in so much room at first while they are kept. */
  constructor(bufferBytes = BUFFER_BYTES) {
    this.buffer = new Uint8Array(bufferBytes)
    this.view = new DataView(this.buffer.buffer)
  }

  /** Place of the next byte since the last flush. */
  get position(): number {
    return this.at
  }

  /** Of all that was written, 64 hexadecimal digits. */
  hex(): string {
    this.flush()
    return this.running().hex()
  }

  /** What was written from `from` on, if it is kept. Valid until the next write. */
  since(from: number): Uint8Array {
    return this.buffer.subarray(from, this.at)
  }

  flush(): void {
    if (this.at === 0) return
    this.running().update(this.buffer.subarray(0, this.at))
    this.at = 0
  }

  byte(value: number): void {
    if (this.at === this.buffer.length) this.make(1)
    this.buffer[this.at] = value
    this.at += 1
  }

  /** A whole number from 0 to 2^53. */
  whole(value: number): void {
    if (this.at + 8 > this.buffer.length) this.make(8)
    const { buffer } = this
    let rest = value
    while (rest > 0x7fffffff) {
      buffer[this.at] = (rest % 128) | 128
      this.at += 1
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      buffer[this.at] = (rest & 127) | 128
      this.at += 1
      rest >>>= 7
    }
    buffer[this.at] = rest
    this.at += 1
  }

  /** Any number but NaN, which has many forms. */
  double(value: number): void {
    if (this.at + 8 > this.buffer.length) this.make(8)
    this.view.setFloat64(this.at, value, true)
    this.at += 8
  }

  text(text: string): void {
    const { length } = text
    if (this.at + 2 * length + 8 > this.buffer.length) this.make(2 * length + 8)
    const start = this.at
    this.whole(2 * length)
    const { buffer } = this
    let { at } = this
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index)
      if (unit > 0xff) {
        this.at = start
        this.wideText(text)
        return
      }
      buffer[at] = unit
      at += 1
    }
    this.at = at
  }

  name(text: string): void {
    const known = this.names.get(text)
    if (known !== undefined) {
      this.whole(known)
      return
    }
    if (this.names.size < NAMES_MAX) this.names.set(text, this.names.size + 2)
    this.whole(0)
    this.text(text)
  }

  /** Stands where a name could, and is none. */
  noName(): void {
    this.byte(1)
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes
    this.whole(length)
    if (this.at + length > this.buffer.length) this.make(length)
    this.buffer.set(bytes, this.at)
    this.at += length
  }

  private running(): RunningSha256 {
    this.hash ??= createRunningSha256()
    return this.hash
  }

  private wideText(text: string): void {
    this.whole(2 * text.length + 1)
    for (let index = 0; index < text.length; index += 1) {
      this.view.setUint16(this.at, text.charCodeAt(index), true)
      this.at += 2
    }
  }

  /** Room for so many bytes more. */
  private make(room: number): void {
    if (!this.isKept) this.flush()
    if (this.at + room <= this.buffer.length) return
    const larger = new Uint8Array(Math.max(2 * this.buffer.length, this.at + room))
    larger.set(this.buffer.subarray(0, this.at))
    this.buffer = larger
    this.view = new DataView(larger.buffer)
  }
}
