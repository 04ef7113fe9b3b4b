import { expect, test } from 'vitest'
import { readToEnd } from '../../src/cli/standard-input.ts'

test('standard input is read to its end, and no further than a command takes', async () => {
  let asked = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      asked += 1
      yield await Promise.resolve(new Uint8Array(1_000))
    }
  }
  await expect(readToEnd(endless(), 10_000)).rejects.toMatchObject({ code: 'COMMAND_INVALID' })
  expect(asked).toBe(11)
  async function* two(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(0xff)
    yield await Promise.resolve(Uint8Array.of(0xfe))
  }
  expect([...(await readToEnd(two()))]).toEqual([0xff, 0xfe])
})
