import { expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { WriteBehind, type WriteBehindInit } from '../../src/storage/write-behind.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

type Setup = {
  readonly store: KeyValueStore
  readonly writes: WriteBehind
  readonly fire: () => void
  readonly delays: number[]
}
function setUp(init: WriteBehindInit = {}, store = createMemoryKeyValueStore()): Setup {
  const callbacks: (() => void)[] = []
  const delays: number[] = []
  const timers = {
    schedule(delayMs: number, callback: () => void) {
      delays.push(delayMs)
      callbacks.push(callback)
      return { cancel: () => void callbacks.splice(callbacks.indexOf(callback), 1) }
    },
  }
  const fire = (): void => callbacks.splice(0).forEach((callback) => callback())
  return { store, writes: new WriteBehind({ store, timers }, init), fire, delays }
}

test('a write is seen at once and stored when the stated interval has passed', async () => {
  const { store, writes, fire, delays } = setUp({ flushIntervalMs: 40 })
  writes.put('a', bytes(1))
  writes.put('a', bytes(2))
  expect(await writes.get('a')).toEqual(bytes(2))
  expect(await store.get('a')).toBeUndefined()
  expect(delays).toEqual([40])
  fire()
  await writes.flush()
  expect(await store.get('a')).toEqual(bytes(2))
  expect(writes.pendingCount).toBe(0)
})

test('deletes hide what the store still has', async () => {
  const { store, writes } = setUp()
  await store.put('a', bytes(1))
  writes.delete('a')
  expect(await writes.get('a')).toBeUndefined()
  await writes.stop()
  expect(await store.get('a')).toBeUndefined()
})

test('stopping stores everything', async () => {
  const { store, writes } = setUp()
  writes.put('a', bytes(1))
  await writes.stop()
  expect(await store.get('a')).toEqual(bytes(1))
})

test('beyond the limit the oldest write is dropped and counted', async () => {
  const { store, writes } = setUp({ pendingMax: 2 })
  for (const key of ['a', 'b', 'c']) writes.put(key, bytes(1))
  await writes.flush()
  expect(await store.count()).toBe(2)
  expect(await store.get('a')).toBeUndefined()
  expect(writes.droppedCount).toBe(1)
})

test('a failed flush keeps its writes for the next one, and newer values win', async () => {
  const inner = createMemoryKeyValueStore()
  let isBroken = true
  const store: KeyValueStore = Object.assign(Object.create(inner), {
    batch: async (operations: Parameters<KeyValueStore['batch']>[0]) => {
      if (isBroken) throw new CodedError('STORE_WRITE_FAILED', { message: 'injected' })
      await inner.batch(operations)
    },
    get: async (key: string) => await inner.get(key),
  })
  const { writes } = setUp({}, store)
  writes.put('a', bytes(1))
  writes.put('b', bytes(1))
  const failed = writes.flush()
  writes.put('b', bytes(2))
  await expect(failed).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
  expect(await writes.get('a')).toEqual(bytes(1))
  isBroken = false
  await writes.flush()
  expect([await inner.get('a'), await inner.get('b')]).toEqual([bytes(1), bytes(2)])
})
