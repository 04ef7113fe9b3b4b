import { describe, expect, it } from 'vitest'
import { createRandomStream, shuffle } from '../../src/base/random-stream.ts'

const bump = (counts: number[], place: number): void => {
  counts[place] = (counts[place] ?? 0) + 1
}

describe('random stream', () => {
  it('repeats itself by seed', () => {
    const draw = (seed: number): number[] =>
      Array.from(
        { length: 5 },
        (
          (random) => () =>
            random.nextUint32()
        )(createRandomStream(seed)),
      )
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('draws below a bound evenly', () => {
    const random = createRandomStream(1)
    const counts = Array.from({ length: 6 }, () => 0)
    for (let n = 0; n < 60_000; n += 1) bump(counts, random.nextBelow(6))
    for (const count of counts) expect(count).toBeGreaterThan(9_000)
    expect(() => random.nextBelow(0)).toThrow(RangeError)
  })

  it('shuffles without losing anything', () => {
    const items = Array.from({ length: 100 }, (_, index) => index)
    const shuffled = shuffle([...items], createRandomStream(3))
    expect(shuffled).not.toEqual(items)
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items)
  })
})
