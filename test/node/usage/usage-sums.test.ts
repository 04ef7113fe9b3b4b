import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createNodeUsage, type NodeUsage } from '../../../src/node/usage/node-usage.ts'
import type { UsageQuery } from '../../../src/node/usage/usage-query.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { openSums, taskAt, type OpenInit, type Opened } from '../../telemetry/sums/sums-builder.ts'

const pipeline = { flush: async (): Promise<void> => await Promise.resolve() }

type Setup = Opened & { readonly usage: NodeUsage }
function setUp(init: OpenInit = {}): Setup {
  const opened = openSums(createMemoryKeyValueStore(), init)
  return { ...opened, usage: createNodeUsage({ hasConsent: true, pipeline, ...opened }) }
}

async function countsOf(usage: NodeUsage, query: Partial<UsageQuery> = {}): Promise<unknown> {
  const { data } = await usage.summarize({ by: [], ...query })
  const rows = data as readonly Readonly<Record<string, unknown>>[]
  const by = query.by ?? []
  if (by.length === 0) return rows[0]?.['requests']
  return Object.fromEntries(rows.map((row) => [by.map((name) => row[name]).join(' '), row['requests']]))
}

describe('sums that outlive records', () => {
  test('are of everything, and tell how far back they and the records go', async () => {
    const { store, usage } = setUp({ eventsMax: 1 })
    expect(await usage.summarize({ by: [] })).toMatchObject({ sums_from: null, records_from: null })
    for (const hour of ['01', '02', '03']) await store.append([taskAt(`2030-01-01T${hour}:00:00.000Z`)])
    expect(await usage.summarize({ by: ['hour'] })).toEqual({
      object: 'usage',
      by: ['hour'],
      from: null,
      to: null,
      sums_from: '2030-01-01T01:00:00.000Z',
      records_from: '2030-01-01T03:00:00.000Z',
      data: ['01', '02', '03'].map((hour) => ({
        hour: `2030-01-01T${hour}`,
        requests: 1,
        succeeded: 1,
        cache_hits: 0,
        tokens_in: 2,
        tokens_out: 1,
        cost_usd: '0.5',
        requests_without_cost: 0,
        saved_usd_estimated: null,
        requests_with_estimate: 0,
        first_at: `2030-01-01T${hour}:00:00.000Z`,
        last_at: `2030-01-01T${hour}:00:00.000Z`,
      })),
    })
  })

  test('are told apart and narrowed as records are', async () => {
    const { store, usage } = setUp({ eventsMax: 1 })
    const names = [
      { team: 'red', key_id: 'k1', model_used: 'm1', organisation: 'o' },
      { team: 'red', key_id: 'k2', model_used: 'm1' },
      { team: 'blue', key_id: 'k3', model_used: 'm2', tenant: 'other' },
    ]
    for (const [place, change] of names.entries())
      await store.append([taskAt(`2030-01-01T01:00:0${place}.000Z`, change)])
    expect(await countsOf(usage, { by: ['team', 'key', 'model'] })).toEqual({
      'red k1 m1': 1,
      'red k2 m1': 1,
      'blue k3 m2': 1,
    })
    expect(await countsOf(usage, { by: ['month', 'tenant'], model: 'm1' })).toEqual({ '2030-01 acme': 2 })
    const asked = [
      { tenant: 'other' },
      { team: 'red' },
      { key: 'k2' },
      { organisation: 'o' },
      { kind: 'task' as const },
    ]
    expect(await Promise.all(asked.slice(0, 4).map(async (filter) => await countsOf(usage, filter)))).toEqual([
      1, 2, 1, 1,
    ])
    expect(await countsOf(usage, { kind: 'task' })).toBe(3)
    expect(await countsOf(usage, { kind: 'embedding' })).toBe(0)
  })

  test('count an hour that is cut by sums on one side of the cut, and else by records', async () => {
    const { store, usage } = setUp({ eventsMax: 2 })
    for (const minute of ['00', '10', '20', '30'])
      await store.append([taskAt(`2030-01-01T01:${minute}:00.000Z`, { tenant: minute < '20' ? 'acme' : 'other' })])
    const from = '2030-01-01T01:20:00.000Z'
    // Both tenants are on one side of it, though the records of the first are gone.
    expect(await countsOf(usage, { by: ['tenant'], from })).toEqual({ other: 2 })
    expect(await countsOf(usage, { by: ['tenant'], to: from })).toEqual({ acme: 2 })
    // The records of the other are kept, those of the first are not.
    expect(await countsOf(usage, { by: ['tenant'], from: '2030-01-01T01:25:00.000Z' })).toEqual({ other: 1 })
    expect(await countsOf(usage, { by: ['tenant'], from: '2030-01-01T01:05:00.000Z' })).toEqual({ other: 2 })
    expect(await countsOf(usage, { from: '2030-01-01T01:05:00.000Z', to: '2030-01-01T01:25:00.000Z' })).toBe(1)
  })

  test('keep apart what came before a start, to the millisecond', async () => {
    const root = createMemoryKeyValueStore()
    const before = openSums(root, { writer: 'w1', eventsMax: 1 })
    for (const second of [1, 2, 3]) await before.store.append([taskAt(`2030-01-01T01:00:0${second}.000Z`)])
    const after = openSums(root, { writer: 'w2', eventsMax: 1 })
    for (const second of [5, 6]) await after.store.append([taskAt(`2030-01-01T01:00:0${second}.000Z`)])
    const usage = createNodeUsage({ hasConsent: true, pipeline, ...after })
    expect(await countsOf(usage, { to: '2030-01-01T01:00:04.500Z', by: ['day'] })).toEqual({ '2030-01-01': 3 })
    expect(await countsOf(usage, { from: '2030-01-01T01:00:04.500Z' })).toBe(2)
  })

  test('count what came before a start once, where what came after it is cut', async () => {
    const root = createMemoryKeyValueStore()
    await openSums(root, { writer: 'w1' }).store.append([taskAt('2030-01-01T01:20:00.000Z')])
    const after = openSums(root, { writer: 'w2' })
    for (const minute of [30, 50]) await after.store.append([taskAt(`2030-01-01T01:${minute}:00.000Z`)])
    const usage = createNodeUsage({ hasConsent: true, pipeline, ...after })
    expect(await countsOf(usage, { to: '2030-01-01T01:40:00.000Z' })).toBe(2)
  })

  test('of days whose hours are gone are whole days, and what records tell', async () => {
    const { store, sums, usage } = setUp({ eventsMax: 50 })
    for (let day = 1; day <= 40; day += 1)
      for (const hour of ['03', '21'])
        await store.append([taskAt(new Date(Date.parse(`2030-01-01T${hour}:00:00Z`) + day * 86_400_000).toISOString())])
    await sums.flush()
    expect(await sums.firstDay('hour')).toBe('2030-01-07')
    expect(await countsOf(usage)).toBe(80)
    expect(await countsOf(usage, { from: '2030-01-03', to: '2030-01-05' })).toBe(4)
    // Hours of the days that have them, and of those before no record is kept.
    expect(await countsOf(usage, { from: '2030-01-03T12:00:00Z', to: '2030-01-08T12:00:00Z' })).toBe(2 * 4 + 1)
    const hours = (await countsOf(usage, { by: ['hour'] })) as object
    expect(Object.keys(hours)).toHaveLength(70)
  })

  test('of any span are what the records say, while these are kept', async () => {
    const hour = 3_600_000
    const place = fc.integer({ min: 0, max: 72 * 4 }).map((quarter) => Date.UTC(2030, 0, 1) + (quarter * hour) / 4)
    const instant = place.map((ms) => new Date(ms).toISOString())
    const task = fc.record({ at: place, tenant: fc.constantFrom('acme', 'other'), model: fc.constantFrom('m', 'n') })
    const by = fc.constantFrom<UsageQuery['by']>([], ['hour'], ['day', 'tenant'], ['month', 'model'])
    await fc.assert(
      fc.asyncProperty(
        fc.array(task, { maxLength: 12 }),
        fc.record({ by, from: fc.option(instant, { nil: undefined }), to: fc.option(instant, { nil: undefined }) }),
        async (tasks, { by: dimensions, from, to }) => {
          const { store, usage } = setUp()
          for (const [number, { at, tenant, model }] of tasks.entries()) {
            const change = { tenant, model_used: model, event_id: `e${number}` }
            await store.append([taskAt(new Date(at + number).toISOString(), change)])
          }
          const query = {
            by: dimensions,
            ...(from !== undefined && { from }),
            ...(to !== undefined && { to }),
          }
          const plain = createNodeUsage({ hasConsent: true, pipeline, store })
          expect((await usage.summarize(query))['data']).toEqual((await plain.summarize(query))['data'])
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('a sum is given up with its reader', async () => {
  const { store, usage } = setUp()
  await store.append([taskAt('2030-01-01T01:00:00.000Z')])
  await expect(usage.summarize({ by: [] }, { signal: AbortSignal.abort(new Error('left')) })).rejects.toThrow('left')
})

test('no more than four read at one time', async () => {
  const { usage } = setUp()
  const answers = await Promise.allSettled(Array.from({ length: 6 }, async () => await usage.summarize({ by: [] })))
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
  expect(answers[5]).toMatchObject({ reason: { code: 'GATEWAY_OVERLOADED' } })
})
