// N-gram hashing. One hasher is a block of memory that the host lays out:
//
//   0      weights       f64 x 16   by kind of n-gram: 1..8 characters, then 1..3 words; 0 = not used
//   128    seed          u32
//   132    gram bits     i32        log2 of the number of gram weights, 0 = none
//   136    count         i32        n-grams of the last text
//   144    word          u8 x 256   the word at hand with a blank on either side
//   400    text          u8 x 16384
//   16784  hashes        i32 x 65536
//   ...    kinds         u8 x 65536
//   ...    gram weights  f32 x 2^bits

const CHAR_GRAM_MAX: i32 = 8
const GRAMS_MAX: i32 = 65536
const WORD_BYTES_MAX: i32 = 254
export const HASHED_BYTES_MAX: i32 = 16384

const FNV_OFFSET: u32 = 0x811c9dc5
const FNV_PRIME: u32 = 0x01000193
const GOLDEN: u32 = 0x9e3779b1
const WORD_SALT: u32 = 0x2545f491
const BLANK: u32 = 0x20

const SEED_AT: usize = 128
const GRAM_BITS_AT: usize = 132
const COUNT_AT: usize = 136
const WORD_AT: usize = 144
const TEXT_AT: usize = 400
const HASHES_AT: usize = 16784
const KINDS_AT: usize = HASHES_AT + <usize>(GRAMS_MAX * 4)
const GRAM_WEIGHTS_AT: usize = KINDS_AT + <usize>GRAMS_MAX

export function hasherBytes(gramBits: i32): usize {
  return GRAM_WEIGHTS_AT + ((<usize>1) << (gramBits + 2))
}

export function hasherTextAt(): usize {
  return TEXT_AT
}

export function hasherGramWeightsAt(): usize {
  return GRAM_WEIGHTS_AT
}

/** Hashes the first `size` bytes of the hasher's text; returns the number of n-grams. */
export function collectGrams(hasher: usize, size: i32): i32 {
  const word = hasher + WORD_AT
  const seed = load<u32>(hasher + SEED_AT)
  let at = hasher + TEXT_AT
  const end = at + <usize>min(size, HASHED_BYTES_MAX)
  store<i32>(hasher + COUNT_AT, 0)
  store<u8>(word, BLANK)
  let previous: u32 = 0
  let beforePrevious: u32 = 0
  let words: i32 = 0
  while (at < end) {
    let length: i32 = 0
    let hash: u32 = seed ^ FNV_OFFSET ^ WORD_SALT
    while (at < end && length < WORD_BYTES_MAX) {
      const byte = foldWordByte(<u32>load<u8>(at))
      if (byte == 0) break
      at += 1
      length += 1
      store<u8>(word + <usize>length, byte)
      hash = (hash ^ byte) * FNV_PRIME
    }
    if (length == 0) {
      at += 1
      continue
    }
    store<u8>(word + <usize>(length + 1), BLANK)
    pushCharGrams(hasher, length + 2)
    words += 1
    pushGram(hasher, hash, CHAR_GRAM_MAX)
    if (words > 1) pushGram(hasher, previous * GOLDEN + hash, CHAR_GRAM_MAX + 1)
    if (words > 2) pushGram(hasher, (beforePrevious * GOLDEN + previous) * GOLDEN + hash, CHAR_GRAM_MAX + 2)
    beforePrevious = previous
    previous = hash
  }
  return load<i32>(hasher + COUNT_AT)
}

/** The byte as it is hashed, or 0 when it ends a word. */
/*@inline*/
function foldWordByte(byte: u32): u32 {
  if (byte >= 0x80 || (byte >= 0x30 && byte <= 0x39)) return byte
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x7a ? lower : 0
}

/** Whether a byte continues a UTF-8 character. */
/*@inline*/
function isContinuation(byte: u32): bool {
  return (byte & 0xc0) == 0x80
}

function pushCharGrams(hasher: usize, size: i32): void {
  const word = hasher + WORD_AT
  const end = word + <usize>size
  const start32 = load<u32>(hasher + SEED_AT) ^ FNV_OFFSET
  for (let start = word; start < end; start++) {
    if (isContinuation(<u32>load<u8>(start))) continue
    let hash = start32
    let characters: i32 = 0
    for (let at = start; at < end; at++) {
      hash = (hash ^ (<u32>load<u8>(at))) * FNV_PRIME
      if (at + 1 < end && isContinuation(<u32>load<u8>(at, 1))) continue
      pushGram(hasher, hash, characters)
      characters += 1
      if (characters == CHAR_GRAM_MAX) break
    }
  }
}

/*@inline*/
function pushGram(hasher: usize, hash: u32, kind: i32): void {
  const count = load<i32>(hasher + COUNT_AT)
  if (count < GRAMS_MAX && load<f64>(hasher + ((<usize>kind) << 3)) != 0) {
    store<u32>(hasher + HASHES_AT + ((<usize>count) << 2), mix(hash + (<u32>(kind + 1)) * GOLDEN))
    store<u8>(hasher + KINDS_AT + <usize>count, kind)
    store<i32>(hasher + COUNT_AT, count + 1)
  }
}

/** Spreads every input bit over all 32. */
/*@inline*/
function mix(hash: u32): u32 {
  hash = (hash ^ (hash >> 16)) * 0x85ebca6b
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35
  return hash ^ (hash >> 16)
}

/** The lowest bit of a hash is the sign; buckets come from the high bits, so the two are independent. */
/*@inline*/
function signedWeight(hasher: usize, at: i32, hash: u32, gramBits: i32): f64 {
  let weight = load<f64>(hasher + ((<usize>load<u8>(hasher + KINDS_AT + <usize>at)) << 3))
  if (gramBits > 0) weight *= <f64>load<f32>(hasher + GRAM_WEIGHTS_AT + ((<usize>(hash >> (32 - gramBits))) << 2))
  return (hash & 1) == 1 ? weight : -weight
}

/** Sums the grams of the last `collectGrams` into `dims` buckets (scratch `sums`, f64) and writes them at unit length to `out` (f32). */
export function embedGrams(hasher: usize, sums: usize, out: usize, dims: i32): void {
  const count = load<i32>(hasher + COUNT_AT)
  const gramBits = load<i32>(hasher + GRAM_BITS_AT)
  memory.fill(sums, 0, (<usize>dims) << 3)
  for (let at = 0; at < count; at++) {
    const hash = load<u32>(hasher + HASHES_AT + ((<usize>at) << 2))
    const bucket = sums + (((<usize>(((<u64>hash) * (<u64>dims)) >> 32))) << 3)
    store<f64>(bucket, load<f64>(bucket) + signedWeight(hasher, at, hash, gramBits))
  }
  let squares: f64 = 0
  for (let i: usize = 0; i < (<usize>dims) << 3; i += 8) squares += load<f64>(sums + i) * load<f64>(sums + i)
  const scale: f64 = squares > 0 ? 1 / sqrt(squares) : 0
  for (let i: usize = 0; i < <usize>dims; i++) store<f32>(out + (i << 2), <f32>(load<f64>(sums + (i << 3)) * scale))
}

/** Length of the table that `mergeGrams` needs for `count` n-grams: the smallest power of two that stays at most half full. */
export function gramTableSize(count: i32): i32 {
  let size: i32 = 16
  while (size < count * 2) size <<= 1
  return size
}

/**
 * Merges the grams of the last `collectGrams` by the top `bits` of their hash; writes indices (u32) and sums (f64) in order of
 * first occurrence and returns their number. `table` has room for `gramTableSize` i32.
 */
export function mergeGrams(hasher: usize, table: usize, indices: usize, values: usize, bits: i32): i32 {
  const grams = load<i32>(hasher + COUNT_AT)
  const gramBits = load<i32>(hasher + GRAM_BITS_AT)
  const size = gramTableSize(grams)
  const mask = <u32>(size - 1)
  memory.fill(table, 0, (<usize>size) << 2)
  let count: i32 = 0
  for (let at = 0; at < grams; at++) {
    const hash = load<u32>(hasher + HASHES_AT + ((<usize>at) << 2))
    const index = hash >> (32 - bits)
    const weight = signedWeight(hasher, at, hash, gramBits)
    let cell = ((index * GOLDEN) >> 8) & mask
    for (;;) {
      const place = load<i32>(table + ((<usize>cell) << 2))
      if (place == 0) {
        store<i32>(table + ((<usize>cell) << 2), count + 1)
        store<u32>(indices + ((<usize>count) << 2), index)
        store<f64>(values + ((<usize>count) << 3), weight)
        count += 1
        break
      }
      if (load<u32>(indices + ((<usize>(place - 1)) << 2)) == index) {
        const value = values + ((<usize>(place - 1)) << 3)
        store<f64>(value, load<f64>(value) + weight)
        break
      }
      cell = (cell + 1) & mask
    }
  }
  return count
}
