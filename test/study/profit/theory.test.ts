import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cartelGain, checksNeeded, shillGain } from './theory.ts'

const COSTS = [
  { name: 'a', cost: 10 },
  { name: 'b', cost: 12 },
  { name: 'c', cost: 16 },
]

describe('what a cartel gains at most', () => {
  it('is up to the cheapest outsider in an auction by second price', () => {
    const of = (...members: string[]) =>
      cartelGain({ costs: COSTS, reserve: 20 }, { members: new Set(members), isAuction: true, margin: 0.25 })
    expect(of('a', 'b')).toBe(4)
    expect(of('a', 'b', 'c')).toBe(8)
    expect(of('a')).toBe(0)
    expect(of('b', 'c')).toBe(0)
  })

  it('is up to the cheapest outsider where offers stand, and never beyond the reserve', () => {
    const of = (reserve: number) =>
      cartelGain({ costs: COSTS, reserve }, { members: new Set(['a', 'b']), isAuction: false, margin: 0.25 })
    expect(of(100)).toBe(20 - 12.5)
    expect(of(14)).toBe(1.5)
    expect(of(11)).toBe(0)
  })

  it('is never below nothing nor above the reserve less the lowest cost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 }),
        fc.nat(60),
        fc.boolean(),
        (costs, reserve, isAuction) => {
          const named = costs.map((cost, at) => ({ name: String(at), cost }))
          const gain = cartelGain({ costs: named, reserve }, { members: new Set(['0', '1']), isAuction, margin: 0.25 })
          expect(gain).toBeGreaterThanOrEqual(0)
          expect(gain).toBeLessThanOrEqual(Math.max(0, reserve - Math.min(...costs)))
        },
      ),
    )
  })
})

describe('what a shill gains', () => {
  const of = (bidShare: number) => shillGain({ costs: COSTS, reserve: 20 }, { bidShare, deposit: 1, margin: 0.25 })

  it('is what it takes off the second price, and at most the distance of the lowest two', () => {
    expect(of(0.75)).toEqual({ gain: 12 - 11.25, isLost: false, bound: 2 })
    expect(of(0.9)).toEqual({ gain: 0, isLost: false, bound: 2 })
  })

  it('is its deposit, lost, where its bid is the lowest', () => {
    expect(of(0.6)).toEqual({ gain: -1, isLost: true, bound: 2 })
  })
})

it('junk does not pay from that share of checks on at which price and penalty eat what is saved', () => {
  expect(checksNeeded({ price: 10, cost: 8, penalty: 0 })).toBe(0.8)
  expect(checksNeeded({ price: 10, cost: 8, penalty: 6 })).toBe(0.5)
})
