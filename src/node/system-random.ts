import { randomBytes } from 'node:crypto'
import type { Random } from '../ports/random.ts'

const POOL_BYTES = 4096
const FRACTION_SCALE = 2 ** -53

/** Counts up to this are cut from the pool: asking the operating system costs more than an identifier is worth. */
const POOLED_MAX = 64

/** Unpredictable bytes of the operating system. Fractions and short runs come from a pool of them, which is refilled; no byte of it is given out twice. */
export function createSystemRandom(): Random {
  let pool = randomBytes(POOL_BYTES)
  let position = 0
  const reserve = (count: number): number => {
    if (position + count > POOL_BYTES) {
      pool = randomBytes(POOL_BYTES)
      position = 0
    }
    position += count
    return position - count
  }
  return {
    fraction(): number {
      const at = reserve(8)
      const high = pool.readUInt32LE(at) >>> 5
      const low = pool.readUInt32LE(at + 4) >>> 6
      return (high * 67_108_864 + low) * FRACTION_SCALE
    },
    bytes(count: number): Uint8Array {
      if (!Number.isInteger(count) || count < 0 || count > 65_536) throw new RangeError('count must be 0 to 65,536')
      if (count > POOLED_MAX) return new Uint8Array(randomBytes(count))
      const at = reserve(count)
      const bytes = new Uint8Array(pool.subarray(at, at + count))
      pool.fill(0, at, at + count)
      return bytes
    },
  }
}
