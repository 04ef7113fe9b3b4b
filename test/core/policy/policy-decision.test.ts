import { describe, expect, it } from 'vitest'
import type { Amount } from '../../../src/base/money.ts'
import {
  FALLBACK_DECISION,
  formatPolicyDecision,
  overrideUnsafe,
  parsePolicyDecision,
  type PolicyDecision,
} from '../../../src/core/policy/policy-decision.ts'

const DECISION: PolicyDecision = {
  route: 'cheap',
  confidence: 0.8,
  needsDecomposition: false,
  risk: 'low',
  expectedCostNanos: 1_500_000n as Amount,
  expectedLatencyS: 2.5,
  maxBudgetNanos: 0n as Amount,
  policyVersion: 'policy-1-abc',
}

describe('a policy decision on the wire', () => {
  it('survives being written and read', () => {
    expect(parsePolicyDecision(formatPolicyDecision(DECISION))).toEqual({ kind: 'decision', decision: DECISION })
  })

  it('takes the contract defaults for what is missing', () => {
    expect(parsePolicyDecision({})).toEqual({
      kind: 'decision',
      decision: { ...FALLBACK_DECISION, policyVersion: 'unknown' },
    })
    const local = parsePolicyDecision({ route: 'local' })
    expect(local.kind === 'decision' && local.decision.needsDecomposition).toBe(false)
  })

  it.each([
    [{ needs_decomposition: 'false' }, 'needs_decomposition'],
    [{ confidence: Number.NaN }, 'confidence'],
    [{ confidence: 1.2 }, 'confidence'],
    [{ confidence: '0.5' }, 'confidence'],
    [{ expected_cost_usd: Number.POSITIVE_INFINITY }, 'expected_cost_usd'],
    [{ expected_cost_usd: -1 }, 'expected_cost_usd'],
    [{ expected_latency_s: -0.1 }, 'expected_latency_s'],
    [{ max_budget_usd: '1' }, 'max_budget_usd'],
    [{ route: 'peer' }, 'route'],
    [{ risk: 'LOW' }, 'risk'],
    [[], ''],
    [null, ''],
  ])('refuses %j, naming %s', (value, field) => {
    expect(parsePolicyDecision(value)).toMatchObject({ kind: 'refused', field })
  })
})

describe('the safety override', () => {
  it.each([
    ['high risk', { risk: 'high' }],
    ['low confidence', { confidence: 0.549 }],
    [
      'a cost above the budget by more than two cents',
      { expectedCostNanos: 120_000_001n as Amount, maxBudgetNanos: 100_000_000n as Amount },
    ],
  ] as const)('makes a decision hybrid for %s', (_, change) => {
    expect(overrideUnsafe({ ...DECISION, ...change })).toMatchObject({ route: 'hybrid', needsDecomposition: true })
  })

  it.each([
    ['confidence at the limit', { confidence: 0.55 }],
    [
      'a cost above the budget by two cents',
      { expectedCostNanos: 120_000_000n as Amount, maxBudgetNanos: 100_000_000n as Amount },
    ],
    ['a cost without a budget', { expectedCostNanos: 9_000_000_000n as Amount }],
  ] as const)('leaves a decision alone for %s', (_, change) => {
    const decision = { ...DECISION, ...change }
    expect(overrideUnsafe(decision)).toEqual(decision)
  })
})
