import { describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import type { FollowUps } from '../../src/telemetry/follow-up-entry.ts'
import { createFollowUpStore, type FollowUpStore, type FollowUpStoreInit } from '../../src/telemetry/follow-up-store.ts'
import { buildFeedback, buildShadow, instantOf } from './follow-up-builder.ts'

type Setup = { readonly keys: KeyValueStore; readonly store: FollowUpStore }
function setUp(init: FollowUpStoreInit = {}): Setup {
  const keys = createMemoryKeyValueStore()
  return { keys, store: createFollowUpStore(keys, init) }
}

const always = async (): Promise<boolean> => true
const never = async (): Promise<boolean> => false

type Asked = { readonly event_id?: string; readonly trace_id?: string | null; readonly tenant?: string }
async function lookup(store: FollowUpStore, asked: Asked = {}): Promise<FollowUps> {
  const [found] = await store.lookup([{ event_id: 'd1', trace_id: null, tenant: 'acme', ...asked }])
  return found ?? { feedback: [], shadows: [] }
}
const idsOf = async (store: FollowUpStore, asked: Asked = {}): Promise<readonly string[]> => {
  const { feedback, shadows } = await lookup(store, asked)
  return [...feedback.map(({ feedback_id }) => feedback_id), ...shadows.map(({ shadow_id }) => shadow_id)]
}

async function keysOf(store: KeyValueStore): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of store.iterate()) keys.push(key)
  return keys
}

describe('what goes wrong', () => {
  test('a store that refuses fails every append that waited for it, and nothing is kept of them', async () => {
    const keys = createMemoryKeyValueStore()
    const refusing: KeyValueStore = Object.assign(Object.create(keys) as KeyValueStore, {
      iterate: keys.iterate.bind(keys),
      getMany: keys.getMany.bind(keys),
      count: keys.count.bind(keys),
      batch: async () => {
        throw new CodedError('STORE_WRITE_FAILED', { message: 'injected' })
      },
    })
    const store = createFollowUpStore(refusing)
    const outcomes = await Promise.allSettled([store.append(buildFeedback()), store.append(buildShadow())])
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_WRITE_FAILED' } })
    expect(await keysOf(keys)).toEqual([])
    // Whoever comes after hears of it as well, instead of waiting for ever.
    await expect(store.append(buildFeedback())).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
  })

  test('more than may wait is refused', async () => {
    const { store } = setUp({ pendingMax: 2 })
    const outcomes = await Promise.allSettled(
      ['f1', 'f2', 'f3'].map(async (id) => await store.append(buildFeedback({ feedback_id: id }))),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(outcomes[2]).toMatchObject({ reason: { code: 'STORE_OVERLOADED' } })
  })

  test.each([
    ['no JSON text', new TextEncoder().encode('{"broken')],
    ['no entry', new TextEncoder().encode('{"since":1}')],
    ['feedback out of range', new TextEncoder().encode('{"since":"x","feedback":[{"value":3}],"shadows":[]}')],
    ['no text', Uint8Array.of(0xff, 0xfe)],
  ])('a value that is %s is counted once, hides no other, and is written over', async (_what, bytes) => {
    const { keys, store } = setUp()
    await store.append(buildFeedback({ event_id: 'd2' }))
    await keys.put('of acme e d1', bytes)
    expect(await idsOf(store)).toEqual([])
    expect(await idsOf(store)).toEqual([])
    expect(store.unreadableCount).toBe(1)
    expect(await idsOf(store, { event_id: 'd2' })).toEqual(['f1'])
    expect(await store.append(buildFeedback())).toBe('stored')
    expect([store.unreadableCount, await idsOf(store)]).toEqual([0, ['f1']])
  })

  test('what cannot be read goes with any purge', async () => {
    const { keys, store } = setUp()
    await keys.put('of acme e d1', Uint8Array.of(1))
    expect(await store.purge({ kind: 'tenant', tenant: 'nobody' }, always)).toBe(1)
    expect(await keysOf(keys)).toEqual([])
  })

  test('feedback that names neither task nor trace is a mistake of the caller', async () => {
    await expect(setUp().store.append(buildFeedback({ event_id: null }))).rejects.toThrow(TypeError)
  })
})

describe('appending', () => {
  test('the same twice counts once; another value under the same id replaces it and is then the newest', async () => {
    const { store } = setUp()
    expect(await store.append(buildFeedback())).toBe('stored')
    expect(await store.append(buildFeedback({ timestamp: instantOf(9) }))).toBe('exists')
    expect((await lookup(store)).feedback).toEqual([buildFeedback()])
    const later = buildFeedback({ value: 0, timestamp: instantOf(20) })
    await store.append(buildFeedback({ feedback_id: 'f2', timestamp: instantOf(10) }))
    expect(await store.append(later)).toBe('replaced')
    expect((await lookup(store)).feedback.at(-1)).toEqual(later)
    expect(await store.append(buildShadow())).toBe('stored')
    expect(await store.append(buildShadow())).toBe('exists')
    expect(await idsOf(store)).toEqual(['f2', 'f1', 's1'])
  })

  test('many at once to one task are all kept', async () => {
    const { store } = setUp()
    const ids = Array.from({ length: 20 }, (_, at) => `f${at}`)
    await Promise.all(ids.map(async (id) => await store.append(buildFeedback({ feedback_id: id }))))
    expect((await idsOf(store)).toSorted()).toEqual(ids.toSorted())
  })

  test('of one task so many are kept, the newest, feedback and shadows apart', async () => {
    const { store } = setUp({ eventsOfOneMax: 2 })
    for (const at of [1, 2, 3]) {
      await store.append(buildFeedback({ feedback_id: `f${at}`, timestamp: instantOf(at) }))
      await store.append(buildShadow({ shadow_id: `s${at}`, timestamp: instantOf(at) }))
    }
    expect(await idsOf(store)).toEqual(['f2', 'f3', 's2', 's3'])
  })

  test('of so many tasks anything is kept, and the oldest go with their places in the order', async () => {
    const { keys, store } = setUp({ namesMax: 2 })
    for (const at of [1, 2, 3, 4]) await store.append(buildFeedback({ event_id: `d${at}`, timestamp: instantOf(at) }))
    expect(await keysOf(keys)).toEqual([
      `at ${instantOf(3)} acme e d3`,
      `at ${instantOf(4)} acme e d4`,
      'of acme e d3',
      'of acme e d4',
    ])
    expect(await store.count()).toBe(2)
  })
})

describe('joining', () => {
  test('finds what came by task and by trace, in the order of time', async () => {
    const { store } = setUp()
    const ofTrace = buildFeedback({ feedback_id: 'f0', event_id: null, trace_id: 'a1', timestamp: instantOf(0) })
    await store.append(buildFeedback())
    await store.append(ofTrace)
    expect(await idsOf(store, { trace_id: 'a1' })).toEqual(['f0', 'f1'])
    expect(await idsOf(store, { event_id: 'd7', trace_id: 'a1' })).toEqual(['f0'])
    expect(await idsOf(store)).toEqual(['f1'])
  })

  test('never crosses tenants', async () => {
    const { store } = setUp()
    await store.append(buildFeedback({ tenant: 'intruder' }))
    expect(await idsOf(store, { tenant: 'acme' })).toEqual([])
    expect(await idsOf(store, { tenant: 'intruder' })).toEqual(['f1'])
  })
})

describe('purging', () => {
  async function filled(): Promise<Setup> {
    const { keys, store } = setUp()
    await store.append(buildFeedback({ event_id: 'd1', timestamp: instantOf(1) }))
    await store.append(buildShadow({ event_id: 'd1', timestamp: instantOf(8) }))
    await store.append(buildFeedback({ event_id: 'd2', tenant: 'other', timestamp: instantOf(5) }))
    await store.append(buildFeedback({ event_id: null, trace_id: 'a1', timestamp: instantOf(9) }))
    return { keys, store }
  }

  test('everything leaves no key', async () => {
    const { keys, store } = await filled()
    expect(await store.purge({ kind: 'all' }, always)).toBe(4)
    expect([await keysOf(keys), await store.count()]).toEqual([[], 0])
  })

  test('a tenant leaves no key that names it, and all of the others', async () => {
    const { keys, store } = await filled()
    expect(await store.purge({ kind: 'tenant', tenant: 'acme' }, always)).toBe(3)
    expect(await keysOf(keys)).toEqual([`at ${instantOf(5)} other e d2`, 'of other e d2'])
  })

  test('before an instant takes events one by one, and what happened at it stays', async () => {
    const { keys, store } = await filled()
    expect(await store.purge({ kind: 'before', before: instantOf(8) }, always)).toBe(2)
    expect(await idsOf(store)).toEqual(['s1'])
    expect(await idsOf(store, { event_id: 'd2', tenant: 'other' })).toEqual([])
    expect(await keysOf(keys)).toEqual([
      `at ${instantOf(8)} acme e d1`,
      `at ${instantOf(9)} acme t a1`,
      'of acme e d1',
      'of acme t a1',
    ])
  })

  test('takes what belongs to records that are gone, however late it came', async () => {
    const { keys, store } = await filled()
    expect(await store.purge({ kind: 'before', before: instantOf(0) }, never)).toBe(4)
    expect(await keysOf(keys)).toEqual([])
  })

  test('asks of each task or trace whether its record is there', async () => {
    const { store } = await filled()
    const asked: unknown[] = []
    await store.purge({ kind: 'tenant', tenant: 'nobody' }, async (name) => {
      asked.push(name)
      return true
    })
    expect(asked).toEqual([
      { tenant: 'acme', kind: 'event', id: 'd1' },
      { tenant: 'acme', kind: 'trace', id: 'a1' },
      { tenant: 'other', kind: 'event', id: 'd2' },
    ])
  })
})
