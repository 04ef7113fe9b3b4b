import { randomBytes } from 'node:crypto'
import type { Random } from '../ports/random.ts'

const POOL_BYTES = 4096
const FRACTION_SCALE = 2 ** -53

/** Unpredictable bytes of the operating system; fractions are drawn from a refilled pool, about 50 ns each. */
export function createSystemRandom(): Random {
  let pool = randomBytes(POOL_BYTES)
  let position = 0
  return {
    fraction(): number {
      if (position + 8 > POOL_BYTES) {
        pool = randomBytes(POOL_BYTES)
        position = 0
      }
      const high = pool.readUInt32LE(position) >>> 5
      const low = pool.readUInt32LE(position + 4) >>> 6
      position += 8
      return (high * 67_108_864 + low) * FRACTION_SCALE
    },
    bytes(count: number): Uint8Array {
      if (!Number.isInteger(count) || count < 0 || count > 65_536) throw new RangeError('count must be 0 to 65,536')
      return new Uint8Array(randomBytes(count))
    },
  }
}
