import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeyRange, KeyValueOperation, KeyValueStore } from '../../src/ports/key-value-store.ts'
import { compareKeys } from '../../src/storage/key-order.ts'
import { openLevelKeyValueStore } from '../../src/storage/level/level-key-value-store.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', 'a/b', 'a0', '\u{1f600}', '\uffff', 'é'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }).filter((text) => text.isWellFormed() && text.length > 0),
)
const value = fc.uint8Array({ maxLength: 5 })
const operation: fc.Arbitrary<KeyValueOperation> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key, value }),
  fc.record({ type: fc.constant('delete' as const), key }),
)
const range: fc.Arbitrary<KeyRange> = fc
  .record({
    lower: fc.option(key),
    isOpenLow: fc.boolean(),
    upper: fc.option(key),
    isOpenHigh: fc.boolean(),
    reverse: fc.boolean(),
    limit: fc.option(fc.nat(4)),
  })
  .map(({ lower, isOpenLow, upper, isOpenHigh, reverse, limit }) => ({
    ...(lower !== null && (isOpenLow ? { gt: lower } : { gte: lower })),
    ...(upper !== null && (isOpenHigh ? { lt: upper } : { lte: upper })),
    reverse,
    ...(limit !== null && { limit }),
  }))

async function list(store: KeyValueStore, wanted: KeyRange): Promise<unknown[]> {
  const entries: unknown[] = []
  for await (const entry of store.iterate(wanted)) entries.push([entry.key, [...entry.value]])
  return entries
}

test('memory and Level answer the same to the same operations', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-model-'))
  const root = await openLevelKeyValueStore({ location: folder })
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(operation, { maxLength: 6 }), { maxLength: 6 }),
      fc.array(range, { maxLength: 6 }),
      fc.array(key, { maxLength: 5 }),
      async (batches, ranges, keys) => {
        run += 1
        const level = root.sublevel(`run${run}`)
        const memory = createMemoryKeyValueStore().sublevel(`run${run}`)
        for (const batch of batches) await Promise.all([level.batch(batch), memory.batch(batch)])
        for (const wanted of ranges) {
          expect(await list(level, wanted)).toEqual(await list(memory, wanted))
          expect(await level.count(wanted)).toBe(await memory.count(wanted))
        }
        const [found, modelled] = await Promise.all([level.getMany(keys), memory.getMany(keys)])
        expect(found.map((bytes) => bytes && [...bytes])).toEqual(modelled.map((bytes) => bytes && [...bytes]))
      },
    ),
    { numRuns: 150, seed: 17 },
  )
  await root.close()
  await rm(folder, { recursive: true })
})

test('keys are ordered as their UTF-8 bytes are', () => {
  fc.assert(
    fc.property(key, key, (left, right) => {
      expect(Math.sign(compareKeys(left, right))).toBe(Math.sign(Buffer.compare(Buffer.from(left), Buffer.from(right))))
    }),
    { numRuns: 1000, seed: 19 },
  )
})
