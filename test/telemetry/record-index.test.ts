import { expect, test } from 'vitest'
import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { createTelemetryStore, type TelemetryStore } from '../../src/telemetry/telemetry-store.ts'
import { formatTelemetryEvent, telemetryEventOf, type TelemetryEvent } from '../../src/wire/telemetry-event.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { buildOutcome } from './task-outcome-builder.ts'

const eventOf = (second: number, change: Partial<TelemetryEvent> = {}): TelemetryEvent => ({
  ...telemetryEventOf(
    buildOutcome({ decisionId: `d${second}`, at: timestampFromMs(Date.UTC(2026, 0, 1, 0, 0, second)) }),
    {
      instanceId: 'i',
      taskHash: 'h',
      hardwareTier: 'x',
      hasGpu: false,
      ramBucket: '8gb',
      featureSet: 'f',
      keepsText: false,
    },
  ),
  tenant: 'acme',
  trace_id: 'a1',
  ...change,
})

type Setup = { readonly records: KeyValueStore; readonly index: KeyValueStore; readonly store: TelemetryStore }
function setUp(eventsMax = 100): Setup {
  const records = createMemoryKeyValueStore()
  const index = createMemoryKeyValueStore()
  return { records, index, store: createTelemetryStore(records, { index, eventsMax }) }
}

const named = (kind: 'event' | 'trace', id: string, tenant = 'acme') => ({ kind, id, tenant }) as const
const idOf = async (store: TelemetryStore, name: Parameters<TelemetryStore['find']>[0]): Promise<unknown> =>
  (await store.find(name))?.event_id

async function keysOf(store: KeyValueStore): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  return keys
}

/** As it was stored when keys did not tell the names. */
async function putOld(records: KeyValueStore, event: TelemetryEvent): Promise<void> {
  await records.put(`${event.timestamp} ${event.event_id}`, new TextEncoder().encode(formatTelemetryEvent(event)))
}

test.each([
  ['with an index', setUp],
  ['without one', (): Pick<Setup, 'store'> => ({ store: createTelemetryStore(createMemoryKeyValueStore()) })],
])('a record is found by its task and its trace, by its tenant alone, %s', async (_how, make) => {
  const { store } = make()
  await store.append([eventOf(1), eventOf(2, { trace_id: null }), eventOf(3, { tenant: 'other', trace_id: 'a2' })])
  expect(await idOf(store, named('event', 'd2'))).toBe('d2')
  expect(await idOf(store, named('trace', 'a1'))).toBe('d1')
  expect(await idOf(store, named('event', 'd3', 'other'))).toBe('d3')
  for (const name of [named('event', 'd3'), named('trace', 'a2'), named('event', 'd'), named('trace', 'a')])
    expect(await idOf(store, name)).toBeUndefined()
})

test('records that were stored before there was an index are found, the first time already', async () => {
  const { records, index } = setUp()
  await createTelemetryStore(records).append([eventOf(1), eventOf(2)])
  const store = createTelemetryStore(records, { index })
  expect([await idOf(store, named('event', 'd1')), await idOf(store, named('trace', 'a1'))]).toEqual(['d1', 'd1'])
})

test('the index forgets records that made room', async () => {
  const { index, store } = setUp(2)
  for (const second of [1, 2, 3]) await store.append([eventOf(second)])
  expect(await keysOf(index)).toEqual(['e acme d2', 'e acme d3', 't acme a1 d2', 't acme a1 d3'])
  expect(await idOf(store, named('trace', 'a1'))).toBe('d2')
})

test('the index forgets records that made room and whose keys are of an earlier version', async () => {
  const { index, records, store } = setUp(2)
  for (const second of [1, 2]) await putOld(records, eventOf(second))
  expect([await idOf(store, named('event', 'd1')), await idOf(store, named('event', 'd2'))]).toEqual(['d1', 'd2'])
  await records.put(`${eventOf(2).timestamp} d2`, Uint8Array.of(1))
  await store.append([eventOf(3)])
  expect(await keysOf(index)).toEqual(['complete', 'e acme d2', 'e acme d3', 't acme a1 d2', 't acme a1 d3'])
  await store.append([eventOf(4)])
  expect(await keysOf(records)).toEqual([`${eventOf(3).timestamp} d3 acme a1`, `${eventOf(4).timestamp} d4 acme a1`])
  expect(await idOf(store, named('event', 'd2'))).toBeUndefined()
})

test('records make room without being read', async () => {
  const { index, records } = setUp()
  const unread = Object.assign(Object.create(records) as KeyValueStore, {
    get: records.get.bind(records),
    keys: records.keys.bind(records),
    batch: records.batch.bind(records),
    count: records.count.bind(records),
    iterate: () => {
      throw new Error('nobody asked for values')
    },
  })
  const store = createTelemetryStore(unread, { index, eventsMax: 2 })
  for (const second of [1, 2, 3]) await store.append([eventOf(second, { trace_id: null })])
  await store.append([eventOf(4, { event_id: null }), eventOf(5, { event_id: null })])
  expect(await keysOf(index)).toEqual([])
  await store.append([eventOf(6)])
  expect(await keysOf(records)).toEqual([`${eventOf(5).timestamp} - -`, `${eventOf(6).timestamp} d6 acme a1`])
})

test('a store for many records drops several at once, and never holds more than it may', async () => {
  const { records, store } = setUp(1_024)
  const events = (from: number, to: number): TelemetryEvent[] =>
    Array.from({ length: to - from + 1 }, (_unused, at) => eventOf(from + at))
  await store.append(events(1, 1_024))
  expect(await records.count()).toBe(1_024)
  await store.append([eventOf(1_025)])
  expect(await records.count()).toBe(1_021)
  await store.append(events(1_026, 1_028))
  expect(await records.count()).toBe(1_024)
  expect((await keysOf(records))[0]).toBe(`${eventOf(5).timestamp} d5 acme a1`)
})

test('a record from before those that made room goes first, when the clock went back', async () => {
  const { records, store } = setUp(2)
  for (const second of [10, 11, 12, 13]) await store.append([eventOf(second)])
  await store.append([eventOf(5)])
  expect((await keysOf(records)).map((key) => key.split(' ')[1])).toEqual(['d5', 'd13'])
  await store.append([eventOf(14)])
  expect((await keysOf(records)).map((key) => key.split(' ')[1])).toEqual(['d13', 'd14'])
})

test('of several writers each counts anew what is there, so that it stays within bounds', async () => {
  const records = createMemoryKeyValueStore()
  const stores = [1, 2].map(() => createTelemetryStore(records, { eventsMax: 1_000, isShared: true }))
  let second = 0
  const events = (): TelemetryEvent[] => Array.from({ length: 512 }, () => eventOf((second += 1)))
  for (let round = 0; round < 120; round += 1) {
    await Promise.all(stores.map(async (store) => await store.append(events())))
    expect(await records.count()).toBeLessThanOrEqual(1_000 + 2 * 16_384)
  }
})

test('what another writer puts below those that made room goes as well, later', async () => {
  const { records, store } = setUp(1)
  await store.append([eventOf(1_000)])
  await store.append([eventOf(1_001)])
  await createTelemetryStore(records).append([eventOf(1)])
  for (let second = 1_002; second < 1_002 + 16_400; second += 1) await store.append([eventOf(second)])
  expect((await keysOf(records)).map((key) => key.split(' ')[1])).not.toContain('d1')
})

test('a record that cannot be read is not found, and another of its trace is', async () => {
  const { records, store } = setUp()
  await store.append([eventOf(1), eventOf(2)])
  await records.put(`${eventOf(1).timestamp} d1 acme a1`, Uint8Array.of(1))
  expect(await idOf(store, named('event', 'd1'))).toBeUndefined()
  expect(await idOf(store, named('trace', 'a1'))).toBe('d2')
})

test.each([
  [{ kind: 'all' } as const, []],
  [{ kind: 'tenant', tenant: 'acme' } as const, ['e other d3', 't other a1 d3']],
  [
    { kind: 'before', before: '2026-01-01T00:00:02.000Z' } as const,
    ['e acme d2', 'e other d3', 't acme a1 d2', 't other a1 d3'],
  ],
])('a purge of %j leaves no entry of what it deleted', async (what, left) => {
  const { index, store } = setUp()
  await store.append([eventOf(1), eventOf(2), eventOf(3, { tenant: 'other' })])
  await index.put('e acme damaged', new TextEncoder().encode('2026-01-01T00:00:00.000Z damaged'))
  await store.purge(what)
  expect(await keysOf(index)).toEqual(left)
})
