import { expect, it } from 'vitest'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import type { TelemetryEvent } from '../../src/wire/telemetry-event.ts'
import { startUpstreamServer, type UpstreamBehaviour, type UpstreamCall } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from '../gateway/real-node.ts'

const TASK = [
  'Write a function in Rust that computes the tide at 12 harbours from 37 constituents, and implement it with a struct for each harbour.',
  'If the phase is above 360 degrees then reduce it, unless the harbour is north of 60 degrees, and if two harbours differ by more than 3 hours per day then report the larger difference.',
  'Calculate the expected error for 4 and for 8 constituents and derive the bound that follows from it.',
  'Write a test class that compares the code with 20 measured values and implement a script that prints a table for every harbour.',
  'Finally, write an essay of 2 pages that explains why the function is correct and when the error is greater than 5 centimetres.',
].join(' ')

const PLAN = JSON.stringify([
  { id: 's1', description: 'Write the tide function.', difficulty: 3, domain: 'code', target_tier: 'cheap_api' },
  { id: 's2', description: 'Derive the error bound.', difficulty: 3, domain: 'math', target_tier: 'cheap_api' },
  { id: 's3', description: 'Explain both.', difficulty: 3, target_tier: 'premium_api', depends_on: ['s1', 's2'] },
])

const KEPT: ConfigDocument = { telemetry: { consent: true } }

/** The text of the last message of a call. */
function askedIn({ body }: UpstreamCall): string {
  const messages = (body?.['messages'] ?? []) as readonly { readonly content?: string }[]
  return messages.at(-1)?.content ?? ''
}

it('is planned by the strongest model, carried out by the models that suffice, and answered as one', async () => {
  const answer = (call: UpstreamCall): UpstreamBehaviour => {
    const asked = askedIn(call)
    const usage = { input: 1_000, output: 1_000 }
    if (asked.includes('Plan this task.')) return { kind: 'answer', text: PLAN, usage }
    if (asked.endsWith('Write the tide function.')) return { kind: 'answer', text: 'fn tide() -> f64 { 1.0 }', usage }
    if (asked.endsWith('Derive the error bound.'))
      return { kind: 'answer', text: 'The bound is three centimetres.', usage }
    return { kind: 'answer', text: 'The function sums the constituents, and its error stays within the bound.', usage }
  }
  await using thrifty = await startUpstreamServer({ behaviour: (call) => answer(call) })
  await using grand = await startUpstreamServer({ behaviour: (call) => answer(call) })
  await using running = await startRealGateway({
    ...tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl }),
    ...KEPT,
  })
  const response = await fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: TASK }] }),
  })
  const body = (await response.json()) as {
    readonly choices: readonly { readonly message: { readonly content: string } }[]
  }
  expect(body.choices[0]?.message.content).toBe(
    'The function sums the constituents, and its error stays within the bound.',
  )
  // The plan and the last step; the two steps before it side by side.
  expect([grand.callCount, thrifty.callCount]).toEqual([2, 2])
  const last = grand.calls.at(-1)
  expect(last === undefined ? '' : askedIn(last)).toContain('fn tide() -> f64 { 1.0 }')
  // Two calls at 0.15 + 0.6 dollars per million tokens of each kind, and two at 5 + 15.
  expect(response.headers.get('x-kernell-cost-usd')).toBe('0.0415')
  const records: TelemetryEvent[] = []
  for await (const record of running.node.records.list()) records.push(record)
  expect(records).toMatchObject([
    {
      predicted_difficulty: 5,
      policy_route_predicted: expect.stringMatching(/^(hybrid|premium|cheap)$/) as string,
      actual_tier_used: 'premium_api',
      was_escalated: false,
      success: true,
      cost_usd: 0.0415,
      overhead_calls: [{ purpose: 'decomposer', model: 'grand/grand-1', cost_usd: 0.02 }],
    },
  ])
})
