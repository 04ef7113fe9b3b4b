import { createActorSystem } from '../../actors/create-actor-system.ts'
import { assert } from '../../base/assert.ts'
import { DEFAULT_TENANT } from '../../base/identifiers.ts'
import { DAY_MS } from '../../base/time.ts'
import { formatCalibration, parseCalibration, type CacheCalibration } from '../../core/cache/cache-calibration.ts'
import { comparablePrompt } from '../../core/cache/comparable-prompt.ts'
import { createPairRanker } from '../../core/cache/judge-pair.ts'
import { judgeCache, trainCacheCalibration, type JudgedCache } from '../../learning/evaluation/cache.ts'
import { parseQuestionPairs, type QuestionPair } from '../../learning/evaluation/question-pairs.ts'
import type { EmbeddingModel } from '../../ports/embedding-model.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'
import { createHashedEmbedder } from '../../router/cache/hashed-embedder.ts'
import { openSemanticCache } from '../../router/cache/open-semantic-cache.ts'
import type { CacheOutcome, CacheQuery } from '../../router/semantic-cache.ts'
import { createMemoryKeyValueStore } from '../../storage/memory/memory-key-value-store.ts'
import { createSystemClock } from '../system-clock.ts'
import { createSystemTimers } from '../system-timers.ts'
import type { CacheEvaluationInit, CacheReport, DataFile, Evaluated, EvaluationOptions } from '../node-evaluations.ts'
import { nativeSha256Hex } from '../open-answer-cache.ts'

const ANSWERED = {
  toolCalls: [],
  finishReason: 'stop',
  usage: { tokensIn: 0, tokensOut: 0, cachedTokensIn: 0, isEstimated: true },
} as const
const ADMITTED = { modelId: 'evaluation', provider: 'evaluation', isAccepted: true, confidence: 1 } as const

/** The embedder is the one that the calibration will hold for. */
export type CacheEvaluationParts = { readonly kernel: VectorKernel; readonly embedder: EmbeddingModel }

/**
 * Trains a cache calibration and judges it on other pairs, with the very cache that a node runs, over a store in memory. The figures are
 * those of the artefact read back, so what `--save` writes is what was measured.
 *
 * Throws `TRAINING_DATA_INVALID`, and the signal's reason.
 */
export async function evaluateCache(
  { kernel, embedder }: CacheEvaluationParts,
  { train, test, maxWrong }: CacheEvaluationInit,
  { signal, onProgress }: EvaluationOptions = {},
): Promise<Evaluated<CacheReport>> {
  const clock = createSystemClock()
  const openCache = async (calibration: CacheCalibration, entries: number): Promise<JudgedCache> =>
    await openJudgedCache({ kernel, embedder, calibration, entries })
  const components = { clock, kernel, embedder, openCache }
  const following = {
    ...(signal !== undefined && { signal }),
    ...(onProgress !== undefined && {
      onProgress: (stage: string, done: number, total: number): void => onProgress({ stage, done, total }),
    }),
  }
  const files = train.map(({ name, text }) => ({ name, sha256: nativeSha256Hex(text), pairs: pairsOf({ name, text }) }))
  const artefact = formatCalibration(await trainCacheCalibration(components, { train: files, maxWrong, ...following }))
  const report = await judgeCache(components, {
    calibration: parseCalibration(artefact),
    test: pairsOf(test),
    ...following,
  })
  return { report, artefact }
}

function pairsOf({ name, text }: DataFile): readonly QuestionPair[] {
  return parseQuestionPairs(text, name)
}

/** The product's cache with room for `entries` and nobody else's data. */
export async function openJudgedCache({
  kernel,
  embedder = createHashedEmbedder({ kernel }),
  calibration,
  entries,
}: {
  readonly kernel: VectorKernel
  /** Default: the built-in one. */
  readonly embedder?: EmbeddingModel
  readonly calibration: CacheCalibration
  readonly entries: number
}): Promise<JudgedCache> {
  const store = createMemoryKeyValueStore()
  const actors = createActorSystem()
  const cache = await openSemanticCache(
    {
      actors,
      store,
      clock: createSystemClock(),
      timers: createSystemTimers(),
      kernel,
      embedder,
      sha256Hex: nativeSha256Hex,
    },
    { ttlMs: DAY_MS, entriesMax: Math.max(1, entries), bytesMax: Number.MAX_SAFE_INTEGER, calibration },
  )
  const rank = createPairRanker(calibration)
  return {
    store(text) {
      const looked = cache.lookup({ ...bareQuery(text), mode: 'no-read' })
      const admit = ({ ticket }: CacheOutcome): void => {
        cache.admit(ticket, { ...ADMITTED, answer: { ...ANSWERED, text } })
      }
      return looked instanceof Promise ? looked.then(admit) : admit(looked)
    },
    async lookup(text) {
      const outcome = await cache.lookup(bareQuery(text))
      return outcome.kind === 'hit' ? { tier: outcome.tier, text: outcome.entry.answer.text } : undefined
    },
    scorePair(query, stored) {
      const score = (left: Float32Array, right: Float32Array): number =>
        rank(comparablePrompt(query), comparablePrompt(stored), kernel.dot(left, right))
      if (embedder.embedNow !== undefined) return score(embedder.embedNow(query), embedder.embedNow(stored))
      return embedder.embed([query, stored]).then(({ vectors: [left, right] }) => {
        assert(left !== undefined && right !== undefined, 'an embedder gives a vector per text')
        return score(left, right)
      })
    },
    async close() {
      await cache.close()
      await actors.stop()
      await store.close()
    },
  }
}

function bareQuery(text: string): CacheQuery {
  return {
    tenant: DEFAULT_TENANT,
    modelClass: 'kernell',
    request: { messages: [{ role: 'user', content: text }] },
    mode: 'default',
  }
}
