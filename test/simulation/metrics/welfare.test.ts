import { describe, expect, it } from 'vitest'
import { regretOf, welfareOf } from '../../../src/simulation/metrics/welfare.ts'

describe('welfare', () => {
  const market = {
    demands: [
      { skill: 'a', value: 10 },
      { skill: 'a', value: 8 },
      { skill: 'b', value: 9 },
    ],
    supplies: [
      { skill: 'a', cost: 2, capacity: 1 },
      { skill: 'a', cost: 5, capacity: 1 },
      { skill: 'b', cost: 20, capacity: 9 },
    ],
  }

  it('is at its best where the cheap do what is worth most, and nothing is done at a loss', () => {
    expect(welfareOf([], market).optimal).toBe(8 + 3)
  })

  it('counts values less costs of what was done', () => {
    expect(welfareOf([{ value: 10, cost: 5 }], market)).toEqual({ reached: 5, optimal: 11, share: 5 / 11 })
    expect(welfareOf([], { demands: [], supplies: [] }).share).toBeUndefined()
  })
})

describe('regret', () => {
  const gains = [
    [1, 4],
    [3, 0],
    [0, 2],
  ]

  it('is what the best single choice would have brought besides', () => {
    expect(regretOf(gains, [0, 0, 0])).toBe(2)
    expect(regretOf(gains, [1, 1, 1])).toBe(0)
    expect(regretOf(gains, [1, 0, 1])).toBe(-3)
  })
})
