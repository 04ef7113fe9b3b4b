import { CHAR_GRAM_MAX, GRAMS_MAX, HASHED_BYTES_MAX, WORD_BYTES_MAX, gramWeightBits, weightsOf } from './hash-recipe.ts'
import type { HashRecipe } from './hash-recipe.ts'

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193
const GOLDEN = 0x9e3779b1
const WORD_SALT = 0x2545f491
const BLANK = 0x20

/** Sparse features: `indices[i]` (unsigned, below 2^bits) has the signed weight `values[i]`; each index occurs once, in order of first occurrence. */
export type SparseFeatures = { readonly indices: Uint32Array; readonly values: Float64Array }

/**
 * Plain TypeScript twin of the hashing kernel: same n-grams, same hashes, same sums in the same order, hence the same bits.
 *
 * Words are runs of ASCII letters, digits and bytes above 0x7f; ASCII letters are folded to lower case. An n-gram of
 * characters starts and ends at UTF-8 character borders and sees one blank at either end of its word.
 * The object owns scratch space: one call at a time.
 */
export type GramHasher = {
  /** Adds the signed n-gram weights into `out.length` buckets (2 or more) and scales to unit length; all zero for a text without words. */
  embed(utf8: Uint8Array, out: Float32Array): void
  /** Hashed features in 2^bits buckets, 1 <= bits <= 24. Values are sums of signed weights, not normalised. */
  features(utf8: Uint8Array, bits: number): SparseFeatures
}

type Grams = {
  readonly weights: Float64Array
  readonly gramWeights: Float32Array | undefined
  readonly gramShift: number
  readonly seed: number
  readonly word: Uint8Array
  readonly hashes: Int32Array
  readonly kinds: Uint8Array
  count: number
}

/** Throws `RangeError` for a recipe out of range. */
export function createGramHasher(recipe: HashRecipe): GramHasher {
  const bits = gramWeightBits(recipe)
  const grams: Grams = {
    weights: weightsOf(recipe),
    gramWeights: bits > 0 ? recipe.gramWeights : undefined,
    gramShift: 32 - bits,
    seed: recipe.seed | 0,
    word: new Uint8Array(WORD_BYTES_MAX + 2),
    hashes: new Int32Array(GRAMS_MAX),
    kinds: new Uint8Array(GRAMS_MAX),
    count: 0,
  }
  let sums = new Float64Array(0)
  let table = new Int32Array(0)
  return {
    embed(utf8: Uint8Array, out: Float32Array): void {
      if (sums.length < out.length) sums = new Float64Array(out.length)
      collectGrams(grams, utf8)
      sumInto(grams, sums, out)
    },
    features(utf8: Uint8Array, indexBits: number): SparseFeatures {
      if (!Number.isInteger(indexBits) || indexBits < 1 || indexBits > 24)
        throw new RangeError(`bits must be 1 to 24, not ${indexBits}`)
      collectGrams(grams, utf8)
      const size = tableSize(grams.count)
      if (table.length < size) table = new Int32Array(size)
      table.fill(0, 0, size)
      return mergeFeatures(grams, table.subarray(0, size), indexBits)
    },
  }
}

/** Smallest power of two that keeps the table at most half full. */
function tableSize(count: number): number {
  let size = 16
  while (size < count * 2) size *= 2
  return size
}

function collectGrams(grams: Grams, utf8: Uint8Array): void {
  const end = Math.min(utf8.length, HASHED_BYTES_MAX)
  const { word } = grams
  grams.count = 0
  word[0] = BLANK
  let previous = 0
  let beforePrevious = 0
  let words = 0
  let at = 0
  while (at < end) {
    let size = 0
    let hash = grams.seed ^ FNV_OFFSET ^ WORD_SALT
    while (at < end && size < WORD_BYTES_MAX) {
      const byte = foldWordByte(utf8[at] ?? 0)
      if (byte === 0) break
      at += 1
      size += 1
      word[size] = byte
      hash = Math.imul(hash ^ byte, FNV_PRIME)
    }
    if (size === 0) {
      at += 1
      continue
    }
    word[size + 1] = BLANK
    pushCharGrams(grams, size + 2)
    words += 1
    pushGram(grams, hash, CHAR_GRAM_MAX)
    if (words > 1) pushGram(grams, Math.imul(previous, GOLDEN) + hash, CHAR_GRAM_MAX + 1)
    if (words > 2)
      pushGram(grams, Math.imul(Math.imul(beforePrevious, GOLDEN) + previous, GOLDEN) + hash, CHAR_GRAM_MAX + 2)
    beforePrevious = previous
    previous = hash
  }
}

/** The byte as it is hashed, or 0 when it ends a word. */
function foldWordByte(byte: number): number {
  if (byte >= 0x80) return byte
  if (byte >= 0x30 && byte <= 0x39) return byte
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x7a ? lower : 0
}

function pushCharGrams(grams: Grams, size: number): void {
  const { word, weights } = grams
  for (let start = 0; start < size; start += 1) {
    if (((word[start] ?? 0) & 0xc0) === 0x80) continue
    let hash = grams.seed ^ FNV_OFFSET
    let characters = 0
    for (let at = start; at < size; at += 1) {
      hash = Math.imul(hash ^ (word[at] ?? 0), FNV_PRIME)
      if (at + 1 < size && ((word[at + 1] ?? 0) & 0xc0) === 0x80) continue
      if (weights[characters] !== 0) pushGram(grams, hash, characters)
      characters += 1
      if (characters === CHAR_GRAM_MAX) break
    }
  }
}

function pushGram(grams: Grams, hash: number, kind: number): void {
  if (grams.count === GRAMS_MAX || grams.weights[kind] === 0) return
  grams.hashes[grams.count] = mix(hash + Math.imul(kind + 1, GOLDEN))
  grams.kinds[grams.count] = kind
  grams.count += 1
}

/** Spreads every input bit over all 32 (multiply and shift, constants of MurmurHash3's finaliser). */
function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** The lowest bit is the sign; the bucket comes from the high bits, so the two are independent. */
function signedWeight(grams: Grams, at: number): number {
  const hash = grams.hashes[at] ?? 0
  let weight = grams.weights[grams.kinds[at] ?? 0] ?? 0
  if (grams.gramWeights !== undefined) weight *= grams.gramWeights[hash >>> grams.gramShift] ?? 0
  return (hash & 1) === 1 ? weight : -weight
}

function sumInto(grams: Grams, sums: Float64Array, out: Float32Array): void {
  const dims = out.length
  for (let i = 0; i < dims; i += 1) sums[i] = 0
  for (let at = 0; at < grams.count; at += 1) {
    const bucket = Math.floor((((grams.hashes[at] ?? 0) >>> 0) * dims) / 4294967296)
    sums[bucket] = (sums[bucket] ?? 0) + signedWeight(grams, at)
  }
  let squares = 0
  for (let i = 0; i < dims; i += 1) squares += (sums[i] ?? 0) * (sums[i] ?? 0)
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
  for (let i = 0; i < dims; i += 1) out[i] = (sums[i] ?? 0) * scale
}

/** `table` holds, by open addressing with linear steps, 1 + the place of an index in the output; 0 = free. */
function mergeFeatures(grams: Grams, table: Int32Array, bits: number): SparseFeatures {
  const indices = new Uint32Array(grams.count)
  const values = new Float64Array(grams.count)
  const mask = table.length - 1
  let count = 0
  for (let at = 0; at < grams.count; at += 1) {
    const hash = grams.hashes[at] ?? 0
    const index = hash >>> (32 - bits)
    let cell = (Math.imul(index, GOLDEN) >>> 8) & mask
    for (;;) {
      const place = table[cell] ?? 0
      if (place === 0) {
        table[cell] = count + 1
        indices[count] = index
        values[count] = signedWeight(grams, at)
        count += 1
        break
      }
      if (indices[place - 1] === index) {
        values[place - 1] = (values[place - 1] ?? 0) + signedWeight(grams, at)
        break
      }
      cell = (cell + 1) & mask
    }
  }
  return { indices: indices.slice(0, count), values: values.slice(0, count) }
}
