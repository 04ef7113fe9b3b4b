import { describe, expect, it } from 'vitest'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { openJournaledStore } from '../../../src/simulation/disk/journaled-store.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { KEY_VALUE_STORE_CASES } from '../../../src/testing/conformance/key-value-store-cases.ts'

describe('KeyValueStore: in memory behind a journal', () => {
  it.each(KEY_VALUE_STORE_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const store = await openJournaledStore(createMemoryEventLog())
    await item.run(store)
    await store.close()
  })
})

async function contentsOf(log: EventLog): Promise<readonly string[]> {
  const found: string[] = []
  const store = await openJournaledStore(log)
  for await (const { key, value } of store.iterate()) found.push(`${key}=${new TextDecoder().decode(value)}`)
  return found
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('what a journal brings back', () => {
  it('is what was written, deleted and replaced, before and behind a snapshot', async () => {
    const log = createMemoryEventLog()
    const store = await openJournaledStore(log)
    await store.batch([
      { type: 'put', key: 'a', value: bytes('1') },
      { type: 'put', key: 'b', value: bytes('2') },
      { type: 'delete', key: 'a' },
    ])
    await store.sublevel('files').put('é', bytes('3'))
    expect(await contentsOf(log)).toEqual(['b=2', 'files/é=3'])
    await store.compact()
    await store.put('b', bytes('4'))
    expect(log.snapshot).toBeDefined()
    expect(await contentsOf(log)).toEqual(['b=4', 'files/é=3'])
  })

  it('is written anew when most of it is outdated', async () => {
    const log = createMemoryEventLog()
    const store = await openJournaledStore(log)
    const value = new Uint8Array(400_000)
    for (let round = 0; round < 6; round += 1) await store.put('only', value)
    expect(log.sizeBytes).toBeLessThan(1_000_000)
  })

  it('is nothing of a write that failed, and nothing is taken afterwards', async () => {
    const log = createMemoryEventLog()
    const store = await openJournaledStore(log)
    await store.put('a', bytes('1'))
    const append = log.append.bind(log)
    log.append = async () => await Promise.reject(new Error('full'))
    await expect(store.put('b', bytes('2'))).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    log.append = append
    await expect(store.put('b', bytes('2'))).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    expect(await store.get('b')).toBeUndefined()
    expect(await contentsOf(log)).toEqual(['a=1'])
  })
})
