import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { openTrainedTasks, packTrainedTasks, taskNumberOf } from '../../../src/core/policy/trained-tasks.ts'

const native = (text: string): string => hash('sha256', text, 'hex')
const HASHING = { salt: 'card', sha256Hex: native }
const numbersOf = (keys: readonly string[]): Float64Array => Float64Array.from(keys, (key) => taskNumberOf(key, native))
const keys = (count: number, prefix = 'task'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix} ${index}`)

describe('the tasks that a policy was trained on', () => {
  it('are all found again, and others are not', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 200 }), (texts) => {
        const packed = packTrainedTasks(numbersOf(texts), HASHING)
        const set = openTrainedTasks(packed, HASHING)
        expect(packed.count).toBe(texts.length)
        for (const text of texts) expect(set?.has(text)).toBe(true)
        for (const other of keys(20, 'another')) expect(set?.has(other)).toBe(texts.includes(other))
      }),
      { seed: 21, numRuns: 100 },
    )
  })

  it('are the same bytes in any order, however often a task came, and by either hash', () => {
    const some = keys(300)
    const packed = packTrainedTasks(numbersOf(some), HASHING)
    expect(packTrainedTasks(numbersOf([...some.toReversed(), ...some]), HASHING)).toEqual(packed)
    const portable = { salt: 'card', sha256Hex }
    expect(
      packTrainedTasks(
        Float64Array.from(some, (key) => taskNumberOf(key, sha256Hex)),
        portable,
      ),
    ).toEqual(packed)
  })

  it('take less than five bytes each, and are mistaken less than once in 2^30 look-ups', () => {
    const packed = packTrainedTasks(numbersOf(keys(200_000)), HASHING)
    expect(packed.codes.length).toBeLessThan(200_000 * 4.5)
    expect(packed.bits).toBe(32)
    const set = openTrainedTasks(packed, HASHING)
    expect(keys(200_000, 'another').filter((key) => set?.has(key))).toEqual([])
  })

  it('keep as many bits as a number has room for', { timeout: 60_000 }, () => {
    const numbers = new Float64Array(3_000_000).map((_, index) => index * 1_234_567)
    let at = 0
    const quick = { salt: 'card', sha256Hex: () => (at += 1_499_999).toString(16).padStart(13, '0').slice(-13) }
    const packed = packTrainedTasks(numbers, quick)
    expect(packed.bits).toBe(30)
    expect(packed.count).toBe(3_000_000)
  })

  it('hold no hash of a task, nor a part of one, whatever it is compared with', () => {
    const [one = ''] = keys(1)
    const packed = packTrainedTasks(numbersOf(keys(1_000)), HASHING)
    const bytes = Buffer.from(packed.codes)
    const whole = Buffer.from(native(one), 'hex')
    for (let from = 0; from + 6 <= whole.length; from += 1)
      expect(bytes.includes(whole.subarray(from, from + 6))).toBe(false)
    const elsewhere = packTrainedTasks(numbersOf(keys(1_000)), { ...HASHING, salt: 'another card' })
    expect(elsewhere.codes).not.toEqual(packed.codes)
    expect(openTrainedTasks(packed, { ...HASHING, salt: 'another card' })?.has(one)).toBe(false)
  })

  it('are refused when the bytes are not whole', () => {
    const packed = packTrainedTasks(numbersOf(keys(100)), HASHING)
    expect(openTrainedTasks({ ...packed, codes: packed.codes.slice(0, -1) }, HASHING)).toBeUndefined()
    expect(openTrainedTasks({ ...packed, codes: Uint8Array.from([...packed.codes, 0]) }, HASHING)).toBeUndefined()
    expect(openTrainedTasks({ ...packed, count: 101 }, HASHING)).toBeUndefined()
    expect(
      openTrainedTasks({ ...packed, codes: new Uint8Array(packed.codes.length).fill(255) }, HASHING),
    ).toBeUndefined()
    expect(openTrainedTasks({ ...packed, count: 99 }, HASHING)).toBeUndefined()
  })
})
