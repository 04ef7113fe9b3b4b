/**
 * EmbeddingModel: texts to vectors whose cosine says how alike they are. Adapters implement it for HTTP servers and local weights; the
 * built-in hashed n-gram embedder implements it without a model. It does not search, cache or normalise by itself unless it says so.
 */
import type { AbortOptions } from './abort-options.ts'

/** What came of the texts of one `embed`. Vectors compare only with those of a model with the same `id`. */
export type EmbeddedTexts = {
  /** One vector per text, in order, each `dimensions` long, of length 1 unless the text is empty (then all zeros). */
  readonly vectors: readonly Float32Array[]
  /** Tokens read, as the provider counted them; 0 where counting has no meaning. */
  readonly tokensIn: number
}

/** Turns texts into vectors whose cosine says how alike the texts are. Whoever needs the vectors again keeps them. */
export interface EmbeddingModel {
  /** Registry id of the model. Vectors of different ids are not comparable. */
  readonly id: string
  /** True when texts are shown to somebody outside of this node. Absent: they are not. */
  readonly leavesNode?: boolean
  /** Length of every vector, 1 or more. */
  readonly dimensions: number
  /**
   * Embeds texts, one or more.
   *
   * Throws as `LanguageModel.doGenerate` does, and the signal's reason when aborted.
   */
  embed(texts: readonly string[], options?: AbortOptions): Promise<EmbeddedTexts>
  /**
   * The vector of one text at once, where no model has to be asked; the same as `embed` gives. Absent where embedding takes waiting.
   */
  embedNow?(text: string): Float32Array
}
