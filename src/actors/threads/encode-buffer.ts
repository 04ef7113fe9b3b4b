const BYTES_FIRST = 4_096

/** Short texts are written unit by unit: a call into the platform costs more. */
const SHORT_MAX = 64

/**
 * Memory of one thread that a value is written into before it goes into a ring, because its size is not known before.
 * Grows and is used again. Plain fields: it is written to many times per message.
 */
export class EncodeBuffer {
  bytes: Buffer
  /** The same memory, for copies in pieces of 4 bytes. */
  ints: Int32Array
  position = 0
  private view: DataView

  constructor() {
    const memory = new ArrayBuffer(BYTES_FIRST)
    this.bytes = Buffer.from(memory)
    this.ints = new Int32Array(memory)
    this.view = new DataView(memory)
  }

  writeByte(value: number): void {
    this.reserve(1)
    this.view.setUint8(this.position, value)
    this.position += 1
  }

  writeUint16(value: number): void {
    this.reserve(2)
    this.view.setUint16(this.position, value, true)
    this.position += 2
  }

  writeUint32(value: number): void {
    this.reserve(4)
    this.view.setUint32(this.position, value, true)
    this.position += 4
  }

  writeFloat64(value: number): void {
    this.reserve(8)
    this.view.setFloat64(this.position, value, true)
    this.position += 8
  }

  /** Tag, length and units of a short text; false, with nothing written, when it is long or has wide characters. */
  writeShortText(tag: number, text: string): boolean {
    const { length } = text
    if (length > SHORT_MAX) return false
    this.reserve(2 + length)
    const { bytes } = this
    const start = this.position + 2
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index)
      if (unit > 255) return false
      bytes[start + index] = unit
    }
    bytes[start - 2] = tag
    bytes[start - 1] = length
    this.position = start + length
    return true
  }

  writeUnits(text: string, encoding: 'latin1' | 'utf16le'): void {
    const size = encoding === 'latin1' ? text.length : text.length * 2
    this.reserve(size)
    this.bytes.write(text, this.position, size, encoding)
    this.position += size
  }

  writeBytes(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength)
    this.bytes.set(bytes, this.position)
    this.position += bytes.byteLength
  }

  /** A copy of what was written. */
  copy(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.bytes.subarray(0, this.position))
  }

  private reserve(bytes: number): void {
    const needed = this.position + bytes
    if (needed <= this.bytes.byteLength) return
    let size = this.bytes.byteLength
    while (size < needed) size *= 2
    const memory = new ArrayBuffer(size)
    const larger = Buffer.from(memory)
    larger.set(this.bytes.subarray(0, this.position))
    this.bytes = larger
    this.ints = new Int32Array(memory)
    this.view = new DataView(memory)
  }
}

/** Whether each unit of `text` fits a byte. */
export function isLatin(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 255) return false
  return true
}
