import { expect, test } from 'vitest'
import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { createTelemetryStore, type TelemetryStore } from '../../src/telemetry/telemetry-store.ts'
import { telemetryEventOf, type TelemetryEvent } from '../../src/wire/telemetry-event.ts'
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
  for await (const { key } of store.iterate()) keys.push(key)
  return keys
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

test('a record that cannot be read is not found, and another of its trace is', async () => {
  const { records, store } = setUp()
  await store.append([eventOf(1), eventOf(2)])
  await records.put(`${eventOf(1).timestamp} d1`, Uint8Array.of(1))
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
