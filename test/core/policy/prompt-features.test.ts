import { describe, expect, it } from 'vitest'
import { difficultyIndex } from '../../../src/core/policy/difficulty-index.ts'
import { PROMPT_FEATURES, createFeatureExtractor } from '../../../src/core/policy/prompt-features.ts'

const extractor = createFeatureExtractor()

function feature(prompt: string, name: string): number {
  return extractor.extract(prompt).dense[PROMPT_FEATURES.indexOf(name)] ?? Number.NaN
}

const RECOMBINED =
  'Who acts wrongly?\nA. Wrong, Wrong\nB. Wrong, Not wrong\nC. Not wrong, Wrong\nD. Not wrong, Not wrong'
const DISTINCT = 'Who was first?\nA. Armstrong\nB. Gagarin\nC. Shepard\nD. Leonov'

describe('features of a prompt', () => {
  it('are finite, one per name, and named once', () => {
    const { dense } = extractor.extract(RECOMBINED)
    expect(dense.length).toBe(PROMPT_FEATURES.length)
    expect(new Set(PROMPT_FEATURES).size).toBe(PROMPT_FEATURES.length)
    for (const prompt of ['', ' ', 'a', '?', '\n\n', '漢字漢字', RECOMBINED]) {
      expect(extractor.extract(prompt).dense.every((value) => Number.isFinite(value))).toBe(true)
    }
  })

  it('do not depend on the prompts before', () => {
    const first = extractor.extract(DISTINCT).dense.slice()
    extractor.extract(RECOMBINED)
    extractor.extract('x '.repeat(3000))
    expect(extractor.extract(DISTINCT).dense).toEqual(first)
    expect(createFeatureExtractor().extract(DISTINCT).dense).toEqual(first)
  })

  it('see options that recombine the same words', () => {
    expect(feature(RECOMBINED, 'optionOverlap')).toBe(1)
    expect(feature(DISTINCT, 'optionOverlap')).toBe(0)
    expect(feature(RECOMBINED, 'optionDistinctShare')).toBeLessThan(0.3)
    expect(feature(RECOMBINED, 'optionFirstShared')).toBe(1)
  })

  it('rate compound options above distinct ones of equal length', () => {
    const compound = difficultyIndex(extractor.extract(RECOMBINED).dense)
    const plain = difficultyIndex(extractor.extract(DISTINCT.padEnd(RECOMBINED.length)).dense)
    expect(compound).toBeGreaterThan(plain + 1)
  })
})
