import { amountToUsd, type Amount } from '../base/money.ts'
import type { OfferSource } from '../core/peer-tier/peer-offer.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'
import { stepsOf } from '../core/routing/planned-steps.ts'
import type { PeersConfig } from './config/node-config.ts'

/** The decision record, snake_case, money in dollars. */
export type DecisionDocument = {
  readonly route: string
  readonly confidence: number
  readonly needs_decomposition: boolean
  readonly risk: string
  readonly risk_reasons: readonly string[]
  readonly difficulty: number
  readonly domain: string
  readonly expected_tokens_out: number
  readonly expected_cost_usd: number | null
  readonly expected_latency_s: number
  readonly max_budget_usd: number
  readonly policy_version: string
  readonly price_version: string
  readonly scorer: string
  readonly plan: readonly { readonly model: string; readonly tier: string; readonly role: string }[]
  readonly candidates: readonly {
    readonly model: string
    readonly tier: string
    readonly predicted_success: number
    readonly expected_cost_usd: number | null
    readonly expected_latency_s: number
    readonly excluded_because: string | null
    /** Of a peer: `card` where it said its offer to everybody, `asked` where it was asked for it; absent else. */
    readonly offer_source?: OfferSource
  }[]
  readonly reasons: readonly string[]
  /** Why no peer is asked, where peers are configured and none is; absent else. */
  readonly no_peer_because?: string
  /** What was found of the task's texts, and what was done about each. */
  readonly texts?: readonly {
    readonly source: string
    readonly message: number
    readonly section?: string
    /** The step of a split task in whose prompt it stands; absent for the task itself. */
    readonly step?: string
    readonly score: number
    readonly threshold: number
    readonly scored_by: string
    readonly rules: readonly string[]
    readonly action: string
  }[]
  readonly feature_hash: string | null
  readonly draw: number
  readonly propensity: number
}

/** What the operator allows of peers, as far as it keeps a task from them. */
export type PeerRefusalInit = { readonly data: Pick<PeersConfig['data'], 'riskMax'> }

/** Dollars for display; `null` when unknown. */
export function usdOrNull(amount: Amount | undefined): number | null {
  return amount === undefined ? null : amountToUsd(amount)
}

/** For people and programs; with what the operator allows of peers it says why none is asked. */
export function decisionDocument(decision: DecisionRecord, peers?: PeerRefusalInit): DecisionDocument {
  const because = peers && whyNoPeer(decision, peers)
  return {
    route: decision.route,
    confidence: decision.confidence,
    needs_decomposition: decision.needsDecomposition,
    risk: decision.risk,
    risk_reasons: decision.riskReasons,
    difficulty: decision.difficulty,
    domain: decision.domain,
    expected_tokens_out: decision.expectedTokensOut,
    expected_cost_usd: usdOrNull(decision.expectedCostNanos),
    expected_latency_s: decision.expectedLatencyS,
    max_budget_usd: usdOrNull(decision.maxBudgetNanos) ?? 0,
    policy_version: decision.policyVersion,
    price_version: decision.priceVersion,
    scorer: decision.scorer,
    plan: stepsOf(decision).map(({ modelId, tier, role }) => ({ model: modelId, tier, role })),
    candidates: decision.candidates.map((candidate) => ({
      model: candidate.modelId,
      tier: candidate.tier,
      predicted_success: candidate.predictedSuccess,
      expected_cost_usd: usdOrNull(candidate.expectedCostNanos),
      expected_latency_s: candidate.expectedLatencyS,
      ...(candidate.cachedTokensIn !== undefined && { cached_tokens_in: candidate.cachedTokensIn }),
      excluded_because: candidate.excludedBecause ?? null,
      ...(candidate.source !== undefined && { offer_source: candidate.source }),
    })),
    reasons: decision.reasons,
    ...(because !== undefined && { no_peer_because: because }),
    ...(decision.texts !== undefined && {
      texts: decision.texts.map(({ scoredBy, ...text }) => ({ ...text, scored_by: scoredBy })),
    }),
    feature_hash: decision.featureHash ?? null,
    draw: decision.draw,
    propensity: decision.propensity,
  }
}

/** Reasons that are named at most: there are few of them, and many offers. */
const PEER_REASONS_MAX = 3

function whyNoPeer(
  { risk, plan, candidates }: DecisionRecord,
  { data: { riskMax } }: PeerRefusalInit,
): string | undefined {
  const isDecided = plan.length + candidates.length > 0
  if (!isDecided || plan.some(({ tier }) => tier === 'peer')) return undefined
  // Whatever is offered: such a task is shown to nobody.
  if (risk === 'high' || (risk === 'medium' && riskMax === 'low')) return `tasks of ${risk} risk do not leave`
  const offers = candidates.filter(({ tier }) => tier === 'peer')
  const reasons = [...new Set(offers.flatMap(({ excludedBecause }) => excludedBecause ?? []))]
  if (reasons.length === 0) return 'no offer of the skills in `peers.skills` is known here'
  const more = reasons.length - PEER_REASONS_MAX
  return [...reasons.slice(0, PEER_REASONS_MAX), ...(more > 0 ? [`${more} more reasons`] : [])].join('; ')
}
