import { type Amount, amountFromNanos, amountFromUsd, ZERO_AMOUNT } from '../base/money.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { EncodedTask } from '../core/policy/encode-features.ts'
import { expectedCost, expectedLatencyS, type OutcomeQuestion } from '../core/policy/expected-outcome.ts'
import type { PolicyScorer } from '../core/policy/policy-scorer.ts'
import type { PromptFeatures } from '../core/policy/prompt-features.ts'
import { priorSuccess } from '../core/policy/success-priors.ts'
import type { TaskProfile } from '../core/policy/task-profile.ts'
import type { DecisionCandidate } from '../core/routing/decision-record.ts'
import type { PolicyInput } from '../ports/policy.ts'

/** Scores that were computed together with others. */
export type Prescored = { readonly success: Float64Array; readonly implementation: 'wasm' | 'typescript' }

/** What the artefact says of a prompt, one value per candidate of its own. */
export type Judgement = {
  readonly success: Float64Array
  /** Expected dollars; absent: it has learned none. */
  readonly usd?: Float64Array
  /** Standard deviations of `success`; absent where nobody asks. */
  readonly deviation?: Float64Array
}

/** Judges a prompt by an artefact; `undefined` on priors. `isUnsure`: exploration asks how sure the estimates are. */
export function createJudge(
  scorer: PolicyScorer | undefined,
  isUnsure: boolean,
): (features: PromptFeatures, scored: Prescored | undefined) => Judgement | undefined {
  if (scorer === undefined) return () => undefined
  return (features, scored) => {
    if (scored !== undefined && !isUnsure && scorer.artefact.usd === undefined) return { success: scored.success }
    const encoded = scorer.encodeFeatures(features)
    const success = scored?.success ?? scorer.scoreEncoded(encoded).success
    const usd = scorer.expectedUsdOf(encoded)
    return {
      success,
      ...(usd !== undefined && { usd }),
      ...(isUnsure && { deviation: deviationsOf(scorer, encoded, success) }),
    }
  }
}

/** How far the priors may be off: nobody measured them. A standard deviation of P(success), by judgement. */
const PRIOR_DEVIATION = 0.15

/** Standard deviations of the calibrated chances, from those of the raw estimates (the slope of the calibration at each estimate). */
function deviationsOf(scorer: PolicyScorer, encoded: EncodedTask, success: Float64Array): Float64Array {
  const variance = scorer.uncertaintyOf(encoded)
  const { calibration } = scorer.artefact.success
  return success.map((chance, place) => {
    const slope = (calibration[2 * place] ?? 1) * chance * (1 - chance)
    return Math.sqrt(variance?.[place] ?? 0) * Math.abs(slope)
  })
}

export type Assessment = {
  readonly input: PolicyInput
  readonly profile: TaskProfile
  readonly tokensOut: number
  /** Absent on priors. */
  readonly judged: Judgement | undefined
  readonly isUnsure: boolean
}

/**
 * The models of a task as the policy sees them, then those that may not answer.
 *
 * @param placeOf The artefact's candidate that an entry is; `undefined` where it does not know the model.
 */
export function candidatesOf(
  assessment: Assessment,
  placeOf: (entry: ModelEntry) => number | undefined,
): readonly DecisionCandidate[] {
  const { candidates, excluded } = assessment.input
  return [
    ...candidates.map((entry) => candidateOf(entry, placeOf(entry), assessment)),
    ...excluded.map(({ entry, because }) => ({
      ...candidateOf(entry, placeOf(entry), assessment),
      excludedBecause: because,
    })),
  ]
}

function candidateOf(entry: ModelEntry, place: number | undefined, assessment: Assessment): DecisionCandidate {
  const { input, profile, tokensOut, judged, isUnsure } = assessment
  if (entry.tier === 'peer') return peerCandidateOf(entry, place, assessment)
  const success = judged?.success[place ?? -1]
  // What calls of this model were seen to cost says more than its price and a guess of its tokens.
  const learnedUsd = judged?.usd?.[place ?? -1] ?? 0
  const learned = learnedUsd > 0 ? amountFromUsd(learnedUsd) : undefined
  const cachedTokensIn = input.cachedTokensIn?.get(entry.id)
  const asked = { tokensIn: input.tokensIn, tokensOut, today: input.today }
  const cost = learned ?? expectedCost(entry, asked)
  return {
    modelId: entry.id,
    tier: entry.tier,
    predictedSuccess: success ?? priorSuccess(entry, profile),
    ...(isUnsure && { uncertainty: success === undefined ? PRIOR_DEVIATION : (judged?.deviation?.[place ?? -1] ?? 0) }),
    expectedCostNanos: cachedTokensIn === undefined ? cost : lessCached(entry, cost, { ...asked, cachedTokensIn }),
    ...(cachedTokensIn !== undefined && { cachedTokensIn }),
    expectedLatencyS: expectedLatencyS(entry, { tokensOut }),
  }
}

/** A cost, learned or computed, without what the provider's prompt cache saves of it. */
function lessCached(entry: ModelEntry, cost: Amount | undefined, asked: OutcomeQuestion): Amount | undefined {
  const { cachedTokensIn: _cached, ...uncached } = asked
  const [full, reduced] = [expectedCost(entry, uncached), expectedCost(entry, asked)]
  if (cost === undefined || full === undefined || reduced === undefined || full <= reduced) return cost
  const saved = full - reduced
  return cost > saved ? amountFromNanos(cost - saved) : ZERO_AMOUNT
}

/** What a policy learned of a peer holds no longer than the peer keeps to it: what was seen of it last counts where that is less. */
function peerCandidateOf(entry: ModelEntry, place: number | undefined, assessment: Assessment): DecisionCandidate {
  const { input, profile, tokensOut, judged, isUnsure } = assessment
  const paid = expectedCost(entry, { tokensIn: input.tokensIn, tokensOut, today: input.today })
  return {
    modelId: entry.id,
    tier: entry.tier,
    predictedSuccess: Math.min(judged?.success[place ?? -1] ?? 1, priorSuccess(entry, profile)),
    ...(isUnsure && { uncertainty: PRIOR_DEVIATION }),
    expectedCostNanos: paid && amountFromNanos(paid + (entry.peer?.overheadNanos ?? 0n)),
    expectedLatencyS: expectedLatencyS(entry, { tokensOut }),
    caughtShare: entry.peer?.caughtShare ?? 0,
    ...(entry.peer !== undefined && { source: entry.peer.source }),
  }
}
