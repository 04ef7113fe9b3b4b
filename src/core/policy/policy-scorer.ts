import { scoreBatch, type FeatureBatch, type LinearModel } from '../kernels/linear-model.ts'
import { createFeatureEncoder, type EncodedTask, type FeatureEncoder } from './encode-features.ts'
import { createNeighbourScorer } from './neighbour-model.ts'
import type { PolicyArtefact } from './policy-artefact.ts'
import { estimateVariance } from './policy-uncertainty.ts'
import { createFeatureExtractor, type FeatureExtractor, type PromptFeatures } from './prompt-features.ts'
import { USD_UNITS, quantilesOf } from './quantile-models.ts'

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
 * Scores prompts with an artefact. The router, `POST /v1/policy/decide`, training and the evaluation call this one object, so what was measured
 * is what is served. One call at a time; deterministic to the last bit.
 */
export type PolicyScorer = {
  readonly artefact: PolicyArtefact
  /** Features of a prompt as one row; overwritten by the next call. */
  encode(prompt: string): EncodedTask
  /** The same for features that were extracted already. */
  encodeFeatures(features: PromptFeatures): EncodedTask
  /** The dense part alone, of raw features in the order of `PROMPT_FEATURES`. Throws `RangeError` for another number of them. */
  encodeRaw(raw: Float64Array): EncodedTask
  /** Scores of an encoded row. The arrays are the caller's. Without its text a row is scored by the linear models, whatever the family. */
  scoreEncoded(task: EncodedTask): PolicyScores
  score(prompt: string): PolicyScores
  /** Scores of a task whose text was not kept, from its raw features: the dense part of the models. */
  scoreFeatures(raw: Float64Array): PolicyScores
  /** Score of an encoded row that ranks prompts. Throws `TypeError` without a pair. */
  gainOfEncoded(task: EncodedTask): number
  /** How much the strong model is expected to gain over the weak one. Throws `TypeError` without a pair. */
  scoreGain(prompt: string): number
  /** The same with the weak model's answer in view. Throws `TypeError` without a cascade. */
  scoreGainAfter(prompt: string, answer: string): number
  /** P(right) of an answer that candidate `cascade.of` gave; `undefined` without a cascade. */
  answerSuccess(prompt: string, answer: string): number | undefined
  /** Expected dollars per candidate, never negative; `undefined` when the training data had no costs. */
  expectedUsd(prompt: string): Float64Array | undefined
  expectedUsdOf(task: FeatureBatch): Float64Array | undefined
  /** Milliseconds, `[quantile][candidate]`, in the order of `artefact.latency.quantiles`, not falling; `undefined` when no latencies were learned. */
  latencyQuantiles(prompt: string): readonly Float64Array[] | undefined
  latencyQuantilesOf(task: FeatureBatch): readonly Float64Array[] | undefined
  /** Dollars, `[quantile][candidate]`, in the order of `artefact.usdQuantiles.quantiles`, not falling; `undefined` when none were learned. */
  usdQuantiles(prompt: string): readonly Float64Array[] | undefined
  usdQuantilesOf(task: FeatureBatch): readonly Float64Array[] | undefined
  /** Variance of each candidate's estimate, x' C x over the dense part of a row; `undefined` where the artefact does not hold it. */
  uncertaintyOf(task: FeatureBatch): Float64Array | undefined
}

export type PolicyScorerInit = { readonly artefact: PolicyArtefact; readonly extractor?: FeatureExtractor }

/** Scores prompts with a trained policy, in TypeScript. */
export function createPolicyScorer({ artefact, extractor = createFeatureExtractor() }: PolicyScorerInit): PolicyScorer {
  const { recipe, cascade } = artefact
  const encoder = createFeatureEncoder({ recipe, extractor })
  const estimator = createEstimator(artefact)
  const scoreEncoded = (task: EncodedTask): PolicyScores => {
    const { raw, success } = estimator.estimate(task)
    return { raw, success, gain: artefact.pair === undefined ? undefined : gainOf(artefact, raw) }
  }
  const gainOfEncoded = (task: EncodedTask): number => gainOf(artefact, estimator.raw(task))
  const costs = costScores(artefact)
  const answerEncoder =
    cascade === undefined ? undefined : createFeatureEncoder({ recipe, response: cascade.response, extractor })
  const scratch = new Float64Array(artefact.candidates.length)
  const encode = (prompt: string): EncodedTask => encoder.encode(prompt)
  const encodeRaw = (raw: Float64Array): EncodedTask => encoder.encodeRaw(raw)
  return {
    artefact,
    encode,
    encodeFeatures: (features) => encoder.encodeFeatures(features),
    encodeRaw,
    scoreEncoded,
    score: (prompt) => scoreEncoded(encode(prompt)),
    scoreFeatures: (raw) => scoreEncoded(encodeRaw(raw)),
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
    ...costs,
    expectedUsd: (prompt) => (artefact.usd === undefined ? undefined : costs.expectedUsdOf(encode(prompt))),
    latencyQuantiles: (prompt) =>
      artefact.latency === undefined ? undefined : costs.latencyQuantilesOf(encode(prompt)),
    usdQuantiles: (prompt) => (artefact.usdQuantiles === undefined ? undefined : costs.usdQuantilesOf(encode(prompt))),
    uncertaintyOf: (task) =>
      artefact.uncertainty === undefined ? undefined : estimateVariance(artefact.uncertainty, task),
  }
}

type CostScores = Pick<PolicyScorer, 'expectedUsdOf' | 'latencyQuantilesOf' | 'usdQuantilesOf'>

function costScores({ usd, latency, usdQuantiles }: PolicyArtefact): CostScores {
  return {
    expectedUsdOf: (task) =>
      usd === undefined ? undefined : scoresOf(usd, task, 'raw').map((value) => (value > 0 ? value : 0)),
    latencyQuantilesOf: (task) => (latency === undefined ? undefined : quantilesOf(latency, task, 1)),
    usdQuantilesOf: (task) => (usdQuantiles === undefined ? undefined : quantilesOf(usdQuantiles, task, USD_UNITS)),
  }
}

/** Chances of success by the artefact's family. */
type Estimator = {
  estimate(task: EncodedTask): Pick<PolicyScores, 'raw' | 'success'>
  /** Raw estimates; overwritten by the next call. */
  raw(task: EncodedTask): Float64Array
}

function createEstimator({ success, neighbours }: PolicyArtefact): Estimator {
  const scratch = new Float64Array(success.modelCount)
  const linear: Estimator = {
    estimate: (task) => ({ raw: scoresOf(success, task, 'raw'), success: scoresOf(success, task, 'sigmoid') }),
    raw(task) {
      scoreBatch(success, task, { kind: 'raw', out: scratch })
      return scratch
    },
  }
  if (neighbours === undefined) return linear
  const scorer = createNeighbourScorer(neighbours)
  return {
    estimate(task) {
      if (task.text === undefined) return linear.estimate(task)
      const raw = scorer.estimate(task.text)
      return { raw, success: scorer.calibrate(raw) }
    },
    raw: (task) => (task.text === undefined ? linear.raw(task) : scorer.estimate(task.text)),
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
