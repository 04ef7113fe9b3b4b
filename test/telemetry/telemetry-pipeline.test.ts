import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import type { TaskOutcome } from '../../src/core/routing/task-outcome.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { createMetricsRegistry } from '../../src/telemetry/metrics-registry.ts'
import { createTaskHasher } from '../../src/telemetry/task-hasher.ts'
import {
  createTelemetryPipeline,
  type TelemetryPipelineComponents,
  type TelemetryPipelineInit,
} from '../../src/telemetry/telemetry-pipeline.ts'
import { createTelemetryStore, type TelemetryStore } from '../../src/telemetry/telemetry-store.ts'
import { buildOutcome } from './task-outcome-builder.ts'

const secret = new Uint8Array(32).fill(5)
const installation = { hardwareTier: 'balanced', hasGpu: false, ramBucket: '16gb' } as const

type Setup = {
  readonly pipeline: ReturnType<typeof createTelemetryPipeline>
  readonly store: TelemetryStore
  readonly delays: readonly number[]
}
function setUp(
  init: Partial<TelemetryPipelineInit> = {},
  components: Partial<TelemetryPipelineComponents> = {},
): Setup {
  const store = createTelemetryStore(createMemoryKeyValueStore())
  const delays: number[] = []
  const timers = {
    schedule: (delayMs: number) => {
      delays.push(delayMs)
      return { cancel(): void {} }
    },
  }
  const pipeline = createTelemetryPipeline(
    { store, timers, secret, ...components },
    { hasConsent: true, keepsText: false, ...installation, ...init },
  )
  return { pipeline, store, delays }
}
const at = (second: number, change: Partial<TaskOutcome> = {}): TaskOutcome =>
  buildOutcome({ decisionId: `d${second}`, at: timestampFromMs(Date.UTC(2026, 0, 1, 0, 0, second)), ...change })

async function idsOf(store: TelemetryStore, filter?: Parameters<TelemetryStore['list']>[0]): Promise<unknown[]> {
  const ids: unknown[] = []
  for await (const event of store.list(filter)) ids.push(event.event_id)
  return ids
}

describe('consent', () => {
  test('without it nothing is kept, and counting goes on', async () => {
    const metrics = createMetricsRegistry()
    const { pipeline, store } = setUp({ hasConsent: false, keepsText: true }, { metrics })
    pipeline.record(at(1))
    await pipeline.stop()
    expect(await store.count()).toBe(0)
    expect(await metrics.text()).toContain(
      'kernell_tasks_total{tier="cheap_api",route="cheap",success="true",cached="false"} 1',
    )
  })

  test('with it records are kept without the text, which needs its own', async () => {
    const quiet = setUp()
    quiet.pipeline.record(at(1))
    await quiet.pipeline.flush()
    for await (const line of quiet.store.exportLines()) expect(line).not.toContain('Mont Blanc')
    const open = setUp({ keepsText: true })
    open.pipeline.record(at(1))
    await open.pipeline.flush()
    for await (const event of open.store.list()) expect(event.task_text).toContain('Mont Blanc')
  })
})

describe('hashes', () => {
  test('are HMAC-SHA-256 under the secret of the installation', () => {
    for (const text of ['', 'a', 'ü'.repeat(500)]) {
      expect(createTaskHasher(secret)(text)).toBe(createHmac('sha256', secret).update(text).digest('hex'))
    }
    expect(createTaskHasher(new Uint8Array(32).fill(6))('a')).not.toBe(createTaskHasher(secret)('a'))
  })
})

describe('the queue', () => {
  test('is flushed on one timer of the stated interval', async () => {
    const { pipeline, store, delays } = setUp({ flushIntervalMs: 70 })
    pipeline.record(at(1))
    pipeline.record(at(2))
    expect(delays).toEqual([70])
    expect(await store.count()).toBe(0)
    await pipeline.flush()
    expect(await idsOf(store)).toEqual(['d1', 'd2'])
    expect([pipeline.storedCount, pipeline.droppedCount]).toEqual([2, 0])
  })

  test('drops the oldest record when full, and says so', async () => {
    const metrics = createMetricsRegistry()
    const { pipeline, store } = setUp({ queueMax: 3 }, { metrics })
    for (let second = 1; second <= 5; second += 1) pipeline.record(at(second))
    await pipeline.flush()
    expect(await idsOf(store)).toEqual(['d3', 'd4', 'd5'])
    expect(pipeline.droppedCount).toBe(2)
    const text = await metrics.text()
    expect(text).toContain('kernell_telemetry_dropped_total 2')
    expect(text).toContain('success="true",cached="false"} 5')
  })

  test('counts each record once, whether a scrape or a flush comes first', async () => {
    const metrics = createMetricsRegistry()
    const { pipeline } = setUp({}, { metrics })
    pipeline.record(at(1))
    pipeline.countPending()
    pipeline.record(at(2))
    pipeline.countPending()
    await pipeline.flush()
    pipeline.record(at(3))
    await pipeline.flush()
    expect(await metrics.text()).toContain('success="true",cached="false"} 3')
  })

  test('a store that refuses loses the batch, which is counted and reported', async () => {
    const store: TelemetryStore = Object.assign(createTelemetryStore(createMemoryKeyValueStore()), {
      append: async () => {
        throw new CodedError('STORE_WRITE_FAILED', { message: 'injected' })
      },
    })
    const { pipeline } = setUp({}, { store })
    pipeline.record(at(1))
    await expect(pipeline.flush()).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    expect([pipeline.droppedCount, pipeline.storedCount]).toEqual([1, 0])
  })

  test('a store that is not reached loses nothing that there is room for', async () => {
    const whole = createTelemetryStore(createMemoryKeyValueStore())
    let awayCount = 3
    const store: TelemetryStore = Object.assign(Object.create(whole) as TelemetryStore, {
      append: async (events: Parameters<TelemetryStore['append']>[0]) => {
        awayCount -= 1
        if (awayCount >= 0) throw new CodedError('STORE_UNREACHABLE', { message: 'injected' })
        await whole.append(events)
      },
    })
    const { pipeline } = setUp({ queueMax: 200 }, { store })
    for (let second = 1; second <= 3; second += 1) {
      pipeline.record(at(second))
      await expect(pipeline.flush()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    }
    expect([pipeline.queuedCount, pipeline.storedCount]).toEqual([3, 0])
    await pipeline.flush()
    expect(await idsOf(whole)).toEqual(['d1', 'd2', 'd3'])
    expect([pipeline.droppedCount, pipeline.storedCount, pipeline.queuedCount]).toEqual([0, 3, 0])
    awayCount = 1_000
    for (let count = 1; count <= 500; count += 1) {
      pipeline.record(at(count % 60, { decisionId: `e${count}` }))
      if (count % 100 === 0) await pipeline.flush().catch(() => undefined)
    }
    expect([pipeline.queuedCount, pipeline.droppedCount]).toEqual([300, 200])
  })
})

async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

describe('the store', () => {
  const filled = async (): Promise<TelemetryStore> => {
    const { pipeline, store } = setUp()
    for (let second = 1; second <= 6; second += 1)
      pipeline.record(at(second, { tenant: second % 2 === 0 ? 'even' : 'odd' }))
    await pipeline.flush()
    return store
  }

  test('lists by tenant, time and number, in both directions', async () => {
    const store = await filled()
    expect(await idsOf(store, { tenant: 'even' })).toEqual(['d2', 'd4', 'd6'])
    expect(await idsOf(store, { tenant: 'even', isNewestFirst: true, limit: 2 })).toEqual(['d6', 'd4'])
    expect(await idsOf(store, { from: '2026-01-01T00:00:02.000Z', to: '2026-01-01T00:00:04.000Z' })).toEqual([
      'd2',
      'd3',
    ])
    expect(await idsOf(store, { limit: 0 })).toEqual([])
  })

  test('purges by tenant, by time and whole', async () => {
    const store = await filled()
    expect(await store.purge({ kind: 'tenant', tenant: 'odd' })).toBe(3)
    expect(await store.purge({ kind: 'before', before: '2026-01-01T00:00:04.000Z' })).toBe(1)
    expect(await idsOf(store)).toEqual(['d4', 'd6'])
    expect(await store.purge({ kind: 'all' })).toBe(2)
    expect(await store.count()).toBe(0)
  })

  test('purges before an instant, and not what happened at it', async () => {
    const store = await filled()
    expect(await store.purge({ kind: 'before', before: '2026-01-01T00:00:02.000Z d2' })).toBe(1)
    expect(await idsOf(store)).toEqual(['d2', 'd3', 'd4', 'd5', 'd6'])
  })

  test('exports JSON lines', async () => {
    const lines: string[] = []
    for await (const line of (await filled()).exportLines({ limit: 2 })) lines.push(line)
    expect(lines.map((line) => JSON.parse(line).event_id)).toEqual(['d1', 'd2'])
    expect(lines.every((line) => line.endsWith('}\n'))).toBe(true)
  })

  test('keeps at most as many records as it may, the newest ones', async () => {
    const store = createTelemetryStore(createMemoryKeyValueStore(), { eventsMax: 3 })
    const { pipeline } = setUp({}, { store })
    for (let second = 1; second <= 5; second += 1) {
      pipeline.record(at(second))
      await pipeline.flush()
    }
    expect(await idsOf(store)).toEqual(['d3', 'd4', 'd5'])
  })

  test.each([
    ['no JSON text', new TextEncoder().encode('{"broken')],
    ['no record', new TextEncoder().encode('{"task_hash":1}')],
    ['no text', Uint8Array.of(0xff, 0xfe)],
  ])('a record that is %s is counted and left out, and goes with any purge that meets it', async (_, bytes) => {
    const keys = createMemoryKeyValueStore()
    const store = createTelemetryStore(keys)
    const { pipeline } = setUp({}, { store })
    for (const second of [1, 2]) pipeline.record(at(second, { tenant: `tenant-${second}` }))
    await pipeline.flush()
    await keys.put('2026-01-01T00:00:01.500Z x', bytes)
    expect(await idsOf(store)).toEqual(['d1', 'd2'])
    expect(await idsOf(store)).toEqual(['d1', 'd2'])
    expect(store.unreadableCount).toBe(1)
    expect(await collect(store.exportLines())).toHaveLength(2)
    expect(await store.purge({ kind: 'tenant', tenant: 'tenant-1' })).toBe(2)
    expect([store.unreadableCount, await idsOf(store)]).toEqual([0, ['d2']])
  })
})

test('recording costs less than 5 microseconds', () => {
  const { pipeline } = setUp({ queueMax: 1024 })
  const outcome = buildOutcome()
  for (let warmUp = 0; warmUp < 20_000; warmUp += 1) pipeline.record(outcome)
  const rounds = Array.from({ length: 5 }, () => {
    const startedMs = performance.now()
    for (let index = 0; index < 20_000; index += 1) pipeline.record(outcome)
    return ((performance.now() - startedMs) * 1000) / 20_000
  })
  expect(Math.min(...rounds)).toBeLessThan(5)
})
