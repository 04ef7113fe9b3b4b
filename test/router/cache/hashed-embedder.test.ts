import { describe, expect, it } from 'vitest'
import {
  CACHE_EMBEDDER_ID,
  CACHE_EMBEDDING_DIMS,
  createCacheHashRecipe,
} from '../../../src/core/cache/cache-hash-recipe.ts'
import { FUNCTION_WORDS } from '../../../src/core/text/function-words.ts'
import { createHashedEmbedder } from '../../../src/router/cache/hashed-embedder.ts'
import { EMBEDDING_MODEL_CASES } from '../../../src/testing/conformance/embedding-model-cases.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'

const kernels = { TypeScript: createTypeScriptKernel(), WebAssembly: await loadWasmKernel() }

describe.each(Object.entries(kernels))('the built-in embedder over %s', (_, kernel) => {
  const embedder = createHashedEmbedder({ kernel })

  it.each(EMBEDDING_MODEL_CASES)('$name', async ({ run }) => {
    await run(embedder)
  })

  const cosine = (one: string, other: string): number => kernel.dot(embedder.embedNow(one), embedder.embedNow(other))

  it('puts another wording nearer than another subject in the same words of grammar', () => {
    const question = 'How do I learn to play the guitar?'
    expect(cosine(question, 'What is the way to learn guitar playing?')).toBeGreaterThan(
      cosine(question, 'How do I forget to pay the rent?'),
    )
  })

  it('makes no difference between cases and punctuation', () => {
    expect(cosine('what is a monad', 'What is a MONAD?!')).toBeCloseTo(1, 6)
  })
})

describe('the recipe', () => {
  it('gives the same bits in both kernels', () => {
    const [one, other] = Object.values(kernels).map((kernel) => createHashedEmbedder({ kernel }))
    for (const text of ['', 'How do I learn?', 'Что такое ёлка? 什么', 'a'.repeat(5_000), ...FUNCTION_WORDS]) {
      expect(one?.embedNow(text)).toEqual(other?.embedNow(text))
    }
  })

  it('is the one that its name stands for', () => {
    // A change of any of these makes calibrations wrong that name the embedder: change the name too.
    const { seed, charWeights, wordWeights, gramWeights } = createCacheHashRecipe()
    const lowered = gramWeights?.filter((weight) => weight < 1).length
    expect({
      id: CACHE_EMBEDDER_ID,
      dims: CACHE_EMBEDDING_DIMS,
      seed,
      charWeights,
      wordWeights,
      size: gramWeights?.length,
      lowered,
    }).toEqual({
      id: 'hashed-grams-128-v1',
      dims: 128,
      seed: 0x6b65726e,
      charWeights: [0, 0, 0.6],
      wordWeights: [1, 0.2],
      size: 65_536,
      lowered: 259,
    })
  })
})
