import { describe, expect, it } from 'vitest'
import { parsePriceList } from '../../../src/node/market/desks/price-list.ts'
import { WorkMeter } from '../../../src/market/parties/role/work-meter.ts'

describe('the meter of a piece of work', () => {
  it('counts time, bytes, the task at its end, and what the worker counts', () => {
    let now = 100
    const meter = new WorkMeter({ monotonicMs: () => now }, 13)
    now = 150.5
    meter.count('tokens.out', 3n)
    meter.count('tokens.out', 4n)
    const soFar = { 'bytes.in': 13n, milliseconds: 51n, 'tokens.out': 7n }
    expect(Object.fromEntries(meter.read())).toEqual(soFar)
    expect(Object.fromEntries(meter.read(20))).toEqual({ ...soFar, 'bytes.out': 20n, task: 1n })
  })

  it('takes no units that it counts itself, no other words, none backward, and no more than fit', () => {
    const meter = new WorkMeter({ monotonicMs: () => 0 }, 0)
    for (const unit of ['task', 'milliseconds', 'Tokens', '=1+1', ''])
      expect(() => meter.count(unit, 1n)).toThrow(RangeError)
    expect(() => meter.count('steps', -1n)).toThrow(RangeError)
    for (let n = 0; n < 27; n += 1) meter.count(`unit-${n}`, 1n)
    expect(() => meter.count('one-more', 1n)).toThrow(RangeError)
    expect(meter.read(1).size).toBe(31)
  })
})

describe('a list of unit prices', () => {
  it('has credits for one, or for so many', () => {
    const prices = parsePriceList({ 'bytes.in': '0.000001', milliseconds: { credits: '0.5', per: '3600000' } })
    expect([...prices]).toEqual([
      ['bytes.in', { nanos: 1_000n, per: 1n }],
      ['milliseconds', { nanos: 500_000_000n, per: 3_600_000n }],
    ])
  })

  it('is refused where a price is none', () => {
    for (const json of [null, [], { Bytes: '1' }, { bytes: 1 }, { bytes: '-1' }, { bytes: { credits: '1', per: '0' } }])
      expect(() => parsePriceList(json)).toThrow(/Prices/)
  })
})
