/** How one request went, as the watch sees it. */
export type WatchedOutcome = {
  /** An answer that stood: accepted by the verifier, or with nothing against it but what the policy itself had predicted. */
  readonly isAccepted: boolean
  /** No answer at all. */
  readonly isError: boolean
  /** The error is that the policy knew no plan for what the caller asked: compared between the arms, and of no account for the limits. */
  readonly isRefused?: boolean
  /** Dollars of the whole request; `null` when a price is unknown. */
  readonly costUsd: number | null
  readonly latencyMs: number
  /** Chance of acceptance that the policy predicted, 0 to 1; `null` when it kept no bound. */
  readonly predicted: number | null
  /** The answer that it predicted did not stand; another one did, for which the plan was left. */
  readonly isRescued?: boolean
}

/** What an arm came to: counts, and sums over the requests of which the figure is known. */
export type ArmTotals = {
  readonly requests: number
  readonly accepted: number
  readonly errors: number
  readonly costUsd: number
  readonly costed: number
  readonly latencyMs: number
}

export const NO_TOTALS: ArmTotals = { requests: 0, accepted: 0, errors: 0, costUsd: 0, costed: 0, latencyMs: 0 }

export function addOutcome(totals: ArmTotals, { isAccepted, isError, costUsd, latencyMs }: WatchedOutcome): ArmTotals {
  return {
    requests: totals.requests + 1,
    accepted: totals.accepted + Number(isAccepted),
    errors: totals.errors + Number(isError),
    costUsd: totals.costUsd + (costUsd ?? 0),
    costed: totals.costed + Number(costUsd !== null),
    latencyMs: totals.latencyMs + latencyMs,
  }
}

/** Shares of the arms, for people and journals; `null` where nothing was counted. */
export type ArmFigures = {
  readonly requests: number
  readonly acceptedShare: number | null
  readonly errorShare: number | null
  readonly meanCostUsd: number | null
  readonly meanLatencyMs: number | null
}

export function figuresOf({ requests, accepted, errors, costUsd, costed, latencyMs }: ArmTotals): ArmFigures {
  return {
    requests,
    acceptedShare: requests === 0 ? null : accepted / requests,
    errorShare: requests === 0 ? null : errors / requests,
    meanCostUsd: costed === 0 ? null : costUsd / costed,
    meanLatencyMs: requests === 0 ? null : latencyMs / requests,
  }
}
