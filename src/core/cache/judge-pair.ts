import { questionTokens, TOKENS_MAX, type QuestionToken } from '../text/question-tokens.ts'
import { acceptanceScore, rarityLookup } from './acceptance-model.ts'
import type { CacheCalibration } from './cache-calibration.ts'
import { measurePair, type RarityOf } from './pair-features.ts'
import { promptForm, type PromptForm } from './prompt-form.ts'
import { guardRefusal, type GuardRefusal } from './similarity-guards.ts'

/** A prompt as the similarity tier compares it; made once per text. */
export type ComparablePrompt = {
  readonly text: string
  readonly tokens: readonly QuestionToken[]
  readonly form: PromptForm
}

export type PairJudgement =
  | { readonly kind: 'scored'; readonly score: number; readonly isAccepted: boolean }
  | { readonly kind: 'guarded'; readonly guard: GuardRefusal | 'too-many-words' | 'no-words' }

/** Reads a text for comparison. */
export function comparablePrompt(text: string): ComparablePrompt {
  const tokens = questionTokens(text)
  return { text, tokens, form: promptForm(text, tokens) }
}

/** Judges whether a stored answer may be given for a query; the one place where the similarity tier decides. */
export type PairJudge = (query: ComparablePrompt, stored: ComparablePrompt, cosine: number) => PairJudgement

/** A judge by a calibration. */
export function createPairJudge(calibration: CacheCalibration): PairJudge {
  const rarityOf: RarityOf = rarityLookup(calibration.model.rarity)
  const { question, statement } = calibration.thresholds
  return (query, stored, cosine) => {
    const refused = lengthRefusal(query, stored)
    if (refused !== undefined) return { kind: 'guarded', guard: refused }
    const measures = measurePair(query.tokens, stored.tokens, { cosine, rarityOf })
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
    return acceptanceScore(calibration.model, measurePair(query.tokens, stored.tokens, { cosine, rarityOf })) - 1
  }
}

/** A pair is a question only when both are. */
export function pairForm(query: ComparablePrompt, stored: ComparablePrompt): PromptForm {
  return query.form === 'question' && stored.form === 'question' ? 'question' : 'statement'
}

/** Texts without a word cannot be compared, and neither can those with more words than are looked at. */
export function lengthRefusal(
  query: ComparablePrompt,
  stored: ComparablePrompt,
): 'too-many-words' | 'no-words' | undefined {
  if (query.tokens.length > TOKENS_MAX || stored.tokens.length > TOKENS_MAX) return 'too-many-words'
  return query.tokens.length === 0 || stored.tokens.length === 0 ? 'no-words' : undefined
}
