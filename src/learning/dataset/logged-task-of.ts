import type { LoggedCandidate, LoggedTask, ObservedOutcome } from '../../core/learning/logged-task.ts'
import { decodeFloat32 } from '../../core/policy/float-text.ts'
import { promptFeatureSet } from '../../core/policy/prompt-feature-set.ts'
import { PROMPT_FEATURES } from '../../core/policy/prompt-features.ts'
import type { DatasetCandidate, DatasetOutcome, DatasetRow, LabelRow, LoggedFields } from './label-row.ts'

/**
 * A dataset row as the learning loop takes it. Features that another version of the program computed are left out: their places mean something else.
 *
 * @param featureSet  Set of features that this version computes; whoever reads many rows asks for it once.
 */
export function loggedTaskOf(row: DatasetRow, featureSet: string = promptFeatureSet()): LoggedTask {
  const { logged } = row
  return logged === undefined ? routeTask(row) : modelTask(row, logged, featureSet)
}

function modelTask(row: LabelRow, logged: LoggedFields, featureSet: string): LoggedTask {
  return {
    taskHash: row.task_hash,
    timestamp: logged.timestamp ?? undefined,
    prompt: logged.prompt,
    features: logged.feature_set === featureSet ? decodeFeatures(logged.features) : undefined,
    risk: logged.risk,
    policyVersion: logged.policy_version ?? undefined,
    candidates: logged.candidates.map(candidateOf),
    action: logged.action,
    propensity: logged.propensity,
    outcome: {
      success: logged.reward,
      costUsd: row.cost_usd ?? undefined,
      latencyMs: row.latency_s * 1000,
      source: logged.reward_source,
    },
    observed: new Map(Object.entries(logged.outcomes).map(([model, outcome]) => [model, observedOf(outcome)])),
  }
}

/** The contract's row alone: it knows routes and no models, so routes are its actions, and a policy that never explored is assumed. */
function routeTask(row: LabelRow): LoggedTask {
  const action = row.was_escalated ? (row.escalation_chain[0] ?? row.actual_route) : row.actual_route
  const outcome: ObservedOutcome = {
    success: row.success ? 1 : 0,
    costUsd: row.cost_usd ?? undefined,
    latencyMs: row.latency_s * 1000,
    source: 'executed',
  }
  return {
    taskHash: row.task_hash,
    timestamp: undefined,
    prompt: undefined,
    features: undefined,
    risk: 'medium',
    policyVersion: undefined,
    candidates: [],
    action,
    propensity: 1,
    outcome,
    // What the first of a chain did is known, what it cost is not.
    observed: new Map([
      [action, row.was_escalated ? { ...outcome, success: 0, costUsd: undefined, latencyMs: undefined } : outcome],
    ]),
  }
}

function candidateOf(candidate: DatasetCandidate): LoggedCandidate {
  return {
    model: candidate.model,
    tier: candidate.tier,
    propensity: candidate.propensity,
    predictedSuccess: candidate.predicted_success,
    expectedCostUsd: candidate.expected_cost_usd ?? undefined,
    expectedLatencyS: candidate.expected_latency_s,
  }
}

function observedOf(outcome: DatasetOutcome): ObservedOutcome {
  return {
    success: outcome.success,
    costUsd: outcome.cost_usd ?? undefined,
    latencyMs: outcome.latency_ms ?? undefined,
    source: outcome.source,
  }
}

/** Features of a row as numbers, one per name of `PROMPT_FEATURES`; `undefined` where there are none, or not that many. */
export function decodeFeatures(text: string | undefined): Float64Array | undefined {
  const floats = text === undefined ? undefined : decodeFloat32(text, PROMPT_FEATURES.length)
  return floats === undefined ? undefined : Float64Array.from(floats)
}
