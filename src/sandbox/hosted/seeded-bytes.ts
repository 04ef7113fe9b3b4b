import { type Cipher, createCipheriv } from 'node:crypto'

const COUNTER_BYTES = 16

/** The chance of one run: the key stream of AES-256 in counter mode under its seed, 32 bytes. Whoever knows the seed knows all of it; a guest never sees it. */
export class SeededBytes {
  private readonly stream: Cipher

  constructor(seed: Uint8Array) {
    this.stream = createCipheriv('aes-256-ctr', seed, new Uint8Array(COUNTER_BYTES))
  }

  take(length: number): Uint8Array {
    return new Uint8Array(this.stream.update(new Uint8Array(length)))
  }

  /** A number 0 <= x < 1 with 53 bits. */
  takeUnit(): number {
    const view = this.takeView()
    return (view.getUint32(0) * 0x20_0000 + (view.getUint32(4) >>> 11)) / 2 ** 53
  }

  /** A whole number below 2^64. */
  takeUint64(): bigint {
    return this.takeView().getBigUint64(0)
  }

  private takeView(): DataView {
    const { buffer, byteOffset, byteLength } = this.take(8)
    return new DataView(buffer, byteOffset, byteLength)
  }
}
