import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeRow, rowOfBytes } from '../../../src/telemetry/sums/sum-row.ts'
import { USAGE_KINDS, usageIdOf } from '../../../src/telemetry/sums/usage-figures.ts'

const count = fc.nat()
const instant = fc
  .date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString())
const nanos = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })
const figures = fc.record({
  requests: count,
  succeeded: count,
  cacheHits: count,
  tokensIn: count,
  tokensOut: count,
  costNanos: nanos,
  withoutCost: count,
  savedNanos: nanos,
  withSavings: count,
  firstAt: instant,
  lastAt: instant,
})
const name = fc.option(fc.string({ unit: 'binary' }))
const names = fc.record({
  kind: fc.constantFrom(...USAGE_KINDS),
  organisation: name,
  tenant: name,
  team: name,
  key: name,
  model: name,
  provider: name,
  route: name,
  tier: fc.string(),
})
const part = fc.option(figures, { nil: undefined })
const row = fc.record({ names, writer: fc.string(), own: part, before: part })

test('a row is read as it was written, whatever its names', () => {
  fc.assert(
    fc.property(row, (written) => {
      expect(rowOfBytes(encodeRow(written))).toEqual(written)
    }),
  )
})

test('other names have another id', () => {
  fc.assert(
    fc.property(names, names, (one, other) => {
      const areSame = JSON.stringify(one) === JSON.stringify(other)
      expect(usageIdOf(one) === usageIdOf(other)).toBe(areSame)
    }),
  )
})

test('bytes that are no row are none, and nothing is thrown', () => {
  const json = fc.json().map((text) => new TextEncoder().encode(text))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), json), (bytes) => {
      expect(rowOfBytes(bytes)).toBeUndefined()
    }),
  )
  const damaged = fc.tuple(row, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([written, place, byte]) => {
    const bytes = encodeRow(written)
    bytes[place % bytes.length] = byte
    return bytes
  })
  fc.assert(
    fc.property(damaged, (bytes) => {
      const read = rowOfBytes(bytes)
      for (const figure of [read?.own, read?.before])
        if (figure !== undefined) expect(Object.values(figure).every((value) => value !== undefined)).toBe(true)
    }),
  )
})
