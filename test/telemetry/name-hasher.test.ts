import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createNameHasher } from '../../src/telemetry/task-hasher.ts'

const secret = new Uint8Array(32).fill(9)
const expected = (name: string): string => createHmac('sha256', secret).update(name).digest('hex').slice(0, 24)

describe('the hashes of names', () => {
  it('are the same whether a name was seen before, long ago, or never', () => {
    const hash = createNameHasher(secret)
    for (let round = 0; round < 3; round += 1)
      for (let index = 0; index < 700; index += 1) {
        const name = index % 3 === 0 ? 'tenant' : `task ${index}`
        expect(hash(name)).toBe(expected(name))
      }
    const long = 'x'.repeat(4_000)
    expect(hash(long)).toBe(expected(long))
    expect(hash(long)).toBe(expected(long))
  })
})
