import { acceptanceScore, rarityLookup } from './acceptance-model.ts'
import { lengthRefusal, pairForm, type ComparablePrompt } from './comparable-prompt.ts'
import type { CacheCalibration } from './cache-calibration.ts'
import { measurePair, type RarityOf } from './pair-features.ts'
import { guardRefusal, type GuardRefusal } from './similarity-guards.ts'

export type PairJudgement =
  | { readonly kind: 'scored'; readonly score: number; readonly isAccepted: boolean }
  | { readonly kind: 'guarded'; readonly guard: GuardRefusal | 'too-many-words' | 'no-words' }

/** Judges whether a stored answer may be given for a query; the one place where the similarity tier decides. */
export type PairJudge = (query: ComparablePrompt, stored: ComparablePrompt, cosine: number) => PairJudgement

/** A judge by a calibration. */
export function createPairJudge(calibration: CacheCalibration): PairJudge {
  const rarityOf: RarityOf = rarityLookup(calibration.model.rarity)
  const { question, statement } = calibration.thresholds
  return (query, stored, cosine) => {
    const refused = lengthRefusal(query, stored)
    if (refused !== undefined) return { kind: 'guarded', guard: refused }
    const measures = measurePair(query, stored, { cosine, rarityOf })
    const guard = guardRefusal(measures.alignment)
    if (guard !== undefined) return { kind: 'guarded', guard }
    const score = acceptanceScore(calibration.model, measures)
    const threshold = pairForm(query, stored) === 'question' ? question?.threshold : statement?.threshold
    return { kind: 'scored', score, isAccepted: threshold !== undefined && score >= threshold }
  }
}

/**
 * One number per pair for ranking, 1 the most alike: the score of the judge, and below 0 for pairs that a guard refuses, which are never
 * accepted.
 */
export function createPairRanker(
  calibration: CacheCalibration,
): (query: ComparablePrompt, stored: ComparablePrompt, cosine: number) => number {
  const judge = createPairJudge(calibration)
  const rarityOf: RarityOf = rarityLookup(calibration.model.rarity)
  return (query, stored, cosine) => {
    const judgement = judge(query, stored, cosine)
    if (judgement.kind === 'scored') return judgement.score
    return acceptanceScore(calibration.model, measurePair(query, stored, { cosine, rarityOf })) - 1
  }
}
