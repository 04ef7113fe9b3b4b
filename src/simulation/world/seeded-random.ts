import { createRandomStream, type RandomStream } from '../../base/random-stream.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { Random } from '../../ports/random.ts'

/** Draws of one name in one world: no more or fewer of them by somebody else change these. */
export function streamOf(seed: number, name: string): RandomStream {
  return createRandomStream(Number.parseInt(sha256Hex(`${seed}/${name}`).slice(0, 8), 16))
}

/** A stream as services take chance. */
export function randomOf(stream: RandomStream): Random {
  return {
    // 27 and 26 bits, as in Math.random of 53.
    fraction: () => ((stream.nextUint32() >>> 5) * 67_108_864 + (stream.nextUint32() >>> 6)) / 9_007_199_254_740_992,
    bytes: (count) => {
      const bytes = new Uint8Array(count)
      for (let at = 0; at < count; at += 1) bytes[at] = stream.nextUint32() & 0xff
      return bytes
    },
  }
}
