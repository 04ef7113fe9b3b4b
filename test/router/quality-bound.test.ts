import { describe, expect, it } from 'vitest'
import { createPolicyService } from '../../src/router/policy-service.ts'
import { createFixture, requestOf, type ScriptedEntry } from './router-fixture.ts'

const MODELS: readonly ScriptedEntry[] = [
  { id: 'openai/mini', tier: 'cheap_api', script: 'cheap', price: 0.5 },
  { id: 'openai/large', tier: 'premium_api', script: 'premium', price: 10 },
]
const TASK = 'Which of these two essays on the causes of the war is the better one, and why?'

describe('a quality bound that no model is expected to reach', () => {
  it('is refused when the caller set it, naming what can be reached, which is then answered', async () => {
    const { router } = createFixture({
      models: MODELS,
      policy: createPolicyService({ quality: 0.7, explorationRate: 0 }),
    })
    const refused: unknown = await router
      .route(requestOf(TASK, { controls: { quality: 1 } }))
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'ROUTER_QUALITY_BOUND' })
    const reachable = Number(/reached is ([\d.]+)$/.exec(String(refused instanceof Error && refused.message))?.[1])
    expect(reachable).toBeGreaterThan(0.7)
    const { decision } = await router.route(requestOf(TASK, { controls: { quality: reachable } }))
    expect(decision.isQualityMet).toBe(true)
  })

  it('of the operator is answered by the strongest, and the decision says so', async () => {
    const { router } = createFixture({
      models: MODELS,
      policy: createPolicyService({ quality: 1, explorationRate: 0 }),
    })
    const { decision } = await router.route(requestOf(TASK))
    expect(decision.isQualityMet).toBe(false)
    expect(decision.reasons.join(' ')).toContain('no candidate meets the quality bound 1.00; the strongest answers')
  })
})
