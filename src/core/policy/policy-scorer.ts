import { scoreBatch, type FeatureBatch, type LinearModel } from '../kernels/linear-model.ts'
import { createFeatureEncoder, type FeatureEncoder } from './encode-features.ts'
import type { PolicyArtefact } from './policy-artefact.ts'
import { createFeatureExtractor, type FeatureExtractor, type PromptFeatures } from './prompt-features.ts'

/** What a trained policy says of one prompt. */
export type PolicyScores = {
  /** P(right answer) per candidate of the artefact, calibrated. */
  readonly success: Float64Array
  /** Raw linear estimate per candidate. */
  readonly raw: Float64Array
  /** Raw score of the strong minus the weak candidate; `undefined` without a pair. */
  readonly gain: number | undefined
}

/**
 * Scores prompts with an artefact. The router, `POST /v1/policy/decide` and the evaluation call this one object, so what was measured is
 * what is served. One call at a time; deterministic to the last bit.
 */
export type PolicyScorer = {
  readonly artefact: PolicyArtefact
  /** Features of a prompt as one row; overwritten by the next call. */
  encode(prompt: string): FeatureBatch
  /** The same for features that were extracted already. */
  encodeFeatures(features: PromptFeatures): FeatureBatch
  /** Scores of an encoded row. The arrays are the caller's. */
  scoreEncoded(batch: FeatureBatch): PolicyScores
  score(prompt: string): PolicyScores
  /** Score of an encoded row that ranks prompts. Throws `TypeError` without a pair. */
  gainOfEncoded(batch: FeatureBatch): number
  /** How much the strong model is expected to gain over the weak one. Throws `TypeError` without a pair. */
  scoreGain(prompt: string): number
  /** The same with the weak model's answer in view. Throws `TypeError` without a cascade. */
  scoreGainAfter(prompt: string, answer: string): number
  /** P(right) of an answer that candidate `cascade.of` gave; `undefined` without a cascade. */
  answerSuccess(prompt: string, answer: string): number | undefined
  /** Expected dollars per candidate, never negative; `undefined` when the training data had no costs. */
  expectedUsd(prompt: string): Float64Array | undefined
}

export type PolicyScorerInit = { readonly artefact: PolicyArtefact; readonly extractor?: FeatureExtractor }

/** Scores prompts with a trained policy, in TypeScript. */
export function createPolicyScorer({ artefact, extractor = createFeatureExtractor() }: PolicyScorerInit): PolicyScorer {
  const { recipe, success, cascade, usd } = artefact
  const encoder = createFeatureEncoder({ recipe, extractor })
  const answerEncoder =
    cascade === undefined ? undefined : createFeatureEncoder({ recipe, response: cascade.response, extractor })
  const scratch = new Float64Array(artefact.candidates.length)
  const encode = (prompt: string): FeatureBatch => encoder.encode(prompt)
  const scoreEncoded = (batch: FeatureBatch): PolicyScores => {
    const raw = scoresOf(success, batch, 'raw')
    return {
      raw,
      success: scoresOf(success, batch, 'sigmoid'),
      gain: artefact.pair === undefined ? undefined : gainOf(artefact, raw),
    }
  }
  const gainOfEncoded = (batch: FeatureBatch): number => {
    scoreBatch(success, batch, { kind: 'raw', out: scratch })
    return gainOf(artefact, scratch)
  }
  return {
    artefact,
    encode,
    encodeFeatures: (features) => encoder.encodeFeatures(features),
    scoreEncoded,
    score: (prompt) => scoreEncoded(encode(prompt)),
    gainOfEncoded,
    scoreGain: (prompt) => gainOfEncoded(encode(prompt)),
    scoreGainAfter(prompt: string, answer: string): number {
      const { model, batch } = withAnswer(artefact, answerEncoder, { prompt, answer })
      scoreBatch(model, batch, { kind: 'raw', out: scratch })
      return gainOf(artefact, scratch)
    },
    answerSuccess(prompt: string, answer: string): number | undefined {
      if (cascade === undefined) return undefined
      const { model, batch } = withAnswer(artefact, answerEncoder, { prompt, answer })
      return scoresOf(model, batch, 'sigmoid')[cascade.of]
    },
    expectedUsd(prompt: string): Float64Array | undefined {
      if (usd === undefined) return undefined
      return scoresOf(usd, encode(prompt), 'raw').map((value) => (value > 0 ? value : 0))
    },
  }
}

function gainOf({ pair }: PolicyArtefact, raw: Float64Array): number {
  if (pair === undefined) throw new TypeError('The policy has no pair of a strong and a weak model')
  return (raw[pair.strong] ?? 0) - (raw[pair.weak] ?? 0)
}

function scoresOf(model: LinearModel, batch: FeatureBatch, kind: 'raw' | 'sigmoid'): Float64Array {
  const out = new Float64Array(model.modelCount)
  scoreBatch(model, batch, { kind, out })
  return out
}

function withAnswer(
  { cascade }: PolicyArtefact,
  encoder: FeatureEncoder | undefined,
  { prompt, answer }: { readonly prompt: string; readonly answer: string },
): { readonly model: LinearModel; readonly batch: FeatureBatch } {
  if (cascade === undefined || encoder === undefined) throw new TypeError('The policy has no part that reads answers')
  return { model: cascade.success, batch: encoder.encode(prompt, answer) }
}
