import type { Amount } from '../../base/money.ts'
import type { CivilDate } from '../models/civil-date.ts'
import { costOnDate } from '../models/model-cost.ts'
import type { CandidateTier, ModelDifficulty, ModelEntry } from '../models/model-entry.ts'
import { TOKEN_PRIORS } from './success-priors.ts'

/** Seconds before the first token and tokens per second, where a model was not measured. Orders of magnitude, by judgement. */
const SPEED_PRIORS: Readonly<Record<CandidateTier, { readonly startS: number; readonly tokensPerSecond: number }>> = {
  local_nano: { startS: 0.2, tokensPerSecond: 60 },
  local_small: { startS: 0.3, tokensPerSecond: 40 },
  local_medium: { startS: 0.5, tokensPerSecond: 20 },
  local_large: { startS: 0.8, tokensPerSecond: 10 },
  // Two signatures, a hold and a delivery before the first word is seen.
  peer: { startS: 5, tokensPerSecond: 40 },
  cheap_api: { startS: 0.6, tokensPerSecond: 80 },
  premium_api: { startS: 1, tokensPerSecond: 50 },
}

export type OutcomeQuestion = {
  readonly tokensIn: number
  /** Part of `tokensIn` that is read from the provider's prompt cache; absent: none. */
  readonly cachedTokensIn?: number
  readonly tokensOut: number
  readonly today: CivilDate
}

/** Tokens that the answer is expected to have: the prior of the difficulty, or the caller's bound when that is lower. */
export function expectedTokensOut(difficulty: ModelDifficulty, maxOutputTokens: number | undefined): number {
  const prior = TOKEN_PRIORS[difficulty - 1]?.out ?? 2500
  return maxOutputTokens === undefined ? prior : Math.min(prior, maxOutputTokens)
}

/** Cost of one call; `undefined` when the price is unknown. */
export function expectedCost(
  entry: ModelEntry,
  { tokensIn, cachedTokensIn, tokensOut, today }: OutcomeQuestion,
): Amount | undefined {
  const usage = { inputTokens: tokensIn, outputTokens: tokensOut }
  return costOnDate(
    entry,
    cachedTokensIn === undefined ? usage : { ...usage, cachedInputTokens: cachedTokensIn },
    today,
  )
}

/** Seconds of one call: what this node measured, else the prior of the tier. */
export function expectedLatencyS(entry: ModelEntry, { tokensOut }: Pick<OutcomeQuestion, 'tokensOut'>): number {
  const { measured } = entry
  if (measured?.tokensPerSecond !== undefined && measured.tokensPerSecond > 0) {
    return SPEED_PRIORS[entry.tier].startS + tokensOut / measured.tokensPerSecond
  }
  if (measured?.latencyMs !== undefined) return measured.latencyMs / 1000
  const { startS, tokensPerSecond } = SPEED_PRIORS[entry.tier]
  return startS + tokensOut / tokensPerSecond
}
