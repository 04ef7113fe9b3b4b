import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CACHE_EMBEDDING_DIMS, createCacheHashRecipe } from '../../src/core/cache/cache-hash-recipe.ts'
import { loadWasmKernel } from '../../src/wasm/node-load.ts'
import { readRealTexts } from '../bench/cache/real-texts.ts'

const folder = process.env.KERNELL_DATA ?? '../shared/data'
const hasData = existsSync(folder)
if (!hasData) console.log(`Skipped: lookup among real texts (no evaluation data at ${folder}; set KERNELL_DATA)`)

describe.skipIf(!hasData)('lookup among real texts', () => {
  it('finds the exhaustive nearest of 30,000 for at least 99 % of other texts', async () => {
    const kernel = await loadWasmKernel()
    const { texts, queries } = readRealTexts(folder, { texts: 30_000, queries: 300 })
    const hasher = kernel.createTextHasher({ dims: CACHE_EMBEDDING_DIMS, recipe: createCacheHashRecipe() })
    const index = kernel.createVectorIndex({ dims: CACHE_EMBEDDING_DIMS, capacityMax: texts.length })
    texts.forEach((text, id) => index.add(id, hasher.embed(text)))
    const found = queries.filter((text) => {
      const query = hasher.embed(text)
      const [truth] = index.searchWith(query, 1, { mode: 'exact', candidates: 0, rescored: 1 })
      return index.search(query, 1)[0]?.score === truth?.score
    })
    expect(found.length).toBeGreaterThanOrEqual(0.99 * queries.length)
  }, 60_000)
})
