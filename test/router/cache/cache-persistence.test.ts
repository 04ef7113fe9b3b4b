import { describe, expect, it } from 'vitest'
import { durationFromMs } from '../../../src/base/time.ts'
import type { EmbeddingModel } from '../../../src/ports/embedding-model.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import {
  answerTo,
  askAndStore,
  createTestTime,
  openCacheFixture,
  outcomeOf,
  overlapCalibration,
  queryOf,
} from './cache-fixture.ts'

const QUESTION = 'How do I learn the Spring framework?'
const REWORDED = 'How can I learn the Spring framework?'

async function keysOf(store: KeyValueStore): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of store.iterate()) keys.push(key)
  return keys
}

describe('what the cache stores', () => {
  it('is the same after the cache is opened again', async () => {
    const first = await openCacheFixture()
    await askAndStore(first.cache, queryOf(QUESTION), { answer: answerTo('Read the guide.') })
    const before = await first.cache.lookup(queryOf(QUESTION))
    await first.cache.close()
    const second = await openCacheFixture({ store: first.store })
    const after = await second.cache.lookup(queryOf(QUESTION))
    expect(before.kind === 'hit' && after.kind === 'hit' && after.entry).toEqual(before.kind === 'hit' && before.entry)
    expect(await outcomeOf(second.cache, queryOf(REWORDED))).toBe('similar')
  })

  it('reaches the disk within the flush interval', async () => {
    const { cache, store, time } = await openCacheFixture()
    await askAndStore(cache, queryOf(QUESTION))
    expect(await store.count()).toBe(0)
    time.advance(250)
    await cache.flush()
    expect(await store.count()).toBe(1)
  })

  it('can be compared once a calibration is there, although it was stored without one', async () => {
    const first = await openCacheFixture({ isCalibrated: false })
    await askAndStore(first.cache, queryOf(QUESTION))
    await first.cache.close()
    const second = await openCacheFixture({ store: first.store })
    expect(await outcomeOf(second.cache, queryOf(REWORDED))).toBe('similar')
  })

  it('keeps the vectors that a model was asked for', async () => {
    let asked = 0
    const embedder: EmbeddingModel = {
      id: 'remote',
      dimensions: 2,
      embed: async (texts) => {
        asked += 1
        return { vectors: texts.map(() => Float32Array.of(0.6, 0.8)), tokensIn: 1 }
      },
    }
    const calibration = { ...overlapCalibration(), embedderId: 'remote' }
    const first = await openCacheFixture({ embedder, calibration })
    await askAndStore(first.cache, queryOf(QUESTION))
    await first.cache.close()
    const second = await openCacheFixture({ store: first.store, embedder, calibration })
    expect(await outcomeOf(second.cache, queryOf(REWORDED))).toBe('similar')
    expect(asked).toBe(2)
  })

  it('leaves out damaged entries, counts and removes them', async () => {
    const first = await openCacheFixture()
    await askAndStore(first.cache, queryOf(QUESTION))
    await first.cache.close()
    const [key = ''] = await keysOf(first.store)
    const bytes = (await first.store.get(key)) ?? new Uint8Array()
    await first.store.put('0'.repeat(32), bytes.slice(0, bytes.length - 9))
    await first.store.put('1'.repeat(32), new TextEncoder().encode('{"version":1,"tenant":"not a tenant"}'))
    const second = await openCacheFixture({ store: first.store })
    expect(second.cache.statistics()).toMatchObject({ entries: 1, corrupted: 2 })
    await second.cache.close()
    expect(await keysOf(first.store)).toEqual([key])
  })

  it('forgets at load what is too old or too much', async () => {
    const time = createTestTime()
    const first = await openCacheFixture({ time, isCalibrated: false })
    for (const text of ['one', 'two', 'three']) {
      await askAndStore(first.cache, queryOf(text))
      time.advance(100)
    }
    await first.cache.close()
    const second = await openCacheFixture({
      store: first.store,
      time,
      ttlMs: durationFromMs(250),
      entriesMax: 1,
      isCalibrated: false,
    })
    expect(second.cache.statistics()).toMatchObject({ entries: 1, expired: 1, evicted: 1 })
    expect(await outcomeOf(second.cache, queryOf('three'))).toBe('exact')
    await second.cache.close()
    expect(await first.store.count()).toBe(1)
  })

  it('is written with the next batch when a write fails, and the owner hears of it', async () => {
    const inner = createMemoryKeyValueStore()
    const failure = new Error('disk full')
    let isFailing = true
    const store: KeyValueStore = Object.assign(Object.create(inner) as KeyValueStore, {
      batch: async (...operations: Parameters<KeyValueStore['batch']>): Promise<void> => {
        if (isFailing) throw failure
        await inner.batch(...operations)
      },
      iterate: (...range: Parameters<KeyValueStore['iterate']>) => inner.iterate(...range),
    })
    const { cache } = await openCacheFixture({ store })
    await askAndStore(cache, queryOf(QUESTION))
    await expect(cache.flush()).rejects.toBe(failure)
    isFailing = false
    await askAndStore(cache, queryOf('Something else?'))
    await cache.flush()
    expect(await inner.count()).toBe(2)
  })
})
