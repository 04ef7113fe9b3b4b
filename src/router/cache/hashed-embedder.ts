import { CACHE_EMBEDDER_ID, CACHE_EMBEDDING_DIMS, createCacheHashRecipe } from '../../core/cache/cache-hash-recipe.ts'
import type { EmbeddingModel } from '../../ports/embedding-model.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'

/**
 * The built-in embedder: hashed n-grams, no weights, a few microseconds a question. It knows words, not meanings; what it finds near is
 * judged by the calibrated scorer.
 */
export function createHashedEmbedder({
  kernel,
}: {
  readonly kernel: Pick<VectorKernel, 'createTextHasher'>
}): EmbeddingModel & { embedNow(text: string): Float32Array } {
  const hasher = kernel.createTextHasher({ dims: CACHE_EMBEDDING_DIMS, recipe: createCacheHashRecipe() })
  const embedNow = (text: string): Float32Array => hasher.embed(text)
  return {
    id: CACHE_EMBEDDER_ID,
    dimensions: CACHE_EMBEDDING_DIMS,
    embedNow,
    async embed(texts, options) {
      options?.signal?.throwIfAborted()
      return { vectors: texts.map(embedNow), tokensIn: 0 }
    },
  }
}
