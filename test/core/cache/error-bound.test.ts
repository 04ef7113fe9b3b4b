import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { chooseThreshold, wrongShareUpperBound, type ScoredHit } from '../../../src/core/cache/error-bound.ts'

describe('wrongShareUpperBound', () => {
  // Reference values of the Clopper-Pearson bound from tables of the binomial distribution.
  it.each([
    [0, 10, 0.95, 0.2589],
    [1, 10, 0.95, 0.3942],
    [0, 300, 0.95, 0.00994],
    [5, 100, 0.975, 0.1128],
    [10, 10, 0.95, 1],
    [0, 0, 0.95, 1],
  ])('%i wrong of %i at %f', (wrong, hits, confidence, expected) => {
    expect(wrongShareUpperBound({ wrong, hits, confidence })).toBeCloseTo(expected, 3)
  })

  it('holds for large counts, where single terms are smaller than any number', () => {
    const bound = wrongShareUpperBound({ wrong: 4_000, hits: 40_000, confidence: 0.95 })
    expect(bound).toBeGreaterThan(0.1)
    expect(bound).toBeLessThan(0.103)
  })
})

describe('chooseThreshold', () => {
  const hits = (count: number, isRight: boolean, from: number): ScoredHit[] =>
    Array.from({ length: count }, (_, at) => ({ score: from - at * 1e-6, isRight }))

  it('takes all that are right, and of the wrong ones no more than the bound allows', () => {
    const choice = chooseThreshold([...hits(500, true, 0.9), ...hits(500, false, 0.5)], {
      exactHits: 0,
      maxWrong: 0.01,
      confidence: 0.9,
    })
    expect(choice?.hits).toBe(500 + (choice?.wrong ?? 0))
    expect(choice?.wrong).toBeLessThanOrEqual(4)
    expect(choice?.wrongRateBound).toBeLessThanOrEqual(0.01)
  })

  it('vouches for nothing when there are too few examples for the bound', () => {
    expect(chooseThreshold(hits(200, true, 0.9), { exactHits: 0, maxWrong: 0.01, confidence: 0.9 })).toBeUndefined()
  })

  it('vouches for nothing when the surest are wrong', () => {
    expect(
      chooseThreshold([...hits(50, false, 0.99), ...hits(5_000, true, 0.9)], {
        exactHits: 0,
        maxWrong: 0.01,
        confidence: 0.9,
      }),
    ).toBeUndefined()
  })

  it('lets exact hits pay for similar ones, since the bound is over all hits', () => {
    const mixed = Array.from({ length: 1_000 }, (_, at) => ({ score: 1 - at / 1_000, isRight: at % 20 !== 19 }))
    const alone = chooseThreshold(mixed, { exactHits: 0, maxWrong: 0.01, confidence: 0.9 })
    const besideExact = chooseThreshold(mixed, { exactHits: 5_000, maxWrong: 0.01, confidence: 0.9 })
    expect(alone).toBeUndefined()
    expect(besideExact?.hits).toBeGreaterThan(500)
    expect(besideExact?.wrongRateBound).toBeLessThanOrEqual(0.01)
  })

  it('stops at six tenths of the bound, since wrong hits come in clusters that the binomial bound does not know', () => {
    const group = (score: number, wrong: number): ScoredHit[] =>
      Array.from({ length: 20_000 }, (_, at) => ({ score, isRight: at >= wrong }))
    const init = { exactHits: 0, maxWrong: 0.01, confidence: 0.9 }
    // Together 0.75 % are wrong, with an upper bound of 0.81 %.
    const choice = chooseThreshold([...group(0.9, 100), ...group(0.8, 200)], init)
    expect(wrongShareUpperBound({ wrong: 300, hits: 40_000, confidence: 0.9 })).toBeLessThan(0.01)
    expect(choice).toMatchObject({ hits: 20_000, wrong: 100 })
    expect(chooseThreshold([...group(0.9, 100), ...group(0.8, 140)], init)).toMatchObject({ hits: 40_000, wrong: 240 })
  })

  it('never cuts between equal scores', () => {
    const tied = Array.from({ length: 900 }, (_, at): ScoredHit => ({
      score: Math.floor(9 - at / 100),
      isRight: at < 650,
    }))
    const choice = chooseThreshold(tied, { exactHits: 1_000, maxWrong: 0.01, confidence: 0.9 })
    expect(choice).toMatchObject({ hits: 601, threshold: 2.5 })
  })

  it('keeps the true rate within the bound as often as its confidence says', () => {
    const random = createRandomStream(11)
    const draw = (count: number): ScoredHit[] =>
      Array.from({ length: count }, () => {
        const score = random.nextUnit()
        return { score, isRight: random.nextUnit() < 0.9 + 0.1 * score }
      })
    const [lookups, rounds] = [3_000, 60]
    const init = { exactHits: 2_000, maxWrong: 0.01, confidence: 0.9 }
    let broken = 0
    for (let round = 0; round < rounds; round += 1) {
      const threshold = chooseThreshold(draw(lookups), init)?.threshold ?? 1
      // Of scores above t, uniform, a share of 0.05 (1 - t) is wrong.
      const hits = lookups * (1 - threshold)
      if (hits * 0.05 * (1 - threshold) > init.maxWrong * (hits + init.exactHits)) broken += 1
    }
    expect(broken).toBeLessThanOrEqual(0.1 * rounds)
  })
})
