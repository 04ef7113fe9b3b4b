import { describe, expect, it } from 'vitest'
import type { TenantId } from '../../../src/base/identifiers.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { DOCUMENT_LIMITS } from '../../../src/node/documents/document-kinds.ts'
import { createSharedDocuments } from '../../../src/node/documents/shared-documents.ts'
import { createTenantDocuments, type TenantDocuments } from '../../../src/node/documents/tenant-documents.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import type { StoreListener } from '../../../src/ports/store-changes.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

const ACME = 'acme' as TenantId
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const named = (id: string, tenant = ACME) => ({ tenant, kind: 'response' as const, id })

type Gateway = { readonly documents: TenantDocuments; readonly hear: StoreListener }

/** Gateways on one store, each told of what the others do when a test says so. */
function openFleet(store: KeyValueStore = createMemoryKeyValueStore()) {
  let now = 1_000
  const open = (): Gateway => {
    const listeners: StoreListener[] = []
    const documents = createSharedDocuments({
      store,
      watch: (listener) => {
        listeners.push(listener)
        return () => undefined
      },
      clock: { now: () => now as Timestamp },
      limits: { ...DOCUMENT_LIMITS, response: { countMax: 3, bytesMax: 10, ttlMs: 100, whenFull: 'forget-oldest' } },
    })
    return { documents, hear: (keys) => listeners.forEach((listener) => listener(keys)) }
  }
  return { store, one: open(), two: open(), at: (ms: number) => void (now = ms) }
}

async function textOf({ documents }: Gateway, id: string): Promise<string | undefined> {
  const found = await documents.get(named(id))
  return found && new TextDecoder().decode(found)
}

const idsOf = async ({ documents }: Gateway): Promise<readonly string[]> =>
  (await documents.list(ACME, 'response')).map(({ id }) => id)

describe('documents of a fleet', () => {
  it('are found by all gateways as soon as one has put them, and gone once one has deleted them', async () => {
    const { one, two } = openFleet()
    await two.documents.put(named('z'), bytes('0'))
    await one.documents.put(named('a'), bytes('12'))
    expect([await textOf(two, 'a'), await idsOf(two), await two.documents.tenants('response')]).toEqual([
      '12',
      ['a', 'z'],
      [ACME],
    ])
    expect(await two.documents.head(named('a'))).toMatchObject({ id: 'a', bytes: 2 })
    expect([await two.documents.delete(named('a')), await one.documents.delete(named('a'))]).toEqual([true, false])
    expect([await textOf(one, 'a'), await idsOf(one)]).toEqual([undefined, ['z']])
  })

  it('count against the bounds at all of them, once that is told', async () => {
    const { store, one, two, at } = openFleet()
    await two.documents.put(named('x'), bytes('1'))
    for (const [place, id] of ['a', 'b'].entries()) {
      at(1_001 + place)
      await one.documents.put(named(id), bytes('1'))
    }
    two.hear(['head/response/acme/a', 'body/response/acme/a', 'head/response/acme/b'])
    at(1_010)
    await two.documents.put(named('c'), bytes('1'))
    expect(await idsOf(two)).toEqual(['a', 'b', 'c'])
    await two.documents.put(named('d'), bytes('123456789'))
    expect(await idsOf(one)).toEqual(['c', 'd'])
    expect(await store.count()).toBe(4)
  })

  it('that others deleted are out of the bounds, and after a gap all is read anew', async () => {
    const { one, two } = openFleet()
    for (const id of ['a', 'b', 'c']) await two.documents.put(named(id), bytes('1'))
    await one.documents.delete(named('b'))
    two.hear(['head/response/acme/b'])
    await two.documents.put(named('d'), bytes('1'))
    expect(await idsOf(two)).toEqual(['a', 'c', 'd'])
    await one.documents.delete(named('d'))
    two.hear(undefined)
    await two.documents.put(named('e'), bytes('1'))
    expect(await idsOf(two)).toEqual(['a', 'c', 'e'])
  })

  it('are gone after their time, and purged for all', async () => {
    const { store, one, two, at } = openFleet()
    await one.documents.put(named('a'), bytes('1'))
    at(1_100)
    expect([await textOf(two, 'a'), await two.documents.head(named('a')), await idsOf(two)]).toEqual([
      undefined,
      undefined,
      [],
    ])
    await one.documents.put(named('b'), bytes('1'))
    await one.documents.put(named('b', 'other' as TenantId), bytes('1'))
    expect(await two.documents.purge({ kind: 'tenant', tenant: ACME })).toBe(1)
    expect(await two.documents.purge({ kind: 'all' })).toBe(1)
    expect(await store.count()).toBe(0)
  })

  it('go on after the store was away', async () => {
    let isAway = true
    const whole = createMemoryKeyValueStore()
    const store: KeyValueStore = Object.create(whole, {
      iterate: {
        value: async function* (...what: Parameters<KeyValueStore['iterate']>) {
          if (isAway) throw new CodedError('STORE_UNREACHABLE', { message: 'It is away' })
          yield* whole.iterate(...what)
        },
      },
      ...Object.fromEntries(
        (['batch', 'get', 'getMany'] as const).map((name) => [name, { value: whole[name].bind(whole) }]),
      ),
    }) as KeyValueStore
    const { one } = openFleet(store)
    await expect(one.documents.put(named('a'), bytes('1'))).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    isAway = false
    await one.documents.put(named('a'), bytes('1'))
    expect(await textOf(one, 'a')).toBe('1')
  })

  it('that could not be written do not count, and what was to give way stays', async () => {
    const { store, one } = openFleet()
    for (const id of ['a', 'b', 'c']) await one.documents.put(named(id), bytes('1'))
    const { batch } = store
    store.batch = async () => {
      await Promise.resolve()
      throw new CodedError('STORE_UNREACHABLE', { message: 'It is away' })
    }
    for (const id of ['d', 'e'])
      await expect(one.documents.put(named(id), bytes('1'))).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    store.batch = batch
    await one.documents.put(named('f'), bytes('1'))
    expect(await idsOf(one)).toEqual(['b', 'c', 'f'])
  })

  it('have names of a form, and of another form there are none', async () => {
    const { one } = openFleet()
    for (const id of ['', 'a/b', 'ü', 'x'.repeat(201), 'a\0b']) {
      expect([await one.documents.get(named(id)), await one.documents.head(named(id))]).toEqual([undefined, undefined])
      expect(await one.documents.delete(named(id))).toBe(false)
    }
  })

  it('are purged with what a gateway kept by itself before', async () => {
    const own = createMemoryKeyValueStore()
    const clock = { now: () => 1_000 as Timestamp }
    const before = createTenantDocuments({ store: own, clock })
    await before.put(named('old'), bytes('1'))
    const documents = createSharedDocuments({
      store: createMemoryKeyValueStore(),
      watch: () => () => undefined,
      clock,
      before,
    })
    await documents.put(named('new'), bytes('1'))
    expect(await documents.get(named('old'))).toBeUndefined()
    expect([await documents.purge({ kind: 'tenant', tenant: ACME }), await own.count()]).toEqual([2, 0])
  })
})
