import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { $init, scoring, texts, vectors } from '../../dist/wasm/browser/core.js'
import { texts as nodeTexts } from '../../dist/wasm/component/core.js'
import { unitVector } from '../wasm/seeded-vectors.ts'

describe('the single file for browsers', () => {
  beforeAll(async () => {
    await $init
  })

  it('imports nothing and fetches nothing: the module is inside', () => {
    const source = readFileSync(new URL('../../dist/wasm/browser/core.js', import.meta.url), 'utf8')
    expect(source).not.toMatch(/\bimport\s*[({'"]|\bfrom\s*['"]|\bfetch\(|\brequire\(|node:/)
    expect(source.length).toBeLessThan(150_000)
  })

  it('gives the results of the component for Node', () => {
    const weights = Float64Array.of(0, 0, 1, 1)
    const words = Float64Array.of(1)
    const text = 'Même résultat, 同じ結果, same result'
    const here = texts.Hasher.create(128, 5, weights, words)
    const there = nodeTexts.Hasher.create(128, 5, weights, words)
    expect(here.embed(text)).toEqual(there.embed(text))
    expect(here.features(text, 12)).toEqual(there.features(text, 12))
    const index = vectors.Index.create(64, 100)
    for (let id = 0; id < 100; id += 1) index.add(id, unitVector(id, 64))
    expect(index.search(unitVector(42, 64), 1)).toMatchObject([{ id: 42 }])
    expect(scoring.expectRoutes(Float64Array.of(0.5, 0.5, 2, 4), Uint32Array.of(0, 1))).toEqual(
      Float64Array.of(2, 4, 0.5, 0.5),
    )
  })
})
