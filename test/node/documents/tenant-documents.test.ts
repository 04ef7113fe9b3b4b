import { describe, expect, it } from 'vitest'
import type { TenantId } from '../../../src/base/identifiers.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import { DOCUMENT_LIMITS, type DocumentLimits } from '../../../src/node/documents/document-kinds.ts'
import { createTenantDocuments, type TenantDocuments } from '../../../src/node/documents/tenant-documents.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

const ACME = 'acme' as TenantId
const OTHER = 'other' as TenantId
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const SMALL: DocumentLimits = { countMax: 2, bytesMax: 10, ttlMs: 100, whenFull: 'forget-oldest' }

function open(
  store: KeyValueStore = createMemoryKeyValueStore(),
  limits: Partial<DocumentLimits> = {},
): { documents: TenantDocuments; store: KeyValueStore; at: (ms: number) => void } {
  let now = 1_000
  const clock = { now: () => now as Timestamp }
  const documents = createTenantDocuments({
    store,
    clock,
    limits: { ...DOCUMENT_LIMITS, response: { ...SMALL, ...limits } },
  })
  return { documents, store, at: (ms) => void (now = ms) }
}

const named = (id: string, tenant = ACME) => ({ tenant, kind: 'response' as const, id })
const textOf = async (documents: TenantDocuments, id: string, tenant = ACME): Promise<string | undefined> => {
  const found = await documents.get(named(id, tenant))
  return found && new TextDecoder().decode(found)
}

describe('documents', () => {
  it('are of their tenant alone, and there when the store is opened again', async () => {
    const { documents, store } = open()
    await documents.put(named('a'), bytes('mine'))
    await documents.put(named('a', OTHER), bytes('theirs'))
    const again = open(store).documents
    expect([await textOf(again, 'a'), await textOf(again, 'a', OTHER)]).toEqual(['mine', 'theirs'])
    expect(await again.tenants('response')).toEqual([ACME, OTHER])
    expect(await documents.delete(named('a'))).toBe(true)
    expect([await documents.delete(named('a')), await textOf(documents, 'a', OTHER)]).toEqual([false, 'theirs'])
    expect(await textOf(open(store).documents, 'a')).toBeUndefined()
  })

  it('give way to newer ones, the oldest first, by number and by size', async () => {
    const { documents, store } = open()
    for (const id of ['a', 'b', 'c']) await documents.put(named(id), bytes('12'))
    expect((await documents.list(ACME, 'response')).map(({ id }) => id)).toEqual(['b', 'c'])
    await documents.put(named('d'), bytes('123456789'))
    expect((await documents.list(ACME, 'response')).map(({ id }) => id)).toEqual(['d'])
    await documents.put(named('d'), bytes('1234567890'))
    expect(await textOf(documents, 'd')).toBe('1234567890')
    expect(await store.count()).toBe(2)
  })

  it('that would not fit are refused, and nothing gives way to them', async () => {
    const { documents } = open(undefined, { whenFull: 'refuse' })
    await documents.put(named('a'), bytes('12345'))
    for (const text of ['123456', 'x'.repeat(11)])
      await expect(documents.put(named('b'), bytes(text))).rejects.toMatchObject({ code: 'DOCUMENTS_FULL' })
    await documents.put(named('b'), bytes('12345'))
    await expect(documents.put(named('c'), bytes(''))).rejects.toMatchObject({ code: 'DOCUMENTS_FULL' })
    await documents.put(named('a', OTHER), bytes('1234567890'))
    expect((await documents.list(ACME, 'response')).map(({ id }) => id)).toEqual(['a', 'b'])
  })

  it('are gone after their time, and their room is free', async () => {
    const { documents, at } = open(undefined, { whenFull: 'refuse' })
    await documents.put(named('a'), bytes('12345'))
    await documents.put(named('b'), bytes('12345'), { ttlMs: 1_000 })
    at(1_100)
    expect([await textOf(documents, 'a'), await textOf(documents, 'b')]).toEqual([undefined, '12345'])
    expect(await documents.delete(named('a'))).toBe(false)
    await documents.put(named('c'), bytes('12345'))
    expect((await documents.list(ACME, 'response')).map(({ id }) => id)).toEqual(['b', 'c'])
  })

  it('are purged by tenant, by age, and all', async () => {
    const { documents, store, at } = open(undefined, { countMax: 9 })
    await documents.put(named('old'), bytes('1'))
    await documents.put(named('old', OTHER), bytes('1'))
    at(1_050)
    await documents.put(named('new'), bytes('1'))
    expect(await documents.purge({ kind: 'before', before: new Date(1_050).toISOString() })).toBe(2)
    expect(await documents.purge({ kind: 'tenant', tenant: 'other' })).toBe(0)
    expect(await documents.purge({ kind: 'all' })).toBe(1)
    expect(await store.count()).toBe(0)
  })

  it('have names that are no path to others', async () => {
    const { documents } = open()
    for (const id of ['', 'a/b', '../a', 'x'.repeat(201)])
      await expect(documents.put(named(id), bytes('1'))).rejects.toThrow(TypeError)
    expect(await documents.get(named('a/b'))).toBeUndefined()
  })
})
