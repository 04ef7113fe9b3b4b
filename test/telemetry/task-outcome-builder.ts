import { amountFromNanos } from '../../src/base/money.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import type { TaskOutcome } from '../../src/core/routing/task-outcome.ts'

/** An ordinary outcome: a cheap model answered at once and was accepted. */
export function buildOutcome(change: Partial<TaskOutcome> = {}): TaskOutcome {
  return {
    decisionId: 'd1',
    at: timestampFromMs(Date.UTC(2026, 0, 2, 3, 4, 5, 6)),
    tenant: 'default',
    traceId: undefined,
    taskText: 'How tall is Mont Blanc?',
    taskTokenCount: 7,
    taskDomain: 'general',
    predicted: {
      difficulty: 2,
      tier: 'cheap_api',
      modelId: 'openai/mini',
      classifierConfidence: 0.9,
      route: 'cheap',
      confidence: 0.8,
      risk: 'low',
      expectedCostNanos: amountFromNanos(1_500_000n),
      expectedLatencyS: 0.7,
      policyVersion: 'priors-1',
      propensity: 0.95,
      scorer: 'priors',
      featureHash: undefined,
      candidates: [
        {
          modelId: 'openai/mini',
          tier: 'cheap_api',
          predictedSuccess: 0.8,
          expectedCostNanos: amountFromNanos(1_500_000n),
          expectedLatencyS: 0.7,
          propensity: 1,
        },
      ],
    },
    actualTier: 'cheap_api',
    modelUsed: 'openai/mini',
    attempts: [
      {
        modelId: 'openai/mini',
        provider: 'openai',
        tier: 'cheap_api',
        outcome: 'accepted',
        tokensIn: 12,
        tokensOut: 30,
        costNanos: amountFromNanos(1_234_567n),
        latencyMs: 400,
        confidence: 0.9,
      },
    ],
    finalRoute: 'cheap',
    escalationChain: [],
    success: true,
    wasCached: false,
    tokensIn: 12,
    tokensOut: 30,
    costNanos: amountFromNanos(1_234_567n),
    latencyMs: 420,
    verifier: { isAccepted: true, confidence: 0.9 },
    localModel: undefined,
    apiProvider: 'openai',
    fallbackTrigger: undefined,
    overheadCalls: [],
    ...change,
  }
}
