import { describe, expect, it } from 'vitest'
import type { Amount } from '../../src/base/money.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { FALLBACK_DECISION } from '../../src/core/policy/policy-decision.ts'
import { replayDecision } from '../../src/core/policy/replay-decision.ts'
import type { DecisionRecord } from '../../src/core/routing/decision-record.ts'
import type { Policy } from '../../src/ports/policy.ts'
import type { RouteRequest } from '../../src/ports/router.ts'
import { createAdvisedPolicy } from '../../src/router/advised-policy.ts'
import { createPolicyService } from '../../src/router/policy-service.ts'
import { createFixture, requestOf, type ScriptedEntry } from './router-fixture.ts'

const MODELS: readonly ScriptedEntry[] = [
  { id: 'near/small', tier: 'local_small', script: 'near', price: 0 },
  { id: 'openai/mini', tier: 'cheap_api', script: 'cheap', price: 0.5 },
  { id: 'openai/large', tier: 'premium_api', script: 'premium', price: 10 },
  { id: 'other/large', tier: 'premium_api', script: 'premium', price: 15, capabilities: { tools: false } },
]

const PROMPTS = [
  'Write a haiku about rain.',
  'Prove that there are infinitely many primes, then implement a sieve in Rust and explain its complexity.',
  'Transfer 4,000 dollars from my savings to this account.',
  'Fix the race condition in this scheduler:\n```c\nvoid run(void) { pthread_mutex_lock(&a); }\n```',
  'Summarise the plot of a novel that you like.',
  'What dose of this medicine may a child take?',
]

const CONTROLS: readonly Partial<RouteRequest>[] = [
  {},
  { controls: { quality: 0.75 } },
  { controls: { maxCostNanos: 20_000_000n as Amount } },
  { controls: { isLocalOnly: true } },
  { controls: { providers: ['near', 'openai'] } },
  { target: { kind: 'route', route: 'premium' } },
]

/** Through JSON, as a record is kept: money becomes text and `undefined` goes. */
function throughJson(record: DecisionRecord): DecisionRecord {
  const text = JSON.stringify(record, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'string' && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  ) as DecisionRecord
}

describe('a decision', () => {
  it('computed again from its record gives the same plan, for every kind of request', async () => {
    const draws = createRandomStream(3)
    const service = createPolicyService({ quality: 0.7, explorationRate: 0.3 })
    const policy = {
      ...service,
      decide: (input: Parameters<typeof service.decide>[0]) => service.decide({ ...input, draw: draws.nextUnit() }),
    }
    const { router } = createFixture({ models: MODELS, policy })
    const plans = new Set<string>()
    let explored = 0
    for (let round = 0; round < 10; round += 1) {
      for (const prompt of PROMPTS) {
        for (const controls of CONTROLS) {
          const { decision } = await router.route(requestOf(prompt, controls))
          const kept = throughJson(decision)
          const again = replayDecision(kept)
          expect(again.plan).toEqual(decision.plan)
          expect([again.route, again.propensity, again.reasons, again.confidence, again.expectedCostNanos]).toEqual([
            decision.route,
            decision.propensity,
            decision.reasons,
            decision.confidence,
            decision.expectedCostNanos,
          ])
          plans.add(JSON.stringify(decision.plan.map(({ modelId }) => modelId)))
          if (decision.propensity < 0.5) explored += 1
        }
      }
    }
    // The sample is no sample of one case: several plans, and draws that chose another candidate.
    expect(plans.size).toBeGreaterThan(4)
    expect(explored).toBeGreaterThan(5)
  })

  it('that advisers had a part in is computed again as well, their advice being kept in the record', async () => {
    const draws = createRandomStream(5)
    const service = createPolicyService({ quality: 0.7, explorationRate: 0.3 })
    const kinds = new Set<string>()
    const advised = (name: string, inner: Policy): Policy =>
      createAdvisedPolicy(
        {
          policy: inner,
          adviser: {
            name,
            async advise() {
              if (draws.nextUnit() < 0.2) throw new Error('away')
              const pick = <Value>(values: readonly [Value, ...Value[]]): Value =>
                values[Math.floor(draws.nextUnit() * values.length)] ?? values[0]
              return {
                decision: {
                  ...FALLBACK_DECISION,
                  route: pick(['local', 'cheap', 'premium', 'hybrid'] as const),
                  risk: pick(['low', 'medium', 'high'] as const),
                  confidence: pick([0.3, 0.7, 0.9]),
                  needsDecomposition: draws.nextUnit() < 0.5,
                },
              }
            },
          },
          clock: {
            now: () => timestampFromMs(0),
            monotonicMs: () => 0,
            timeoutSignal: () => new AbortController().signal,
          },
        },
        { ask: 'always', timeoutMs: 1000, requestsPerMinute: 150, rememberedMax: 0 },
      )
    const policy = advised('pro', advised('lite', service))
    const { router } = createFixture({ models: MODELS, policy })
    for (let round = 0; round < 10; round += 1) {
      for (const prompt of PROMPTS) {
        for (const controls of CONTROLS) {
          const { decision } = await router.route(requestOf(prompt, controls))
          expect(throughJson(replayDecision(throughJson(decision)))).toEqual(throughJson(decision))
          for (const { said, judged } of decision.advice ?? [])
            kinds.add(
              judged === undefined
                ? said.replace(/.*and gave/, 'gave').replace(/.*was not/, 'was not')
                : `${judged.route} ${judged.risk}`,
            )
        }
      }
    }
    // All routes and risks that the safety override lets through, a failure, and the limit of questions.
    expect([...kinds].toSorted()).toHaveLength(11)
  })
})
