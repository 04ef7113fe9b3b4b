import { createHash } from 'node:crypto'

/** The chance of one run: SHA-256 of its seed and a counter. Whoever knows the seed knows all of it; a guest never sees it. */
export class SeededBytes {
  private readonly seed: Uint8Array
  private block = new Uint8Array()
  private count = 0n

  constructor(seed: Uint8Array) {
    this.seed = seed
  }

  take(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length;) {
      if (this.block.byteLength === 0) this.block = this.nextBlock()
      const piece = this.block.subarray(0, length - at)
      bytes.set(piece, at)
      this.block = this.block.subarray(piece.byteLength)
      at += piece.byteLength
    }
    return bytes
  }

  /** A number 0 <= x < 1 with 53 bits. */
  takeUnit(): number {
    const view = new DataView(this.take(8).buffer)
    return (view.getUint32(0) * 0x20_0000 + (view.getUint32(4) >>> 11)) / 2 ** 53
  }

  /** A whole number below 2^64. */
  takeUint64(): bigint {
    return new DataView(this.take(8).buffer).getBigUint64(0)
  }

  private nextBlock(): Uint8Array<ArrayBuffer> {
    const counter = new DataView(new ArrayBuffer(8))
    counter.setBigUint64(0, this.count)
    this.count += 1n
    return new Uint8Array(createHash('sha256').update(this.seed).update(new Uint8Array(counter.buffer)).digest())
  }
}
