import { createRandomStream } from '../../../src/base/random-stream.ts'
import { durationFromMs } from '../../../src/base/time.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { SELLER_POLICY } from '../parties/market-world.ts'

/** Bytes that do not repeat, the same in every run. */
export function bytesOfLength(length: number, seed = 1): Uint8Array {
  const stream = createRandomStream(seed)
  const words = new Uint32Array(Math.ceil(length / 4)).map(() => Math.floor(stream.nextUnit() * 2 ** 32))
  return new Uint8Array(words.buffer, 0, length)
}

/** Gives back what it got, the first byte changed, so that input and result share all pieces but one. */
export const ECHO: TaskRunner = {
  run: async ({ input }) => {
    const result = input.slice()
    result[0] = (result[0] ?? 0) ^ 255
    return await Promise.resolve({ result, counts: new Map() })
  },
}

/** Takes contracts whose start waits for the pieces of an input. */
export const LARGE_POLICY: typeof SELLER_POLICY = {
  ...SELLER_POLICY,
  timersMax: { ...SELLER_POLICY.timersMax, startMs: durationFromMs(60_000) },
}

/** Any bytes, as many as they are. */
export const ANY_SIZE = { kind: 'size-within', artifact: 'result', minBytes: 1, maxBytes: 10_000_000_000 } as const
