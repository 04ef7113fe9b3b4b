import { expect, test } from 'vitest'
import { amountFromNanos } from '../../src/base/money.ts'
import { createMetricsRegistry } from '../../src/telemetry/metrics-registry.ts'
import { buildOutcome } from './task-outcome-builder.ts'

test('money is summed exactly', async () => {
  const metrics = createMetricsRegistry()
  for (let task = 0; task < 3; task += 1)
    metrics.countOutcome(buildOutcome({ costNanos: amountFromNanos(100_000_000n) }))
  expect(await metrics.text()).toContain('kernell_task_cost_usd_total{tier="cheap_api"} 0.3\n')
})

test('a task of unknown cost is counted apart and adds no dollars', async () => {
  const metrics = createMetricsRegistry()
  metrics.countOutcome(buildOutcome({ costNanos: amountFromNanos(100_000_000n) }))
  metrics.countOutcome(buildOutcome({ costNanos: undefined }))
  const text = await metrics.text()
  expect(text).toContain('kernell_task_cost_usd_total{tier="cheap_api"} 0.1\n')
  expect(text).toContain('kernell_tasks_cost_unknown_total{tier="cheap_api"} 1\n')
})

test('escalations are counted step by step', async () => {
  const metrics = createMetricsRegistry()
  metrics.countOutcome(
    buildOutcome({ escalationChain: ['local_small', 'cheap_api', 'premium_api'], fallbackTrigger: 'MODEL_TIMEOUT' }),
  )
  const text = await metrics.text()
  expect(text).toContain('kernell_escalations_total{from="local_small",to="cheap_api"} 1')
  expect(text).toContain('kernell_escalations_total{from="cheap_api",to="premium_api"} 1')
  expect(text).toContain('kernell_fallbacks_total{trigger="MODEL_TIMEOUT"} 1')
})

test('a label that others name does not grow without end', async () => {
  const metrics = createMetricsRegistry({ labelValuesMax: 2 })
  for (const provider of ['a', 'b', 'c', 'd', 'a'])
    metrics.countOutcome(buildOutcome({ apiProvider: provider, attempts: [] }))
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('kernell_provider_tasks_total{'))
  expect(lines).toEqual([
    'kernell_provider_tasks_total{provider="a"} 2',
    'kernell_provider_tasks_total{provider="b"} 1',
    'kernell_provider_tasks_total{provider="other"} 2',
  ])
})

test('two registries do not mix, and a gauge is read at each scrape', async () => {
  const first = createMetricsRegistry()
  const second = createMetricsRegistry()
  let value = 1
  first.addGauge({
    name: 'kernell_test',
    help: 'A test.',
    labelNames: ['scope'],
    read: () => [{ labels: { scope: 'node' }, value }],
  })
  expect(await first.text()).toContain('kernell_test{scope="node"} 1')
  value = 2
  expect(await first.text()).toContain('kernell_test{scope="node"} 2')
  expect(await second.text()).not.toContain('kernell_test')
})

test('process metrics are there only when asked for', async () => {
  expect(await createMetricsRegistry().text()).not.toContain('process_cpu')
  expect(await createMetricsRegistry({ hasProcessMetrics: true }).text()).toContain('process_cpu')
})

test('calls are counted by what became of them, and refused answers by the check', async () => {
  const metrics = createMetricsRegistry()
  const [attempt] = buildOutcome().attempts
  if (attempt === undefined) throw new Error('the outcome has an attempt')
  metrics.countOutcome(
    buildOutcome({
      attempts: [
        { ...attempt, outcome: 'failed', reason: 'MODEL_TIMEOUT', latencyMs: 2_000 },
        { ...attempt, outcome: 'rejected', reason: 'json-parses' },
        { ...attempt, provider: 'anthropic', tier: 'premium_api', outcome: 'accepted' },
      ],
      firstPartMs: 40,
    }),
  )
  const text = await metrics.text()
  expect(text).toContain('kernell_model_calls_total{provider="openai",tier="cheap_api",outcome="failed"} 1')
  expect(text).toContain('kernell_model_calls_total{provider="anthropic",tier="premium_api",outcome="accepted"} 1')
  expect(text).toContain('kernell_model_failures_total{provider="openai",code="MODEL_TIMEOUT"} 1')
  expect(text).toContain('kernell_verification_rejections_total{tier="cheap_api",check="json-parses"} 1')
  expect(text).toContain('kernell_model_call_duration_seconds_sum{provider="openai",tier="cheap_api"} 2.4')
  expect(text).toContain('kernell_task_first_content_seconds_bucket{le="0.05",tier="cheap_api"} 1')
})

test('savings are of the tasks alone whose two costs are known', async () => {
  const metrics = createMetricsRegistry()
  const nanos = (usd: number): ReturnType<typeof amountFromNanos> => amountFromNanos(BigInt(usd * 1_000) * 1_000_000n)
  metrics.countOutcome(buildOutcome({ costNanos: nanos(0.1), premiumCostNanos: nanos(0.4) }))
  metrics.countOutcome(buildOutcome({ costNanos: nanos(0.2) }))
  metrics.countOutcome(buildOutcome({ costNanos: undefined, premiumCostNanos: nanos(3) }))
  const text = await metrics.text()
  expect(text).toContain('kernell_task_cost_usd_total{tier="cheap_api"} 0.3')
  expect(text).toContain('kernell_task_compared_cost_usd_total{tier="cheap_api"} 0.1')
  expect(text).toContain('kernell_task_premium_cost_usd_total{tier="cheap_api"} 0.4')
})
