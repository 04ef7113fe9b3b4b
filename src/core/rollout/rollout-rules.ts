/** What the candidate may do worse, and how sure it must be that it does, before it is rolled back. */
export type SloRules = {
  /** Chance, over the whole life of a candidate, that a sound one is rolled back; more than 0, at most 0.5. */
  readonly falseAlarm: number
  /** Points of the share of bad answers that the candidate may be worse than the incumbent, 0 to 1. */
  readonly qualityMargin: number
  /** The same of failed requests. */
  readonly errorMargin: number
  /** How much more a request may cost, as a share of what the incumbent's costs: 0.25 is a quarter more. */
  readonly costMargin: number
  /** The same of the time to the answer. */
  readonly latencyMargin: number
  /** How far the candidate's own predictions of acceptance may be above what is accepted, 0 to 1. */
  readonly driftMargin: number
  /** Least share of accepted answers, whatever the incumbent has; `null`: none. */
  readonly acceptedShareMin: number | null
  readonly errorShareMax: number | null
  /** Dollars a request, on average. */
  readonly costUsdMax: number | null
  /** Milliseconds a request, on average. */
  readonly latencyMsMax: number | null
}

/** How a candidate gets from the shadow to all traffic, and what takes it back. `areRulesSound` says whether the numbers are in their ranges. */
export type RolloutRules = {
  /** Percent of the conversations at each step of the canary, rising, each more than 0 and below 100. */
  readonly canarySteps: readonly number[]
  /** Canary requests without a breach before the next step. */
  readonly minCanaryRequests: number
  /** Least time at each step, milliseconds. */
  readonly minStepMs: number
  /** Shadow runs without a breach before the canary; in a quarter of them a model must have been called for the candidate. */
  readonly minShadowRuns: number
  /** Goes on by itself when a step was clean; otherwise `kernell policy promote` does. */
  readonly autoAdvance: boolean
  readonly slo: SloRules
}

/**
 * Rules where the operator sets none: after 100 shadow runs without a breach five steps of the canary, each of at least 200 requests and ten minutes, then all
 * traffic.
 */
export const DEFAULT_ROLLOUT_RULES: RolloutRules = {
  canarySteps: [1, 5, 10, 25, 50],
  minCanaryRequests: 200,
  minStepMs: 600_000,
  minShadowRuns: 100,
  autoAdvance: true,
  slo: {
    falseAlarm: 0.05,
    qualityMargin: 0.02,
    errorMargin: 0.02,
    costMargin: 0.25,
    latencyMargin: 0.5,
    driftMargin: 0.15,
    acceptedShareMin: 0.5,
    errorShareMax: 0.2,
    costUsdMax: null,
    latencyMsMax: null,
  },
}

/**
 * Runs in the shadow for which a model was called, before the canary: a quarter of all. Where a candidate chooses what the incumbent has
 * called, nothing is tried; a policy that always does so is no other policy.
 */
export function calledNeeded({ minShadowRuns }: Pick<RolloutRules, 'minShadowRuns'>): number {
  return Math.ceil(minShadowRuns / 4)
}

/** Whether numbers are in the ranges that the types promise. */
export function areRulesSound({
  canarySteps,
  minCanaryRequests,
  minStepMs,
  minShadowRuns,
  slo,
}: RolloutRules): boolean {
  const isRising = canarySteps.every((step, index) => step > (canarySteps[index - 1] ?? 0) && step < 100)
  const isShare = (value: number | null): boolean => value === null || (value >= 0 && value <= 1)
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
  return (
    canarySteps.length >= 1 &&
    canarySteps.length <= 100 &&
    isRising &&
    isCount(minCanaryRequests) &&
    isCount(minShadowRuns) &&
    minStepMs >= 0 &&
    slo.falseAlarm > 0 &&
    slo.falseAlarm <= 0.5 &&
    [slo.qualityMargin, slo.errorMargin, slo.driftMargin, slo.acceptedShareMin, slo.errorShareMax].every(isShare) &&
    slo.costMargin >= 0 &&
    slo.latencyMargin >= 0 &&
    (slo.costUsdMax ?? 1) > 0 &&
    (slo.latencyMsMax ?? 1) > 0
  )
}
