import { REGRET_LIMITS_DEFAULT } from '../../core/policy/exploration/regret-account.ts'
import { areRulesSound, DEFAULT_ROLLOUT_RULES } from '../../core/rollout/rollout-rules.ts'
import type { ExploreDocument, PolicyDocument, RolloutDocument } from './config-document.ts'
import { absolute, contradiction, toAmount } from './config-values.ts'
import type { PolicyConfig, RolloutConfig } from './policy-config.ts'

const MINUTE_MS = 60_000

export function resolvePolicy(policy: PolicyDocument, baseDir: string): PolicyConfig {
  return {
    ...(policy.artefact !== undefined && { artefact: absolute(policy.artefact, baseDir) }),
    quality: policy.quality ?? 0.7,
    exploration: policy.exploration ?? 0,
    ...(policy.explore !== undefined && { explore: resolveExplore(policy.explore) }),
    ...(policy.qualityShare !== undefined && { qualityShare: policy.qualityShare }),
    gate: policy.gate ?? {},
    rollout: resolveRollout(policy.rollout ?? {}),
    ...(policy.online !== undefined && { online: { everyOutcomes: 500, queueMax: 10_000, ...policy.online } }),
    ...(policy.pro !== undefined && { pro: { timeoutMs: 2_000, requestsPerMinute: 60, ...policy.pro } }),
    ...(policy.lite !== undefined && { lite: resolveLite(policy.lite, baseDir) }),
  }
}

function resolveExplore(explore: ExploreDocument): NonNullable<PolicyConfig['explore']> {
  const { method = 'thompson', floor = 0.02, contenders = 0, width = 1.5 } = explore
  if (floor + contenders > 1)
    throw contradiction('policy.explore.contenders', 'must leave the floor its share: together at most 1')
  return {
    method,
    floor,
    contenders,
    width,
    utilityPerDay: explore.regretPerDay ?? REGRET_LIMITS_DEFAULT.utilityPerDay,
    usdPerDay: explore.regretUsdPerDay ?? REGRET_LIMITS_DEFAULT.usdPerDay,
  }
}

function resolveLite(
  { model, adapter }: NonNullable<PolicyDocument['lite']>,
  baseDir: string,
): NonNullable<PolicyConfig['lite']> {
  return { model, ...(adapter !== undefined && { adapter: absolute(adapter, baseDir) }) }
}

function resolveRollout(rollout: RolloutDocument): RolloutConfig {
  const { canarySteps, minCanaryRequests, minShadowRuns, autoAdvance } = DEFAULT_ROLLOUT_RULES
  const rules = {
    canarySteps: rollout.canarySteps ?? canarySteps,
    minCanaryRequests: rollout.minCanaryRequests ?? minCanaryRequests,
    minStepMs: (rollout.minStepMinutes ?? DEFAULT_ROLLOUT_RULES.minStepMs / MINUTE_MS) * MINUTE_MS,
    minShadowRuns: rollout.minShadowRuns ?? minShadowRuns,
    autoAdvance: rollout.autoAdvance ?? autoAdvance,
    slo: { ...DEFAULT_ROLLOUT_RULES.slo, ...rollout.slo },
  }
  if (!areRulesSound(rules)) throw contradiction('policy.rollout.canarySteps', 'must rise from step to step')
  return {
    shadowShare: rollout.shadowShare ?? 0.1,
    shadowBudgetNanos: toAmount(rollout.shadowBudgetUsd ?? 1, 'policy.rollout.shadowBudgetUsd'),
    shadowBudgetWindow: rollout.shadowBudgetWindow ?? 'day',
    shadowConcurrency: rollout.shadowConcurrency ?? 2,
    rules,
  }
}
