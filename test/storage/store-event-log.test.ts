import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { openStoreEventLog } from '../../src/storage/store-event-log.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

async function recordsOf(log: EventLog, from = 0): Promise<readonly (readonly [number, number])[]> {
  const records: [number, number][] = []
  for await (const { index, payload } of log.read(from)) records.push([index, payload[0] ?? -1])
  return records
}

/** A store whose batches fail once `isFull` is set. */
function limited(): { readonly store: KeyValueStore; isFull: boolean } {
  const store = createMemoryKeyValueStore()
  const batch = store.batch.bind(store)
  const state = { store, isFull: false }
  store.batch = async (...given) => {
    if (state.isFull) throw new CodedError('STORE_WRITE_FAILED', { message: 'full', details: { remedy: 'more' } })
    await batch(...given)
  }
  return state
}

describe('a journal in a store', () => {
  it('is the same when it is opened again, before and behind a snapshot', async () => {
    const store = createMemoryKeyValueStore()
    const log = await openStoreEventLog(store)
    await log.append([bytes(1), bytes(2)])
    expect(await recordsOf(await openStoreEventLog(store))).toEqual([
      [0, 1],
      [1, 2],
    ])
    await log.compact({ nextIndex: 2, payload: bytes(9) })
    await log.append([bytes(3, 3)])
    const again = await openStoreEventLog(store)
    expect([again.nextIndex, again.sizeBytes, again.snapshot]).toEqual([3, 2, { nextIndex: 2, payload: bytes(9) }])
    expect(await recordsOf(again, 2)).toEqual([[2, 3]])
    expect(await store.count()).toBe(2)
  })

  it('takes nothing any more once a write was refused, and says what the store says', async () => {
    const state = limited()
    const log = await openStoreEventLog(state.store)
    await log.append([bytes(1)])
    state.isFull = true
    const both = await Promise.allSettled([log.append([bytes(2)]), log.append([bytes(3)])])
    for (const { status, ...rest } of both)
      expect([status, rest]).toMatchObject([
        'rejected',
        { reason: { code: 'STORE_WRITE_FAILED', details: { remedy: 'more' } } },
      ])
    state.isFull = false
    await expect(log.append([bytes(4)])).rejects.toMatchObject({ code: 'LOG_POISONED' })
    expect(await recordsOf(await openStoreEventLog(state.store))).toEqual([[0, 1]])
  })

  it('refuses to open without a record that it had', async () => {
    const store = createMemoryKeyValueStore()
    const log = await openStoreEventLog(store)
    await log.append([bytes(1), bytes(2), bytes(3)])
    const keys: string[] = []
    for await (const { key } of store.iterate()) keys.push(key)
    await store.delete(keys[1] ?? '')
    await expect(openStoreEventLog(store)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })

  it('reads what was there when it was asked, although it is compacted meanwhile', async () => {
    const log = await openStoreEventLog(createMemoryKeyValueStore())
    await log.append([bytes(1), bytes(2)])
    const reading = log.read(0)
    await log.compact({ nextIndex: 2, payload: bytes() })
    const seen: number[] = []
    for await (const { index } of reading) seen.push(index)
    expect(seen).toEqual([0, 1])
  })
})
