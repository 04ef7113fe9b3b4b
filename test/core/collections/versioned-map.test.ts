import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  emptyVersionedMap,
  type VersionedMap,
  versionedMapApply,
  versionedMapEntries,
  versionedMapForEach,
  versionedMapGet,
} from '../../../src/core/collections/versioned-map.ts'

fc.configureGlobal({ seed: 2026 })

type Change = readonly [string, number | undefined]

function filled(count: number): VersionedMap<number> {
  return versionedMapApply(
    emptyVersionedMap<number>(),
    Array.from({ length: count }, (_, index) => [String(index), index] as const),
  )
}

function sorted(model: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...model].sort(([left], [right]) => (left < right ? -1 : 1))
}

it('does what a map does, and every version stays what it was, from whichever one goes on', () => {
  const change = fc.tuple(fc.nat({ max: 400 }).map(String), fc.option(fc.nat(), { nil: undefined, freq: 2 }))
  const step = fc.record({ from: fc.nat(), changes: fc.array<Change>(change, { maxLength: 60, size: 'max' }) })
  fc.assert(
    fc.property(fc.constantFrom(0, 120, 300), fc.array(step, { maxLength: 25, size: 'max' }), (start, steps) => {
      const first = filled(start)
      const versions: { map: VersionedMap<number>; model: Map<string, number> }[] = [
        { map: first, model: new Map(versionedMapEntries(first)) },
      ]
      for (const { from, changes } of steps) {
        const before = versions[from % versions.length]
        if (before === undefined) continue
        const model = new Map(before.model)
        for (const [key, value] of changes) {
          if (value === undefined) model.delete(key)
          else model.set(key, value)
        }
        versions.push({ map: versionedMapApply(before.map, changes), model })
      }
      for (const { map, model } of [...versions, ...versions.toReversed()]) {
        expect(map.size).toBe(model.size)
        expect(versionedMapEntries(map)).toEqual(sorted(model))
        for (const key of ['0', '7', '299', '300', 'no such']) expect(versionedMapGet(map, key)).toBe(model.get(key))
      }
    }),
    { numRuns: 60 },
  )
})

it('is small again after most is deleted, and the large version before stays', () => {
  const large = filled(1_000)
  const small = versionedMapApply(
    large,
    Array.from({ length: 990 }, (_, index) => [String(index), undefined] as const),
  )
  expect(small.size).toBe(10)
  expect(versionedMapGet(small, '5')).toBeUndefined()
  expect(versionedMapGet(large, '5')).toBe(5)
  expect(versionedMapGet(small, '995')).toBe(995)
  let visited = 0
  versionedMapForEach(large, (value, key) => {
    visited += 1
    expect(String(value)).toBe(key)
  })
  expect(visited).toBe(1_000)
})

it('takes keys of any length and characters', () => {
  const keys = ['', 'a', 'é', '\u{1f600}', 'ff', 'FF', '0', ...Array.from({ length: 200 }, (_, index) => `${index}|`)]
  const map = versionedMapApply(
    emptyVersionedMap<number>(),
    keys.map((key, index) => [key, index] as const),
  )
  for (const [index, key] of keys.entries()) expect(versionedMapGet(map, key)).toBe(index)
  expect(map.size).toBe(keys.length)
})
