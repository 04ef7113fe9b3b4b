import { expect, it } from 'vitest'
import { createNodeUsage } from '../../../src/node/usage/node-usage.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { createTelemetryStore } from '../../../src/telemetry/telemetry-store.ts'
import { parseTelemetryEvent } from '../../../src/wire/read-telemetry-event.ts'
import type { TelemetryEvent } from '../../../src/wire/telemetry-event.ts'

function recordAt(second: number): TelemetryEvent {
  const facts = { was_escalated: false, success: true, cost_usd: 0.5, latency_ms: 3, tokens_in: 2, tokens_out: 1 }
  const timestamp = `2030-01-01T00:00:${String(second).padStart(2, '0')}.000Z`
  const event = { task_hash: 'h', actual_tier_used: 'cheap_api', event_id: `e${second}`, timestamp, tenant: 'acme' }
  const reading = parseTelemetryEvent({ ...event, ...facts })
  if ('problem' in reading) throw new Error(reading.problem)
  return reading.event
}

it('says how far back its sums go, which is as far as records are kept', async () => {
  const store = createTelemetryStore(createMemoryKeyValueStore(), { eventsMax: 3 })
  const usage = createNodeUsage({ hasConsent: true, store, pipeline: { flush: async () => await Promise.resolve() } })
  expect(await usage.summarize({ by: [] })).toMatchObject({ records_from: null, data: [{ requests: 0 }] })
  for (let second = 0; second < 5; second += 1) await store.append([recordAt(second)])
  expect(await usage.summarize({ by: [] })).toMatchObject({
    records_from: '2030-01-01T00:00:02.000Z',
    data: [{ requests: 3, cost_usd: '1.5' }],
  })
  const others = { by: [], from: '2030-01-01T00:00:04.000Z', tenant: 'other' } as const
  expect(await usage.summarize(others)).toMatchObject({ records_from: '2030-01-01T00:00:02.000Z' })
})
