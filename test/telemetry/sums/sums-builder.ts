import { CodedError } from '../../../src/base/errors.ts'
import type { Claims } from '../../../src/ports/claims.ts'
import type { Timers } from '../../../src/ports/timers.ts'
import type { KeyValueOperation, KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { createSublevelStore } from '../../../src/storage/sublevel-store.ts'
import { createEarlierRecords } from '../../../src/telemetry/sums/earlier-records.ts'
import type { SumGrain } from '../../../src/telemetry/sums/sum-keys.ts'
import type { UsageNames } from '../../../src/telemetry/sums/usage-figures.ts'
import { createUsageSums } from '../../../src/telemetry/sums/usage-sums.ts'
import type { UsageSums, UsageSumsInit } from '../../../src/telemetry/sums/record-sums.ts'
import { createTelemetryStore, type TelemetryStore } from '../../../src/telemetry/telemetry-store.ts'
import { parseTelemetryEvent } from '../../../src/wire/read-telemetry-event.ts'
import type { TelemetryEvent } from '../../../src/wire/telemetry-event.ts'

/** A task that cost half a dollar. */
export function taskAt(timestamp: string, change: Readonly<Record<string, unknown>> = {}): TelemetryEvent {
  const facts = { was_escalated: false, success: true, cost_usd: 0.5, latency_ms: 3, tokens_in: 2, tokens_out: 1 }
  const event = { task_hash: 'h', actual_tier_used: 'cheap_api', event_id: timestamp, timestamp, tenant: 'acme' }
  const reading = parseTelemetryEvent({ ...event, ...facts, ...change })
  if ('problem' in reading) throw new Error(reading.problem)
  return reading.event
}

/** A store in memory whose writes fail when a test says so: not carried out, or carried out all the same. */
export class FailingStore {
  readonly root: KeyValueStore
  readonly batches: (readonly KeyValueOperation[])[] = []
  reads = 0
  /** How the next writes go; the rest as they should. */
  next: ('away' | 'lost' | 'kept' | 'done')[] = []

  constructor(within: KeyValueStore = createMemoryKeyValueStore()) {
    const root: KeyValueStore = {
      get: async (key, options) => {
        this.reads += 1
        return await within.get(key, options)
      },
      getMany: async (keys, options) => {
        this.reads += 1
        return await within.getMany(keys, options)
      },
      put: async (key, value) => await root.batch([{ type: 'put', key, value }]),
      delete: async (key) => await root.batch([{ type: 'delete', key }]),
      batch: async (operations, options) => {
        const how = this.next.shift() ?? 'done'
        if (how === 'away') throw new CodedError('STORE_UNREACHABLE', { message: 'Nobody is there' })
        if (how !== 'lost') await within.batch(operations, options)
        if (how !== 'done') throw new CodedError('STORE_TIMEOUT', { message: 'No answer came' })
        this.batches.push(operations)
      },
      iterate: (range, options) => within.iterate(range, options),
      keys: (range, options) => within.keys(range, options),
      count: async (range, options) => await within.count(range, options),
      sublevel: (name) => createSublevelStore(root, name),
      compact: async () => await within.compact(),
      close: async () => undefined,
    }
    this.root = root
  }
}

export type Opened = { readonly store: TelemetryStore; readonly sums: UsageSums }

export type OpenInit = Partial<UsageSumsInit> & {
  readonly eventsMax?: number
  readonly claims?: Pick<Claims, 'take'>
  /** Absent: time stands still. */
  readonly timers?: Timers
}

/** What is to happen later happens with the next turn. */
export const HASTY: Timers = {
  schedule: (_delayMs, run) => {
    const turn = setImmediate(run)
    return { cancel: () => clearImmediate(turn) }
  },
}

const STILL: Timers = { schedule: () => ({ cancel: () => undefined }) }

/** Records with their sums, as a node opens them. */
export function openSums(
  root: KeyValueStore,
  { eventsMax = 1_000, claims, timers = STILL, ...init }: OpenInit = {},
): Opened {
  const hashName = (name: string): string => Buffer.from(name).toString('hex')
  const earlier = createEarlierRecords({
    records: root.sublevel('telemetry'),
    sums: root.sublevel('usage'),
    ...(claims !== undefined && { claims }),
  })
  const sums = createUsageSums(
    { root, records: 'telemetry', sums: 'usage', earlier, hashName, timers },
    { writer: 'w1', isShared: false, ...init },
  )
  return { store: createTelemetryStore(root.sublevel('telemetry'), { hashName, eventsMax, sums }), sums }
}

/** What all parts of one bucket come to, by its names as `name` has them. */
export async function countsOf(
  sums: UsageSums,
  grain: SumGrain,
  name: (names: UsageNames) => string = ({ tenant }) => tenant ?? '',
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  for await (const { names, figures } of sums.parts(grain, {})) {
    const bucket = `${figures.firstAt.slice(0, grain === 'day' ? 10 : 13)} ${name(names)}`
    counts[bucket] = (counts[bucket] ?? 0) + figures.requests
  }
  return counts
}

export async function keysOf(store: KeyValueStore): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  return keys
}
