import { describe, expect, it } from 'vitest'
import { quantiseInt8 } from '../../../src/core/kernels/quantise.ts'
import { rotate, rotationSigns, signBits } from '../../../src/core/kernels/rotate.ts'
import { dotFloat32, dotInt8, hammingDistance } from '../../../src/core/kernels/similarity.ts'
import { createTopList, offer } from '../../../src/core/kernels/top-list.ts'
import { createSlotTable, releaseSlot, slotFor } from '../../../src/core/kernels/slot-table.ts'
import { randomNumbers, unitVector } from '../../wasm/seeded-vectors.ts'

function rotated(vector: Float32Array): Float32Array {
  const copy = vector.slice()
  rotate(copy, rotationSigns(copy.length), new Float32Array(copy.length))
  return copy
}

describe('similarity', () => {
  it('adds in another order than a plain loop, to nearly the same sum', () => {
    const a = unitVector(1, 256)
    const b = unitVector(2, 256)
    const plain = a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)
    expect(dotFloat32(a, b, 0)).toBeCloseTo(plain, 6)
  })

  it('multiplies codes exactly, at their extremes too', () => {
    expect(dotInt8(new Int8Array(64).fill(-128), new Int8Array(128).fill(-128), 64)).toBe(64 * 16_384)
  })

  it('counts differing bits', () => {
    expect(hammingDistance(Uint32Array.of(0xffffffff, 0), Uint32Array.of(9, 0, 0x80000001), 1)).toBe(34)
  })
})

describe('codes', () => {
  it('are within half a step of the number, and the largest is 127', () => {
    const vector = Float32Array.from(randomNumbers(5, 512))
    const codes = new Int8Array(512)
    const scale = quantiseInt8(vector, codes, 0)
    expect(Math.max(...codes.map(Math.abs))).toBe(127)
    vector.forEach((x, i) => expect(Math.abs(x - (codes[i] ?? 0) * scale)).toBeLessThanOrEqual(scale * 0.5001))
  })

  it('have the largest magnitude, divided by 127 and rounded once, for a scale', () => {
    const codes = new Int8Array(2)
    for (const largest of randomNumbers(9, 200)) {
      const vector = Float32Array.of(largest, 0)
      expect(quantiseInt8(vector, codes, 0)).toBe(Math.fround(Math.abs(vector[0] ?? 0) / 127))
    }
  })

  it('round halves to even', () => {
    const codes = new Int8Array(4)
    quantiseInt8(Float32Array.of(127, 0.5, 1.5, -2.5), codes, 0)
    expect([...codes]).toEqual([127, 0, 2, -2])
  })

  it('of a zero vector are zero with scale 0', () => {
    const codes = new Int8Array(16).fill(3)
    expect(quantiseInt8(new Float32Array(16), codes, 0)).toBe(0)
    expect(codes.every((code) => code === 0)).toBe(true)
  })
})

describe('rotation', () => {
  it.each([128, 256, 384, 640])('keeps angles and scales every length alike at %i dimensions', (dims) => {
    const [a, b] = [unitVector(1, dims), unitVector(2, dims)]
    const [x, y] = [rotated(a), rotated(b)]
    const length = Math.sqrt(dotFloat32(x, x, 0))
    expect(dotFloat32(x, y, 0) / (length * length)).toBeCloseTo(dotFloat32(a, b, 0), 4)
    expect(Math.sqrt(dotFloat32(y, y, 0))).toBeCloseTo(length, 2)
  })

  it('spreads a single entry over nearly all places', () => {
    const vector = new Float32Array(384)
    vector[17] = 1
    expect(rotated(vector).filter((x) => x === 0).length).toBeLessThan(0.1 * 384)
  })

  it('makes the share of equal signs follow the angle', () => {
    const bits = (vector: Float32Array): Uint32Array => {
      const out = new Uint32Array(vector.length / 32)
      signBits(rotated(vector), out)
      return out
    }
    const base = unitVector(3, 1024)
    const near = base.map((x, i) => x + 0.3 * (unitVector(4, 1024)[i] ?? 0))
    const angle = Math.acos(1 / Math.sqrt(1.09))
    expect(hammingDistance(bits(base), bits(near), 0) / 1024).toBeCloseTo(angle / Math.PI, 1)
    expect(hammingDistance(bits(base), bits(unitVector(5, 1024)), 0) / 1024).toBeCloseTo(0.5, 1)
  })
})

describe('top list', () => {
  it('keeps the best in order, of equals the first offered', () => {
    const list = createTopList(3)
    ;[1, 5, 5, 2, 5, 9].forEach((score, slot) => offer(list, score, slot))
    expect([...list.slots]).toEqual([5, 1, 2])
    expect([...list.scores]).toEqual([9, 5, 5])
  })

  it('holds nothing when its limit is 0', () => {
    const list = createTopList(0)
    offer(list, 1, 1)
    expect(list.count).toBe(0)
  })
})

describe('slot table', () => {
  it('fills the hole of a removed id with the last one', () => {
    const table = createSlotTable()
    expect([10, 20, 30].map((id) => slotFor(table, id))).toEqual([0, 1, 2])
    expect(slotFor(table, 20)).toBe(1)
    expect(releaseSlot(table, 10)).toEqual({ from: 2, to: 0 })
    expect(table.ids).toEqual([30, 20])
    expect(slotFor(table, 30)).toBe(0)
    expect(releaseSlot(table, 20)).toEqual({ from: 1, to: 1 })
    expect(releaseSlot(table, 20)).toBeUndefined()
  })
})
