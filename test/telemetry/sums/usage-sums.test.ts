import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CountedUsage } from '../../../src/telemetry/sums/usage-figures.ts'
import { createTelemetryStore } from '../../../src/telemetry/telemetry-store.ts'
import { formatTelemetryEvent } from '../../../src/wire/telemetry-event.ts'
import { collectParts } from '../../fixtures/collect-parts.ts'
import { HASTY, countsOf, FailingStore, keysOf, openSums, taskAt } from './sums-builder.ts'

const at = (second: number, hour = 5, day = 1): string =>
  `2030-01-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:${String(second).padStart(2, '0')}.000Z`

const embeddingOf = (tenant: string): CountedUsage => ({
  names: {
    kind: 'embedding',
    organisation: null,
    tenant,
    team: null,
    key: null,
    model: 'm',
    provider: 'p',
    route: null,
    tier: 'cheap_api',
  },
  figures: {
    requests: 1,
    succeeded: 1,
    cacheHits: 0,
    tokensIn: 9,
    tokensOut: 0,
    costNanos: 7n,
    withoutCost: 0,
    savedNanos: 0n,
    withSavings: 0,
    firstAt: at(9),
    lastAt: at(9),
  },
})

describe('what is counted', () => {
  test('hours and days go on when their records are gone, with money to the nano-dollar', async () => {
    const { root } = new FailingStore()
    const { store, sums } = openSums(root, { eventsMax: 2 })
    for (const second of [0, 1, 2]) await store.append([taskAt(at(second), { cost_usd: 0.1, premium_cost_usd: 0.3 })])
    await store.append([
      taskAt(at(0, 6), { success: false, cost_usd: null, was_cached: true }),
      taskAt(at(0, 5, 2), { tenant: 'other' }),
    ])
    expect(await store.count()).toBe(2)
    expect(await countsOf(sums, 'hour')).toEqual({
      '2030-01-01T05 acme': 3,
      '2030-01-01T06 acme': 1,
      '2030-01-02T05 other': 1,
    })
    expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 acme': 4, '2030-01-02 other': 1 })
    const [day] = await collectParts(sums.parts('day', { to: at(0, 0, 2) }))
    expect(day?.figures).toEqual({
      requests: 4,
      succeeded: 3,
      cacheHits: 1,
      tokensIn: 8,
      tokensOut: 4,
      costNanos: 300_000_000n,
      withoutCost: 1,
      savedNanos: 600_000_000n,
      withSavings: 3,
      firstAt: at(0),
      lastAt: at(0, 6),
    })
  })

  test('records and sums are one batch, a row of a batch is written once, and nothing is read for it', async () => {
    const failing = new FailingStore()
    const { store, sums } = openSums(failing.root)
    await sums.whole()
    await store.append([taskAt(at(0))])
    const [batches, reads] = [failing.batches.length, failing.reads]
    await store.append([1, 2, 3].map((second) => taskAt(at(second))))
    expect(failing.reads).toBe(reads)
    const [batch, ...more] = failing.batches.slice(batches)
    expect(more).toEqual([])
    const keys = batch?.map(({ key }) => key.slice(0, 9))
    expect(keys).toEqual(['telemetry', 'telemetry', 'telemetry', 'usage/h 2', 'usage/d 2'])
  })

  test('what has no record is counted with the next write, or when asked', async () => {
    const { root } = new FailingStore()
    const { store, sums } = openSums(root)
    sums.add(embeddingOf('acme'))
    await store.append([taskAt(at(0))])
    sums.add(embeddingOf('acme'))
    await sums.flush()
    const kinds = await countsOf(openSums(root).sums, 'day', ({ kind }) => kind)
    expect(kinds).toEqual({ '2030-01-01 embedding': 2, '2030-01-01 task': 1 })
    await sums.stop()
  })

  test('a clock that jumps back adds to the hour that it says', async () => {
    const { root } = new FailingStore()
    const { store } = openSums(root)
    for (const hour of [5, 6, 5, 4, 6]) await store.append([taskAt(at(hour, hour), { event_id: `e${Math.random()}` })])
    const { sums } = openSums(root)
    expect(await countsOf(sums, 'hour')).toEqual({
      '2030-01-01T04 acme': 1,
      '2030-01-01T05 acme': 2,
      '2030-01-01T06 acme': 2,
    })
  })
})

describe('a process that ends', () => {
  test('leaves sums that the next one goes on with, kept apart from its own', async () => {
    const { root } = new FailingStore()
    await openSums(root, { writer: 'w1' }).store.append([taskAt(at(0)), taskAt(at(1))])
    const second = openSums(root, { writer: 'w2' })
    await second.store.append([taskAt(at(7))])
    const third = openSums(root, { writer: 'w3' })
    await third.store.append([taskAt(at(9))])
    const parts = await collectParts(third.sums.parts('day', {}))
    expect(parts.map(({ figures }) => [figures.requests, figures.firstAt, figures.lastAt])).toEqual([
      [3, at(0), at(7)],
      [1, at(9), at(9)],
    ])
    expect((await keysOf(root.sublevel('usage'))).filter((key) => key.startsWith('d '))).toHaveLength(1)
  })

  test.each(['lost', 'kept'] as const)('a failed write that is %s is counted as its records are', async (how) => {
    const failing = new FailingStore()
    const { store, sums } = openSums(failing.root)
    await sums.whole()
    await store.append([taskAt(at(0))])
    failing.next = [how]
    await expect(store.append([taskAt(at(1)), taskAt(at(2))])).rejects.toMatchObject({ code: 'STORE_TIMEOUT' })
    await store.append([taskAt(at(3))])
    expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 acme': await store.count() })
    // Tried again, it is there once.
    await store.append([taskAt(at(1)), taskAt(at(2))])
    expect(await store.count()).toBe(4)
    expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 acme': 4 })
  })

  test('a record twice in one batch is one', async () => {
    const { root } = new FailingStore()
    const { store, sums } = openSums(root)
    await store.append([taskAt(at(0)), taskAt(at(0))])
    expect([await store.count(), await countsOf(sums, 'day')]).toEqual([1, { '2030-01-01 acme': 1 }])
  })

  test('whatever fails, and whenever it starts again, no task is lost or counted twice', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), many: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant('fail' as const), how: fc.constantFrom('lost', 'kept') }),
      fc.record({ kind: fc.constant('reopen' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const failing = new FailingStore()
        let writer = 0
        let second = 0
        let opened = openSums(failing.root, { writer: 'w0', eventsMax: 5 })
        await opened.sums.whole()
        let stored = 0
        for (const each of steps) {
          if (each.kind === 'reopen') opened = openSums(failing.root, { writer: `w${(writer += 1)}`, eventsMax: 5 })
          else if (each.kind === 'fail') failing.next = [each.how]
          else {
            const events = Array.from({ length: each.many }, () =>
              taskAt(at((second += 1) % 60, Math.floor(second / 60))),
            )
            const how = failing.next[0] ?? 'done'
            await opened.store.append(events).catch(() => undefined)
            if (how !== 'lost') stored += events.length
          }
        }
        failing.next = []
        const counts = await countsOf(opened.sums, 'day')
        const hours = Object.values(await countsOf(opened.sums, 'hour')).reduce((sum, count) => sum + count, 0)
        expect([counts['2030-01-01 acme'] ?? 0, hours]).toEqual([stored, stored])
      }),
      { numRuns: 100 },
    )
  })
})

describe('several writers', () => {
  test('write rows of their own into the same bucket', async () => {
    const { root } = new FailingStore()
    const one = openSums(root, { writer: 'w1', isShared: true })
    const two = openSums(root, { writer: 'w2', isShared: true })
    await Promise.all(
      [0, 1, 2, 3, 4].flatMap((second) => [
        one.store.append([taskAt(at(second), { event_id: `one${second}` })]),
        two.store.append([taskAt(at(second), { event_id: `two${second}` })]),
      ]),
    )
    const { sums } = openSums(root, { writer: 'w3', isShared: true })
    expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 acme': 10 })
  })

  test('one that was told of a purge does not bring back what was deleted', async () => {
    const failing = new FailingStore()
    const one = openSums(failing.root, { writer: 'w1', isShared: true })
    const two = openSums(failing.root, { writer: 'w2', isShared: true })
    for (const tenant of ['acme', 'other']) {
      await one.store.append([taskAt(at(0), { tenant, event_id: `1${tenant}` })])
      await two.store.append([taskAt(at(0), { tenant, event_id: `2${tenant}` })])
    }
    await one.store.purge({ kind: 'tenant', tenant: 'acme' })
    // Written before it is told.
    await two.store.append([taskAt(at(1))])
    const told = failing.batches.flat().flatMap(({ key }) => (key.startsWith('usage-purges/') ? [key.slice(13)] : []))
    expect(told).toEqual(['61636d65'])
    await two.sums.forgetPurged(told)
    await two.store.append([taskAt(at(2)), taskAt(at(2), { tenant: 'other' })])
    expect(await countsOf(two.sums, 'day')).toEqual({ '2030-01-01 acme': 1, '2030-01-01 other': 3 })
    // What it may have missed is read again.
    await one.store.purge({ kind: 'all' })
    await two.sums.forgetPurged(undefined)
    await two.store.append([taskAt(at(3))])
    expect(await countsOf(two.sums, 'day')).toEqual({ '2030-01-01 acme': 1 })
  })
})

describe('what is deleted', () => {
  test("a tenant's sums go with its records, those of before an instant stay, and all go with all", async () => {
    const { root } = new FailingStore()
    const { store, sums } = openSums(root)
    sums.add(embeddingOf('acme'))
    await store.append([taskAt(at(0)), taskAt(at(1), { tenant: 'other' }), taskAt(at(2), { tenant: 'third' })])
    await store.purge({ kind: 'before', before: at(59) })
    expect(await store.count()).toBe(0)
    expect(await countsOf(sums, 'day')).toMatchObject({ '2030-01-01 acme': 2, '2030-01-01 other': 1 })
    sums.add(embeddingOf('acme'))
    await store.purge({ kind: 'tenant', tenant: 'acme' })
    await sums.flush()
    expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 other': 1, '2030-01-01 third': 1 })
    await store.append([taskAt(at(3))])
    expect(await countsOf(sums, 'hour')).toMatchObject({ '2030-01-01T05 acme': 1 })
    await store.purge({ kind: 'all' })
    expect(await countsOf(sums, 'hour')).toEqual({})
    expect(await keysOf(root.sublevel('usage'))).toEqual(['earlier'])
  })

  test('keys name no tenant', async () => {
    const { root } = new FailingStore()
    await openSums(root).store.append([taskAt(at(0), { tenant: 'planted', key_id: 'planted-key' })])
    expect((await keysOf(root)).filter((key) => key.includes('planted'))).toEqual([])
  })

  test('the oldest days go, however wrong a clock was, and hours before days', async () => {
    const { root } = new FailingStore()
    const { store, sums } = openSums(root, { daysMax: 3 })
    for (const day of [2, 3]) await store.append([taskAt(at(0, 5, day))])
    await store.append([taskAt('2099-05-05T00:00:00.000Z')])
    await store.append([taskAt('1970-01-01T00:00:00.000Z')])
    await store.append([taskAt(at(0, 5, 4))])
    await sums.flush()
    expect(Object.keys(await countsOf(sums, 'day'))).toEqual(['2030-01-03 acme', '2030-01-04 acme', '2099-05-05 acme'])
    expect(Object.keys(await countsOf(sums, 'hour'))).toHaveLength(3)
    const many = openSums(new FailingStore().root)
    for (let day = 0; day < 40; day += 1)
      await many.store.append([taskAt(new Date(Date.UTC(2030, 0, 1 + day)).toISOString())])
    await many.sums.flush()
    expect(Object.keys(await countsOf(many.sums, 'day'))).toHaveLength(40)
    expect([await many.sums.firstDay('day'), await many.sums.firstDay('hour')]).toEqual(['2030-01-01', '2030-01-06'])
  })

  test('the day that is written stays, however many later ones a wrong clock has made, and what made room is not written again', async () => {
    const { root } = new FailingStore()
    const { store, sums } = openSums(root, { daysMax: 2 })
    let eventCount = 0
    for (const day of ['2030-01-01', '2139-01-01', '2139-01-02', '2030-01-02', '2030-01-02'])
      await store.append([taskAt(`${day}T05:00:00.000Z`, { event_id: `${day} ${(eventCount += 1)}` })])
    await sums.flush()
    expect(await countsOf(sums, 'day')).toEqual({
      '2030-01-02 acme': 2,
      '2139-01-01 acme': 1,
      '2139-01-02 acme': 1,
    })
    await store.append([taskAt('2030-01-01T05:00:01.000Z')])
    await sums.flush()
    expect(await countsOf(sums, 'day')).toMatchObject({ '2030-01-01 acme': 1, '2030-01-02 acme': 2 })
  })

  test('what has no record waits for a store that is not reached', async () => {
    const failing = new FailingStore()
    const { store, sums } = openSums(failing.root)
    sums.add(embeddingOf('acme'))
    failing.next = ['away', 'away']
    await expect(store.append([taskAt(at(0))])).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    await expect(sums.flush()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    sums.add(embeddingOf('acme'))
    await sums.flush()
    expect(await countsOf(sums, 'day', ({ kind }) => kind)).toEqual({ '2030-01-01 embedding': 2 })
  })

  test('what has no record is counted as dropped where there is no room to wait, and where nobody knows whether it was stored', async () => {
    const failing = new FailingStore()
    const dropped: number[] = []
    const { sums } = openSums(failing.root, { onDropped: (count) => void dropped.push(count) })
    for (let count = 0; count < 8_194; count += 1) sums.add(embeddingOf('acme'))
    expect(dropped).toEqual([1, 1])
    failing.next = ['away']
    const flushing = sums.flush()
    await expect(flushing).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    failing.next = ['lost']
    await expect(sums.flush()).rejects.toMatchObject({ code: 'STORE_TIMEOUT' })
    expect(dropped).toEqual([1, 1, 8_192])
    await sums.flush()
    expect(await countsOf(sums, 'day')).toEqual({})
  })

  test('are read of one tenant where one is asked for', async () => {
    const { root } = new FailingStore()
    const { store, sums } = openSums(root)
    await store.append([taskAt(at(0)), taskAt(at(1), { tenant: 'other' })])
    const tenants: (string | null)[] = []
    for await (const { names } of sums.parts('day', { tenant: 'other' })) tenants.push(names.tenant)
    expect(tenants).toEqual(['other'])
  })

  test('of several writers each tells its own names apart, whatever the others have written', async () => {
    const { root } = new FailingStore()
    for (const writer of ['w1', 'w2', 'w3']) {
      const { store } = openSums(root, { writer, isShared: true, rowsMax: 2 })
      for (const [second, model_used] of ['a', 'b', 'c'].entries())
        await store.append([taskAt(at(second), { model_used, event_id: `${writer}${model_used}` })])
    }
    const { sums } = openSums(root, { isShared: true })
    expect(await countsOf(sums, 'day', ({ model }) => model ?? '')).toEqual({
      '2030-01-01 a': 3,
      '2030-01-01 b': 3,
      '2030-01-01 other': 3,
    })
  })

  test('names beyond the limit are counted together, tenant by tenant', async () => {
    const { root } = new FailingStore()
    const { store } = openSums(root, { rowsMax: 3 })
    const models = ['a', 'b', 'c', 'd', 'e', 'a']
    for (const [second, model_used] of models.entries()) await store.append([taskAt(at(second), { model_used })])
    await store.append([taskAt(at(8), { model_used: 'f', tenant: 'other' })])
    const again = openSums(root, { rowsMax: 3, writer: 'w2' })
    await again.store.append([taskAt(at(9), { model_used: 'g' }), taskAt(at(10), { model_used: 'b' })])
    expect(await countsOf(again.sums, 'day', ({ tenant, model }) => `${tenant} ${model}`)).toEqual({
      '2030-01-01 acme a': 2,
      '2030-01-01 acme b': 2,
      '2030-01-01 acme c': 1,
      '2030-01-01 acme other': 3,
      '2030-01-01 other other': 1,
    })
  })
})

describe('records of versions without sums', () => {
  /** Their keys have the id alone. */
  async function leave(root: FailingStore['root'], many: number): Promise<void> {
    for (let second = 0; second < many; second += 1) {
      const event = taskAt(new Date(Date.UTC(2030, 0, 1, 0, 0, second)).toISOString())
      const value = new TextEncoder().encode(formatTelemetryEvent(event))
      await root.sublevel('telemetry').put(`${event.timestamp} e${second}`, value)
    }
  }

  test('are counted once, in slices, and not again by the next start', async () => {
    const { root } = new FailingStore()
    await leave(root, 1_100)
    const { store, sums } = openSums(root, { eventsMax: 2_000 })
    await Promise.all([sums.whole(), store.append([taskAt(at(0, 5, 2))])])
    expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 acme': 1_100, '2030-01-02 acme': 1 })
    const again = openSums(root, { eventsMax: 2_000 })
    await again.sums.whole()
    expect(await countsOf(again.sums, 'day')).toEqual({ '2030-01-01 acme': 1_100, '2030-01-02 acme': 1 })
  })

  test.each(['lost', 'kept'] as const)('are counted once where a slice failed and is %s', async (how) => {
    const failing = new FailingStore()
    await leave(failing.root, 1_100)
    failing.next = ['done', how]
    const { sums } = openSums(failing.root)
    await expect(sums.whole()).rejects.toMatchObject({ code: 'STORE_TIMEOUT' })
    const next = openSums(failing.root, { writer: 'w2' })
    await next.sums.whole()
    expect(await countsOf(next.sums, 'day')).toEqual({ '2030-01-01 acme': 1_100 })
  })

  test('are counted before they make room, or are purged', async () => {
    const { root } = new FailingStore()
    await leave(root, 700)
    const { store, sums } = openSums(root, { eventsMax: 10 })
    await store.append([taskAt(at(0, 5, 2))])
    expect(await store.count()).toBe(10)
    expect(await countsOf(sums, 'day')).toMatchObject({ '2030-01-02 acme': 1 })
    await store.purge({ kind: 'before', before: '2031' })
    expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 acme': 700, '2030-01-02 acme': 1 })
  })

  test('are counted before anybody purges them, though nothing else was asked for yet', async () => {
    const { root } = new FailingStore()
    await leave(root, 3)
    const { store, sums } = openSums(root)
    await store.purge({ kind: 'before', before: '2031' })
    expect([await store.count(), await countsOf(sums, 'day')]).toEqual([0, { '2030-01-01 acme': 3 }])
  })

  test('of several processes one counts them', async () => {
    const { root } = new FailingStore()
    await leave(root, 600)
    let isFree = true
    const claims = {
      take: async () => {
        if (!isFree) return await Promise.resolve(undefined)
        isFree = false
        return { lost: new AbortController().signal, release: async () => await Promise.resolve() }
      },
    }
    const opened = ['w1', 'w2'].map((writer) => openSums(root, { writer, isShared: true, claims, timers: HASTY }))
    // Whoever has not done it has waited.
    const seen = opened.map(async ({ sums }) => {
      await sums.whole()
      return await countsOf(sums, 'day')
    })
    for (const counts of await Promise.all(seen)) expect(counts).toEqual({ '2030-01-01 acme': 600 })
  })

  test('are counted by another process where the one that began it is gone, before they make room there', async () => {
    const { root } = new FailingStore()
    await leave(root, 1_200)
    let isFree = false
    const claims = {
      take: async () => {
        if (!isFree) return await Promise.resolve(undefined)
        return { lost: new AbortController().signal, release: async () => await Promise.resolve() }
      },
    }
    const init = { writer: 'w2', isShared: true, claims, timers: HASTY, eventsMax: 1_200 }
    const { store, sums } = openSums(root, init)
    const appended = store.append([taskAt(at(0, 5, 2))])
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(await store.count()).toBe(1_200)
    isFree = true
    await appended
    expect(await store.count()).toBeLessThan(1_201)
    expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 acme': 1_200, '2030-01-02 acme': 1 })
  })

  test('keep nobody who stops from it', async () => {
    const { root } = new FailingStore()
    await leave(root, 3)
    const claims = { take: async () => await Promise.resolve(undefined) }
    const { sums } = openSums(root, { isShared: true, claims })
    const whole = sums.whole()
    await sums.stop()
    await whole
    expect(await countsOf(sums, 'day')).toEqual({})
  })

  test('that are damaged leave the others alone', async () => {
    const { root } = new FailingStore()
    await leave(root, 3)
    await root.sublevel('telemetry').put('2030-01-01T00:00:01.500Z x', Uint8Array.of(1, 2))
    const { sums } = openSums(root)
    await sums.whole()
    expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 acme': 3 })
  })
})

test('a row that is no row is left out, and begun anew', async () => {
  const { root } = new FailingStore()
  await openSums(root).store.append([taskAt(at(0))])
  const usage = root.sublevel('usage')
  for (const key of await keysOf(usage))
    if (key !== 'earlier') await usage.put(key, new TextEncoder().encode('["w",[],[1],null]'))
  const { store, sums } = openSums(root)
  expect(await countsOf(sums, 'day')).toEqual({})
  await store.append([taskAt(at(1))])
  expect(await countsOf(sums, 'day')).toEqual({ '2030-01-01 acme': 1 })
})

test('records without sums beside them are stored as ever', async () => {
  const { root } = new FailingStore()
  const store = createTelemetryStore(root)
  await store.append([taskAt(at(0))])
  expect(await store.count()).toBe(1)
})
