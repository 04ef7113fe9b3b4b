import type { DatasetRow, LabelRow, LoggedFields } from '../../../src/learning/dataset/label-row.ts'

/** A plausible label row; `changes` make the case. */
export function labelRow(changes: Partial<LabelRow> = {}): LabelRow {
  return {
    task_hash: 'a'.repeat(64),
    task_token_count: 12,
    task_domain: 'general',
    hardware_tier: 'balanced',
    has_gpu: false,
    predicted_route: 'local',
    actual_route: 'local',
    was_escalated: false,
    escalation_chain: [],
    success: true,
    cost_usd: 0,
    latency_s: 0.4,
    tokens_total: 112,
    optimal_route: 'local',
    should_use_premium: false,
    penalty: 0,
    label_confidence: 0.95,
    label_reason: 'succeeded_at_local',
    error_type: 'none',
    error_severity: 0.004,
    ...changes,
  }
}

export function loggedFields(changes: Partial<LoggedFields> = {}): LoggedFields {
  return {
    timestamp: '2026-01-31T08:00:00.000Z',
    policy_version: 'priors-1',
    risk: 'low',
    candidates: [
      {
        model: 'small',
        tier: 'local_small',
        predicted_success: 0.7,
        expected_cost_usd: 0,
        expected_latency_s: 0.5,
        propensity: 0.9,
      },
      {
        model: 'large',
        tier: 'premium_api',
        predicted_success: 0.9,
        expected_cost_usd: null,
        expected_latency_s: 2,
        propensity: 0.1,
      },
    ],
    action: 'small',
    propensity: 0.9,
    reward: 1,
    reward_source: 'executed',
    outcomes: { small: { success: 1, cost_usd: 0, latency_ms: 400, source: 'executed' } },
    ...changes,
  }
}

export function datasetRow(label: Partial<LabelRow> = {}, logged: Partial<LoggedFields> = {}): DatasetRow {
  return { ...labelRow(label), logged: loggedFields(logged) }
}
