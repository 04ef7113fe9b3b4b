import { describe, expect, test } from 'vitest'
import { sealRoot } from '../../../../src/actors/durable/values/stored-value.ts'
import { decodeValue, encodeValue, formatValue, parseValue } from '../../../../src/actors/durable/values/value-codec.ts'
import { CodedError } from '../../../../src/base/errors.ts'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import { drawValue } from './arbitrary-values.ts'

describe('stored values', () => {
  test('come back as they were (5,000 random ones)', () => {
    const draws = createRandomStream(3)
    for (let round = 0; round < 5_000; round += 1) {
      const value = drawValue(draws, 4)
      const isTagged = sealRoot(value, 'value')
      const restored = decodeValue(encodeValue(value, isTagged))
      expect(restored, `round ${round}`).toEqual(value)
      expect(formatValue(restored, true)).toBe(formatValue(value, true))
    }
  })

  test('are plain JSON behind a mark wherever JSON carries them', () => {
    expect(formatValue({ a: [1, 'x', null, true] }, sealRoot({ a: [1, 'x', null, true] }, 'value'))).toBe(
      'J{"a":[1,"x",null,true]}',
    )
    expect(sealRoot({ a: -0 }, 'value')).toBe(true)
    expect(sealRoot([undefined], 'value')).toBe(true)
    expect(sealRoot({ $k: 1 }, 'value')).toBe(true)
  })

  test('keep the code of a coded error', () => {
    const error = new CodedError('ACTOR_FENCED', { message: 'late', details: { epoch: 4n } })
    const restored = decodeValue(encodeValue({ error }, true)) as { error: unknown }
    expect(CodedError.is(restored.error, 'ACTOR_FENCED')).toBe(true)
    expect(restored.error).toMatchObject({ message: 'late', details: { epoch: 4n } })
  })

  test.each([
    '',
    'X1',
    'J{',
    'T{"$k":["z","1"]}',
    'T{"$k":["b","x"]}',
    'T{"$k":["y","Uint8Array","***"]}',
    'T{"$k":1}',
    'T{"$k":["y","Float64Array","AAAA"]}',
  ])('%j is corruption', (text) => {
    expect(() => parseValue(text)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPTED' }))
    expect(() => decodeValue(new TextEncoder().encode(text))).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPTED' }),
    )
  })
})
