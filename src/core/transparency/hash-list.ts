const HASH_BYTES = 32
const COUNT_FIRST = 64

/** A growing list of hashes, 32 bytes each and nothing besides. */
export class HashList {
  private bytes = new Uint8Array(HASH_BYTES * COUNT_FIRST)
  private count = 0

  get length(): number {
    return this.count
  }

  push(hash: Uint8Array): void {
    const at = HASH_BYTES * this.count
    if (at === this.bytes.length) {
      const grown = new Uint8Array(2 * at)
      grown.set(this.bytes)
      this.bytes = grown
    }
    this.bytes.set(hash, at)
    this.count += 1
  }

  /** A view of the hash, not to be written to; `undefined` where there is none. */
  at(index: number): Uint8Array | undefined {
    return index < this.count ? this.bytes.subarray(HASH_BYTES * index, HASH_BYTES * (index + 1)) : undefined
  }

  /** All of them, one behind the other. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, HASH_BYTES * this.count)
  }
}
