import { describe, expect, it } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import type { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import type { KeyValueOperation, KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { CACHE_FLUSH_ENTRIES, createEntryWriter, type EntryWriter } from '../../../src/router/cache/entry-writer.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { createTestTime, type TestTime } from './cache-fixture.ts'

const bytes = (text: string) => (): Uint8Array => new TextEncoder().encode(text)
const turn = async (): Promise<void> => {
  for (let count = 0; count < 4; count += 1) await new Promise((resolve) => setImmediate(resolve))
}

type Opened = {
  readonly writer: EntryWriter
  readonly store: KeyValueStore
  readonly time: TestTime
  readonly system: ActorSystem
  readonly batches: (readonly KeyValueOperation[])[]
  readonly errors: unknown[]
}

function open(batch?: (operations: readonly KeyValueOperation[], write: () => Promise<void>) => Promise<void>): Opened {
  const store = createMemoryKeyValueStore()
  const batches: (readonly KeyValueOperation[])[] = []
  const errors: unknown[] = []
  const time = createTestTime()
  const system = createActorSystem()
  const watched: KeyValueStore = Object.assign(Object.create(store) as KeyValueStore, {
    batch: (operations: readonly KeyValueOperation[]): Promise<void> => {
      batches.push(operations)
      const write = async (): Promise<void> => await store.batch(operations)
      return batch === undefined ? write() : batch(operations, write)
    },
  })
  const writer = createEntryWriter({
    actors: system,
    store: watched,
    timers: time.timers,
    onError: (error) => void errors.push(error),
  })
  return { writer, store, time, system, batches, errors }
}

describe('the writer of the cache', () => {
  it('writes the last state of each key, once the interval has passed', async () => {
    const { writer, store, time, batches } = open()
    writer.put('a', bytes('1'))
    writer.put('b', bytes('1'))
    writer.put('a', bytes('2'))
    writer.put('b', undefined)
    await turn()
    time.advance(249)
    await turn()
    expect(batches).toEqual([])
    time.advance(1)
    await turn()
    expect(batches.map((batch) => batch.map(({ type, key }) => [type, key]))).toEqual([
      [
        ['delete', 'b'],
        ['put', 'a'],
      ],
    ])
    expect(await store.get('a')).toEqual(bytes('2')())
  })

  it('does not wait when there is enough for a batch, and encodes a batch at a time', async () => {
    const { writer, batches } = open()
    for (let key = 0; key < 600; key += 1) writer.put(String(key), bytes('x'))
    await turn()
    expect(batches.map(({ length }) => length)).toEqual([CACHE_FLUSH_ENTRIES, CACHE_FLUSH_ENTRIES, 88])
  })

  it('flushes what was put before, also behind a write that is under way', async () => {
    const gates: PromiseWithResolvers<void>[] = []
    const { writer, batches } = open(async (_operations, write) => {
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
      await write()
    })
    writer.put('a', bytes('1'))
    const first = writer.flush()
    await turn()
    writer.put('b', bytes('1'))
    let isFlushed = false
    const second = writer.flush().then(() => {
      isFlushed = true
    })
    await turn()
    gates[0]?.resolve()
    await first
    await turn()
    expect([isFlushed, batches.length]).toEqual([false, 2])
    gates[1]?.resolve()
    await second
  })

  it('tries again what could not be written, without what has changed since, and says so once', async () => {
    const failure = new Error('disk full')
    let isFailing = true
    const { writer, store, time, errors } = open(async (_operations, write) => {
      if (isFailing) throw failure
      await write()
    })
    writer.put('a', bytes('1'))
    writer.put('b', bytes('1'))
    await expect(writer.flush()).rejects.toBe(failure)
    expect(errors).toEqual([])
    writer.put('b', undefined)
    time.advance(250)
    await turn()
    expect(errors).toEqual([failure])
    isFailing = false
    time.advance(250)
    await turn()
    expect([await store.get('a'), await store.get('b')]).toEqual([bytes('1')(), undefined])
  })

  it('takes a store that throws for one that fails', async () => {
    let isFailing = true
    const { writer, store } = open((_operations, write) => {
      if (isFailing) throw new Error('closed')
      return write()
    })
    writer.put('a', bytes('1'))
    await expect(writer.flush()).rejects.toThrow('closed')
    isFailing = false
    await writer.flush()
    expect(await store.count()).toBe(1)
  })

  it('leaves out an entry that cannot be encoded, and no other', async () => {
    const { writer, store, errors } = open()
    writer.put('a', bytes('1'))
    writer.put('bad', () => {
      throw new Error('no bytes')
    })
    writer.put('c', bytes('1'))
    await writer.flush()
    expect([await store.count(), errors]).toEqual([2, [new Error('no bytes')]])
  })

  it('drops the oldest writes when too many wait, and never what is to be deleted', async () => {
    const { writer, store, batches } = open()
    for (let key = 0; key < 20_000; key += 1) writer.put(`d${key}`, undefined)
    for (let key = 0; key < 16_390; key += 1) writer.put(`p${key}`, bytes('x'))
    await writer.flush()
    const deleted = batches.flat().filter(({ type }) => type === 'delete')
    expect([deleted.length, await store.count()]).toEqual([20_000, 16_384])
    expect([await store.get('p5'), await store.get('p6')]).toEqual([undefined, bytes('x')()])
  })

  it('writes what is left when it is closed, and takes nothing after that', async () => {
    const { writer, store, system } = open()
    writer.put('a', bytes('1'))
    await writer.close()
    await writer.close()
    writer.put('b', bytes('1'))
    expect([await store.count(), system.get('answer-cache')]).toEqual([1, undefined])
    await expect(writer.flush()).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
  })

  it('says so to those who wait when its system is stopped', async () => {
    const { writer, system } = open(async () => await new Promise(() => {}))
    writer.put('a', bytes('1'))
    const first = writer.flush()
    await turn()
    const second = writer.flush()
    await turn()
    await system.stop({ drainMs: 0 })
    for (const flushed of [first, second]) await expect(flushed).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
  })
})
