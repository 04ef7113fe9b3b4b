import { expect, it } from 'vitest'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'

it('the metrics of a served node say what its requests did to it', async () => {
  await using upstream = await startUpstreamServer({
    models: ['thrifty-1'],
    behaviour: ({ body }) =>
      JSON.stringify(body).includes('break')
        ? { kind: 'status', status: 500, body: { error: { message: 'broken' } } }
        : { kind: 'answer', text: 'The Rhine.', usage: { input: 1_000, output: 1_000 } },
  })
  await using running = await startRealGateway({
    ...tiersAt({ cheap: upstream.baseUrl }),
    budgets: [{ scope: 'node', window: 'total', limitUsd: 1 }],
    quotas: [{ scope: 'node', perMinute: 1, burst: 13 }],
  })
  const ask = async (content: string): Promise<number> => {
    const response = await fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'kernell-cheap', messages: [{ role: 'user', content }], max_tokens: 1_000 }),
    })
    await response.text()
    return response.status
  }
  const before = await running.node.metricsText()
  expect(before).toContain('kernell_ready 1')
  expect(before).toContain('kernell_budget_remaining_usd{scope="node",window="total"} 1\n')
  expect(await ask('Name a river.')).toBe(200)
  expect(await ask('Name a river.')).toBe(200)
  // Ten failures in a row open the breaker; the eleventh is refused without a call.
  for (let call = 0; call < 11; call += 1) expect(await ask(`break ${call}`)).toBeGreaterThanOrEqual(500)
  expect(await ask('One too many.')).toBe(429)
  const text = await running.node.metricsText()
  for (const line of [
    'kernell_cache_lookups_total{result="exact"} 1',
    'kernell_cache_lookups_total{result="miss"} 12',
    'kernell_cache_entries 1',
    'kernell_model_calls_total{provider="thrifty",tier="cheap_api",outcome="accepted"} 1',
    'kernell_model_failures_total{provider="thrifty",code="MODEL_SERVER_ERROR"} 10',
    'kernell_model_failures_total{provider="thrifty",code="MODEL_CIRCUIT_OPEN"} 1',
    'kernell_model_breaker_state{provider="thrifty",model="thrifty/thrifty-1",state="open"} 1',
    'kernell_model_breaker_state{provider="thrifty",model="thrifty/thrifty-1",state="closed"} 0',
    'kernell_quota_refusals_total{scope="node"} 1',
    'kernell_http_requests_in_flight 0',
    'kernell_http_request_duration_seconds_count{route="/v1/chat/completions",status="429"} 1',
    'kernell_task_cost_usd_total{tier="cheap_api"} 0.00075',
    'kernell_budget_spent_usd{scope="node",window="total"} 0.00075',
    'kernell_budget_remaining_usd{scope="node",window="total"} 0.99925',
    'kernell_budget_reserved_usd{scope="node",window="total"} 0',
  ])
    expect(text).toContain(`${line}\n`)
})
