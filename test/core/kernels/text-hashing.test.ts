import { describe, expect, it } from 'vitest'
import { DEFAULT_HASH_RECIPE, GRAMS_MAX, HASHED_BYTES_MAX } from '../../../src/core/kernels/hash-recipe.ts'
import { createGramHasher } from '../../../src/core/kernels/text-hashing.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

function embed(text: string, dims = 256, recipe = DEFAULT_HASH_RECIPE): Float32Array {
  const out = new Float32Array(dims)
  createGramHasher(recipe).embed(utf8(text), out)
  return out
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)
}

describe('gram hasher', () => {
  it('never changes what a text hashes to: trained weights and stored vectors depend on it', () => {
    const { indices, values } = createGramHasher(DEFAULT_HASH_RECIPE).features(utf8('Hello, wörld'), 16)
    expect([...indices]).toEqual([
      9257, 47936, 25981, 17418, 39305, 27288, 6045, 32800, 11708, 49440, 9160, 5626, 11419, 17265, 8869, 47140, 29903,
      19792, 61227, 48557, 38352, 46284, 36501, 20753, 44652, 11264, 39022,
    ])
    expect([...values].map((value) => (value > 0 ? '+' : '-')).join('')).toBe('+--++-+-+--+++++--++---++-+')
  })

  it('takes the n-grams of a word with one blank on either side', () => {
    const count = (charWeights: number[], wordWeights: number[], text: string): number =>
      createGramHasher({ seed: 1, charWeights, wordWeights }).features(utf8(text), 24).indices.length
    expect(count([0, 0, 1], [], 'cat')).toBe(3) // " ca", "cat", "at "
    expect(count([0, 0, 0, 0, 1], [], 'cat')).toBe(1) // " cat "
    expect(count([0, 0, 0, 0, 0, 1], [], 'cat')).toBe(0)
    expect(count([], [1], 'the cat sat')).toBe(3)
    expect(count([], [0, 1], 'the cat sat')).toBe(2)
    expect(count([], [0, 0, 1], 'the cat sat')).toBe(1)
  })

  it('counts characters, not bytes, beyond ASCII', () => {
    const grams = (text: string): number =>
      createGramHasher({ seed: 1, charWeights: [0, 0, 1], wordWeights: [] }).features(utf8(text), 24).indices.length
    expect(grams('東京都')).toBe(grams('cat'))
    expect(grams('naïve')).toBe(grams('naive'))
  })

  it('ignores case of ASCII letters, punctuation and blanks', () => {
    expect(embed('How do I RESET it?')).toEqual(embed('  how, do i: reset (it)\n'))
  })

  it('gives unit vectors, and zero for a text without words', () => {
    expect(cosine(embed('a text of some words'), embed('a text of some words'))).toBeCloseTo(1, 5)
    expect(embed('?! ... --').every((x) => x === 0)).toBe(true)
    expect(embed('').every((x) => x === 0)).toBe(true)
  })

  it('puts a rewording nearer than another question', () => {
    const question = embed('How can I reset my password?')
    expect(cosine(question, embed('How do I reset the password?'))).toBeGreaterThan(0.5)
    expect(cosine(question, embed('What is the tallest mountain in Peru?'))).toBeLessThan(0.25)
  })

  it('weighs grams by the top bits of their hash when asked to', () => {
    const silent = { ...DEFAULT_HASH_RECIPE, gramWeights: new Float32Array(64) }
    expect(embed('every gram weighs nothing', 256, silent).every((x) => x === 0)).toBe(true)
  })

  it('reads a bounded prefix and takes a bounded number of grams', () => {
    const long = 'abcdefgh '.repeat(4_000)
    expect(embed(long)).toEqual(embed(long.slice(0, HASHED_BYTES_MAX)))
    const all = { seed: 1, charWeights: [1, 1, 1, 1, 1, 1, 1, 1], wordWeights: [1, 1, 1] }
    const { values } = createGramHasher(all).features(utf8(long), 1)
    expect(values.reduce((sum, value) => sum + Math.abs(value), 0)).toBeLessThanOrEqual(GRAMS_MAX)
  })

  it('refuses recipes out of range', () => {
    const make = (changes: object) => () => createGramHasher({ ...DEFAULT_HASH_RECIPE, ...changes })
    expect(make({ charWeights: [1, 1, 1, 1, 1, 1, 1, 1, 1] })).toThrow(RangeError)
    expect(make({ wordWeights: [1, 1, 1, 1] })).toThrow(RangeError)
    expect(make({ wordWeights: [Number.NaN] })).toThrow(RangeError)
    expect(make({ seed: -1 })).toThrow(RangeError)
    expect(make({ gramWeights: new Float32Array(3) })).toThrow(RangeError)
  })
})
