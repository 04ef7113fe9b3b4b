import { ZERO_AMOUNT } from '../base/money.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'

/**
 * The decision of a task for which no policy was asked: hybrid, confidence 0.5, medium risk, no cost and no plan.
 * Exact tools and the cache answer before the policy, since an answer that is already there needs no route.
 */
export function unaskedDecision(reason: string): DecisionRecord {
  return {
    route: 'hybrid',
    confidence: 0.5,
    risk: 'medium',
    riskReasons: [],
    difficulty: 3,
    domain: 'general',
    needsDecomposition: true,
    expectedCostNanos: ZERO_AMOUNT,
    expectedLatencyS: 0,
    expectedTokensOut: 0,
    maxBudgetNanos: undefined,
    candidates: [],
    plan: [],
    reasons: [reason],
    policyVersion: 'none',
    priceVersion: 'none',
    scorer: 'priors',
    featureHash: undefined,
    draw: 0,
    propensity: 1,
  }
}
