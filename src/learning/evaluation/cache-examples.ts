import { hashText } from '../../core/text/question-tokens.ts'
import type { CalibrationExample } from '../../core/cache/calibrate-acceptance.ts'
import { comparablePrompt, lengthRefusal, pairForm, type ComparablePrompt } from '../../core/cache/comparable-prompt.ts'
import { measurePair } from '../../core/cache/pair-features.ts'
import { eligibilityRefusal } from '../../core/cache/prompt-eligibility.ts'
import type { PromptForm } from '../../core/cache/prompt-form.ts'
import { guardRefusal } from '../../core/cache/similarity-guards.ts'
import { createRarityCounter, type RarityCounter } from '../../core/cache/count-rarity.ts'
import type { EmbeddingModel } from '../../ports/embedding-model.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'
import { linkQuestions, type QuestionLinks, type QuestionPairFile } from './question-pairs.ts'

export type CacheExamplesInit = {
  readonly kernel: Pick<VectorKernel, 'createVectorIndex'>
  readonly embedder: EmbeddingModel
  /** Nearest entries looked at per lookup, and the least cosine: what the calibration will make the cache do. */
  readonly candidates: number
  readonly cosineMin: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (done: number, total: number) => void
}

export type CacheExamples = {
  readonly examples: readonly CalibrationExample[]
  readonly exactHits: Readonly<Record<PromptForm, number>>
  readonly rarity: Uint8Array
}

/** Texts embedded in one call of an embedder that has to ask a model. */
const EMBEDDING_BATCH = 256

/**
 * Plays the training files as the cache will be used: every distinct `a` of a file is stored, every `b` is looked up, and each candidate
 * that a lookup meets and no guard refuses becomes an example. Files are stores of their own.
 */
export async function collectCacheExamples(
  files: readonly QuestionPairFile[],
  init: CacheExamplesInit,
): Promise<CacheExamples> {
  const comparables = new Map<string, ComparablePrompt>()
  const rarity = createRarityCounter()
  for (const { name, pairs } of files) {
    const groupOf = groupsOf(name, linkQuestions(pairs))
    for (const text of new Set(pairs.flatMap(({ a, b }) => [a, b]))) {
      const comparable = comparables.get(text) ?? comparablePrompt(text)
      comparables.set(text, comparable)
      rarity.add(comparable.tokens, groupOf(text))
    }
  }
  const collector: Collector = {
    init,
    comparables,
    rarity,
    examples: [],
    exactHits: { question: 0, statement: 0 },
    lookups: 0,
  }
  const total = files.reduce((sum, { pairs }) => sum + pairs.length, 0)
  for (const file of files) await collectFile(collector, file, total)
  return { examples: collector.examples, exactHits: collector.exactHits, rarity: rarity.table() }
}

type Collector = {
  readonly init: CacheExamplesInit
  readonly comparables: ReadonlyMap<string, ComparablePrompt>
  readonly rarity: RarityCounter
  readonly examples: CalibrationExample[]
  readonly exactHits: Record<PromptForm, number>
  lookups: number
}

async function collectFile(collector: Collector, { name, pairs }: QuestionPairFile, total: number): Promise<void> {
  const { init, comparables } = collector
  const stored = [...new Set(pairs.map(({ a }) => a))]
  const isStored = new Set(stored)
  const links = linkQuestions(pairs)
  const groupOf = groupsOf(name, links)
  const index = init.kernel.createVectorIndex({
    dims: init.embedder.dimensions,
    capacityMax: Math.max(1, stored.length),
  })
  const comparedTexts = stored.filter((text) => eligibilityRefusal(text) === undefined)
  await forEachVector(comparedTexts, init, (at, vector) => {
    if (vector.some((value) => value !== 0)) index.add(at, vector)
  })
  const asked = pairs.map(({ b }) => b)
  await forEachVector(asked, init, (at, vector) => {
    const query = asked[at] ?? ''
    const comparable = comparables.get(query)
    collector.lookups += 1
    if (collector.lookups % 1_000 === 0) init.onProgress?.(collector.lookups, total)
    if (comparable === undefined) return
    if (isStored.has(query)) {
      collector.exactHits[comparable.form] += 1
      return
    }
    if (eligibilityRefusal(query) !== undefined) return
    const queryGroup = groupOf(query)
    for (const { id, score } of index.search(vector, init.candidates)) {
      if (score < init.cosineMin) break
      const candidate = comparedTexts[id] ?? ''
      const storedGroup = groupOf(candidate)
      const example = exampleOf(collector, {
        query: comparable,
        stored: comparables.get(candidate),
        cosine: score,
        queryGroup,
        storedGroup,
      })
      if (example === undefined) continue
      const isRight = links.answerOf(query) === links.answerOf(candidate)
      collector.examples.push({ ...example, lookup: collector.lookups, isRight, queryGroup, storedGroup })
    }
  })
  index.clear()
}

type Candidate = {
  readonly query: ComparablePrompt
  readonly stored: ComparablePrompt | undefined
  readonly cosine: number
  readonly queryGroup: number
  readonly storedGroup: number
}

function exampleOf(
  { rarity }: Collector,
  { query, stored, cosine, queryGroup, storedGroup }: Candidate,
): Pick<CalibrationExample, 'measures' | 'form'> | undefined {
  if (stored === undefined || lengthRefusal(query, stored) !== undefined) return undefined
  const rarityOf = rarity.without(queryGroup, storedGroup)
  const { alignment, values, differences } = measurePair(query, stored, { cosine, rarityOf })
  if (guardRefusal(alignment) !== undefined) return undefined
  return { measures: { values, differences }, form: pairForm(query, stored) }
}

/** A number per group of questions of a file, spread over 32 bits. */
function groupsOf(fileName: string, links: QuestionLinks): (text: string) => number {
  return (text) => hashText(`${fileName}\n${links.groupOf(text)}`)
}

/** Vectors in order, in batches where a model has to be asked. */
async function forEachVector(
  texts: readonly string[],
  { embedder, signal }: CacheExamplesInit,
  use: (at: number, vector: Float32Array) => void,
): Promise<void> {
  for (let start = 0; start < texts.length; start += EMBEDDING_BATCH) {
    signal?.throwIfAborted()
    const { vectors } = await embedder.embed(texts.slice(start, start + EMBEDDING_BATCH), { signal })
    for (const [place, vector] of vectors.entries()) use(start + place, vector)
  }
}
