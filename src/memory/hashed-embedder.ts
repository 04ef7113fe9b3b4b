import { createCacheHashRecipe } from '../core/cache/cache-hash-recipe.ts'
import { DEFAULT_EMBEDDING_DIMS } from '../core/kernels/hash-recipe.ts'
import type { EmbeddingModel } from '../ports/embedding-model.ts'
import type { VectorKernel } from '../ports/vector-kernel.ts'

/**
 * The embedder of a memory without a model: hashed words and character trigrams, offline, a few microseconds a text. It
 * knows words, not meanings: what is linked is found where it is not said in the same words.
 */
export function createHashedEmbedder(kernel: Pick<VectorKernel, 'createTextHasher'>): EmbeddingModel {
  const hasher = kernel.createTextHasher({ dims: DEFAULT_EMBEDDING_DIMS, recipe: createCacheHashRecipe() })
  const embedNow = (text: string): Float32Array => hasher.embed(text)
  return {
    id: `hashed-grams-${DEFAULT_EMBEDDING_DIMS}-v1`,
    dimensions: DEFAULT_EMBEDDING_DIMS,
    embedNow,
    async embed(texts, options) {
      options?.signal?.throwIfAborted()
      return { vectors: texts.map(embedNow), tokensIn: 0 }
    },
  }
}
