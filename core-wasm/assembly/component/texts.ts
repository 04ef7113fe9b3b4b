import * as e from './errors'
import { RETURN_AREA, allocate, areFinite64, freeList, release } from './memory'
import { HASHED_BYTES_MAX, collectGrams, embedGrams, gramTableSize, hasherBytes, hasherTextAt, mergeGrams } from '../text-hashing'

/*@external("[export]kernell:core/texts@0.1.0", "[resource-new]hasher")*/
declare function newHandle(rep: usize): i32

// hasher block (u32 each)   0 dims   4 gram hasher   8 sums

const BLOCK_BYTES: usize = 16
const DIMS_MAX: u32 = 4096
const WEIGHTS_BYTES: usize = 128

// @wit kernell:core/texts@0.1.0#[static]hasher.create
export function textsHasherCreate(dims: u32, seed: u32, chars: usize, charCount: i32, words: usize, wordCount: i32): usize {
  const error = checkRecipe(dims, chars, charCount, words, wordCount)
  const block = error == e.NO_ERROR ? makeHasher(dims, seed) : 0
  if (block != 0) {
    const grams = <usize>load<u32>(block, 4)
    memory.copy(grams, chars, (<usize>charCount) << 3)
    memory.copy(grams + 64, words, (<usize>wordCount) << 3)
  }
  freeList(chars, charCount)
  freeList(words, wordCount)
  if (error != e.NO_ERROR) return e.failed(error, 4)
  return block == 0 ? e.failed(e.OUT_OF_MEMORY, 4) : e.succeededWithHandle(newHandle(block))
}

function checkRecipe(dims: u32, chars: usize, charCount: i32, words: usize, wordCount: i32): i32 {
  if (dims < 2 || dims > DIMS_MAX) return e.DIMS_OUT_OF_RANGE
  if (charCount > 8 || wordCount > 3) return e.WRONG_LENGTH
  return areFinite64(chars, charCount) && areFinite64(words, wordCount) ? e.NO_ERROR : e.NOT_FINITE
}

function makeHasher(dims: u32, seed: u32): usize {
  const block = allocate(BLOCK_BYTES)
  const grams = allocate(hasherBytes(0))
  const sums = allocate((<usize>dims) << 3)
  if (block == 0 || grams == 0 || sums == 0) {
    if (block != 0) release(block, BLOCK_BYTES)
    if (grams != 0) release(grams, hasherBytes(0))
    if (sums != 0) release(sums, (<usize>dims) << 3)
    return 0
  }
  memory.fill(grams, 0, WEIGHTS_BYTES + 16)
  store<u32>(grams, seed, 128)
  store<u32>(block, dims)
  store<u32>(block, <u32>grams, 4)
  store<u32>(block, <u32>sums, 8)
  return block
}

// @wit kernell:core/texts@0.1.0#[dtor]hasher
export function textsHasherDrop(block: usize): void {
  release(<usize>load<u32>(block, 4), hasherBytes(0))
  release(<usize>load<u32>(block, 8), (<usize>load<u32>(block)) << 3)
  release(block, BLOCK_BYTES)
}

/** Hashes the text, cut at a character border, and frees it; returns the number of n-grams. */
function hashText(block: usize, text: usize, length: i32): i32 {
  let size = min(length, HASHED_BYTES_MAX)
  if (size < length) {
    while (size > 0 && ((<i32>load<u8>(text + <usize>size)) & 0xc0) == 0x80) size--
  }
  const grams = <usize>load<u32>(block, 4)
  memory.copy(grams + hasherTextAt(), text, <usize>size)
  freeList(text, length)
  return collectGrams(grams, size)
}

// @wit kernell:core/texts@0.1.0#[method]hasher.embed
export function textsHasherEmbed(block: usize, text: usize, length: i32): usize {
  hashText(block, text, length)
  const dims = load<i32>(block)
  const out = heap.alloc((<usize>dims) << 2)
  embedGrams(<usize>load<u32>(block, 4), <usize>load<u32>(block, 8), out, dims)
  store<usize>(RETURN_AREA, out)
  store<i32>(RETURN_AREA, dims, 4)
  return RETURN_AREA
}

// @wit cabi_post_kernell:core/texts@0.1.0#[method]hasher.embed
export function textsHasherEmbedPost(result: usize): void {
  freeList(<usize>load<u32>(result), load<i32>(result, 4))
}

// @wit kernell:core/texts@0.1.0#[method]hasher.features
export function textsHasherFeatures(block: usize, text: usize, length: i32, bits: u32): usize {
  if (bits < 1 || bits > 24) {
    freeList(text, length)
    return e.failed(e.INDEX_OUT_OF_RANGE, 4)
  }
  const grams = hashText(block, text, length)
  const table = heap.alloc((<usize>gramTableSize(grams)) << 2)
  const indices = heap.alloc((<usize>(grams + 1)) << 2)
  const values = heap.alloc((<usize>(grams + 1)) << 3)
  const count = mergeGrams(<usize>load<u32>(block, 4), table, indices, values, <i32>bits)
  heap.free(table)
  store<usize>(RETURN_AREA, values, 12)
  store<i32>(RETURN_AREA, count, 16)
  return e.succeededWithList(indices, count)
}

// @wit cabi_post_kernell:core/texts@0.1.0#[method]hasher.features
export function textsHasherFeaturesPost(result: usize): void {
  if (load<u8>(result) != 0) return
  heap.free(<usize>load<u32>(result, 4))
  heap.free(<usize>load<u32>(result, 12))
}
