import type { CacheCalibration } from '../../core/cache/cache-calibration.ts'
import { calibrateAcceptance } from '../../core/cache/calibrate-acceptance.ts'
import { TRAINING_STEPS } from '../../core/cache/train-acceptance.ts'
import { CodedError } from '../../base/errors.ts'
import { rankingQuality } from '../../core/cache/ranking-quality.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EmbeddingModel } from '../../ports/embedding-model.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'
import { collectCacheExamples } from './cache-examples.ts'
import { linkQuestions, type QuestionPair, type QuestionPairFile } from './question-pairs.ts'

/** The cache of the product, filled and asked with bare prompts of one tenant. The composition root opens it; nothing here knows how it decides. */
export type JudgedCache = {
  /** Stores `text` as an accepted answer to itself. */
  store(text: string): Promise<void> | void
  /** The stored text that was served, and by which tier; `undefined` on a miss. */
  lookup(text: string): Promise<ServedText | undefined> | ServedText | undefined
  /** Final score of the similarity tier for a pair, guards included; higher is more alike. */
  scorePair(query: string, stored: string): Promise<number> | number
  close(): Promise<void>
}

export type ServedText = { readonly tier: 'exact' | 'similar'; readonly text: string }

/** What training and judging a calibration of the cache need from outside. The calibration holds for this embedder alone, whose id it names. */
export type CacheEvaluationComponents = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly kernel: Pick<VectorKernel, 'createVectorIndex'>
  readonly embedder: EmbeddingModel
  /** Opens an empty cache with room for `entries`. */
  readonly openCache: (calibration: CacheCalibration, entries: number) => Promise<JudgedCache>
}

/** Question pairs that a calibration of the cache is learned from, and how often the cache may be wrong with it. */
export type CacheTrainingInit = {
  readonly train: readonly QuestionPairFile[]
  /** Largest share of wrong hits among all hits, above 0 and below 1. */
  readonly maxWrong: number
  /** Confidence with which the bound is to hold on data not trained on. Default 0.9. */
  readonly confidence?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (stage: 'collect' | 'train' | 'store' | 'look up', done: number, total: number) => void
}

/** Figures by the names of the command's JSON. */
export type CacheFigures = {
  readonly requests: number
  readonly hits: number
  readonly wrong: number
  readonly hit_rate: number
  readonly wrong_rate: number
  readonly recall: number
  readonly exact_hits: number
  readonly similar_hits: number
  readonly similar_wrong: number
  readonly similar_recall: number
  readonly us_per_lookup: number
  readonly pair_auc: number
}

/** Least cosine of a candidate, and how many are judged: on real pairs 94 % of right entries are among ten, and below this cosine none is ever accepted. */
const CANDIDATES = 10
const COSINE_MIN = 0.75
const CONFIDENCE_DEFAULT = 0.9

/**
 * Trains a calibration on question pairs. Throws `TRAINING_DATA_INVALID` when the files give nothing to learn from: no pair that is alike
 * in words and right, or none that is wrong.
 */
export async function trainCacheCalibration(
  components: CacheEvaluationComponents,
  init: CacheTrainingInit,
): Promise<CacheCalibration> {
  const { embedder, kernel } = components
  const { train, maxWrong, confidence = CONFIDENCE_DEFAULT, signal, onProgress } = init
  if (!(maxWrong > 0 && maxWrong < 1)) throw new RangeError(`maxWrong must be above 0 and below 1, not ${maxWrong}`)
  const { examples, exactHits, rarity } = await collectCacheExamples(train, {
    embedder,
    kernel,
    candidates: CANDIDATES,
    cosineMin: COSINE_MIN,
    signal,
    onProgress: (done, total) => onProgress?.('collect', done, total),
  })
  const fitted = calibrateAcceptance(examples, {
    rarity,
    exactHits,
    maxWrong,
    confidence,
    onStep: (step) => onProgress?.('train', step, TRAINING_STEPS),
  })
  if (fitted === undefined) {
    throw new CodedError('TRAINING_DATA_INVALID', {
      message: 'The training files hold no similar pairs of both kinds, right and wrong',
    })
  }
  return {
    embedderId: embedder.id,
    candidates: CANDIDATES,
    cosineMin: COSINE_MIN,
    maxWrong,
    confidence,
    ...fitted,
    lineage: {
      sources: train.map(({ name, sha256, pairs }) => ({ name, sha256, pairs: pairs.length })),
      examples: examples.length,
      exactHits: exactHits.question + exactHits.statement,
    },
  }
}

/**
 * Judges a calibration on pairs: every distinct `a` is stored, then every `b` is looked up, in order. A hit is right when its entry and
 * the query are the same text or joined by duplicate pairs of the file.
 */
export async function judgeCache(
  { clock, openCache }: Pick<CacheEvaluationComponents, 'clock' | 'openCache'>,
  {
    calibration,
    test,
    signal,
    onProgress,
  }: { readonly calibration: CacheCalibration; readonly test: readonly QuestionPair[] } & Pick<
    CacheTrainingInit,
    'signal' | 'onProgress'
  >,
): Promise<CacheFigures> {
  const stored = [...new Set(test.map(({ a }) => a))]
  const cache = await openCache(calibration, stored.length)
  try {
    for (const [at, text] of stored.entries()) {
      const storing = cache.store(text)
      if (storing instanceof Promise) await storing
      if (at % 1_000 === 0) await yieldTo(signal, () => onProgress?.('store', at, stored.length))
    }
    const served: (ServedText | undefined)[] = []
    let spentMs = 0
    for (const [at, { b }] of test.entries()) {
      if (at % 1_000 === 0) await yieldTo(signal, () => onProgress?.('look up', at, test.length))
      const startedMs = clock.monotonicMs()
      const found = cache.lookup(b)
      served.push(found instanceof Promise ? await found : found)
      spentMs += clock.monotonicMs() - startedMs
    }
    const scores: number[] = []
    for (const { a, b } of test) {
      const score = cache.scorePair(b, a)
      scores.push(typeof score === 'number' ? score : await score)
    }
    const pairAuc = rankingQuality(
      scores,
      test.map(({ isDuplicate }) => isDuplicate),
    )
    return {
      ...countHits(test, stored, served),
      us_per_lookup: (spentMs * 1_000) / Math.max(1, test.length),
      pair_auc: pairAuc,
    }
  } finally {
    await cache.close()
  }
}

function countHits(
  test: readonly QuestionPair[],
  stored: readonly string[],
  served: readonly (ServedText | undefined)[],
): Omit<CacheFigures, 'us_per_lookup' | 'pair_auc'> {
  const links = linkQuestions(test)
  const isStored = new Set(stored)
  const storedAnswers = new Set(stored.map((text) => links.answerOf(text)))
  const count = { hits: 0, wrong: 0, exact: 0, similar: 0, similarWrong: 0, answerable: 0, similarAnswerable: 0 }
  for (const [at, { b }] of test.entries()) {
    const answer = links.answerOf(b)
    if (storedAnswers.has(answer)) {
      count.answerable += 1
      if (!isStored.has(b)) count.similarAnswerable += 1
    }
    const hit = served[at]
    if (hit === undefined) continue
    const isWrong = hit.text !== b && links.answerOf(hit.text) !== answer
    count.hits += 1
    if (isWrong) count.wrong += 1
    if (hit.text === b) {
      count.exact += 1
      continue
    }
    count.similar += 1
    if (isWrong) count.similarWrong += 1
  }
  return {
    requests: test.length,
    hits: count.hits,
    wrong: count.wrong,
    hit_rate: share(count.hits, test.length),
    wrong_rate: share(count.wrong, count.hits),
    recall: share(count.hits - count.wrong, count.answerable),
    exact_hits: count.exact,
    similar_hits: count.similar,
    similar_wrong: count.similarWrong,
    similar_recall: share(count.similar - count.similarWrong, count.similarAnswerable),
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

async function yieldTo(signal: AbortSignal | undefined, report: () => void): Promise<void> {
  signal?.throwIfAborted()
  report()
  await Promise.resolve()
}
