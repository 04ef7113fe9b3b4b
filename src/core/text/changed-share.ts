/** Words of the differing middle of each text that are compared at most; 8,192 against 8,192 take about twenty milliseconds. */
export const CHANGED_WORDS_MAX = 8192

/** Words, numbers and single marks; white space does not count. */
const WORD = /[\p{L}\p{N}_]+|[^\p{L}\p{N}_\s]/gu

/**
 * How much of a text was changed: 1 - 2 L / (n + m), L being the words that both have in order (a longest common subsequence), n and m the
 * words of each. 0: nothing was; 1: no word is left.
 *
 * @returns `undefined` when more than `CHANGED_WORDS_MAX` words of either differ.
 */
export function changedShare(original: string, edited: string): number | undefined {
  const first = original.match(WORD) ?? []
  const second = edited.match(WORD) ?? []
  const total = first.length + second.length
  if (total === 0) return 0
  let start = 0
  while (start < first.length && start < second.length && first[start] === second[start]) start += 1
  let end = 0
  while (end < Math.min(first.length, second.length) - start && first.at(-1 - end) === second.at(-1 - end)) end += 1
  const middle = first.slice(start, first.length - end)
  const other = second.slice(start, second.length - end)
  if (middle.length > CHANGED_WORDS_MAX || other.length > CHANGED_WORDS_MAX) return undefined
  return 1 - (2 * (start + end + commonLength(middle, other))) / total
}

const BITS = 32
const CARRY = 4_294_967_296

/**
 * Length of a longest common subsequence, 32 places of `first` at a time: bit i of the row is 0 where the length grows at place i.
 *
 * @see Crochemore, Iliopoulos, Pinzon, Reid, "A fast and practical bit-vector algorithm for the longest common subsequence problem" (2001)
 */
function commonLength(first: readonly string[], second: readonly string[]): number {
  if (first.length === 0 || second.length === 0) return 0
  const size = Math.ceil(first.length / BITS)
  const places = new Map<string, Uint32Array>()
  for (const [at, word] of first.entries()) {
    let mask = places.get(word)
    if (mask === undefined) {
      mask = new Uint32Array(size)
      places.set(word, mask)
    }
    const cell = Math.floor(at / BITS)
    mask[cell] = (mask[cell] ?? 0) | (1 << (at % BITS))
  }
  const row = new Uint32Array(size).fill(CARRY - 1)
  for (const word of second) {
    const mask = places.get(word)
    if (mask !== undefined) advance(row, mask)
  }
  return countZeros(row, first.length)
}

/** row = (row + (row & mask)) | (row & ~mask), with the carry from one cell to the next. */
function advance(row: Uint32Array, mask: Uint32Array): void {
  let carry = 0
  for (let cell = 0; cell < row.length; cell += 1) {
    const bits = row[cell] ?? 0
    const matching = (bits & (mask[cell] ?? 0)) >>> 0
    const sum = bits + matching + carry
    carry = sum >= CARRY ? 1 : 0
    row[cell] = sum | (bits & ~(mask[cell] ?? 0))
  }
}

function countZeros(row: Uint32Array, length: number): number {
  let zeros = 0
  for (let at = 0; at < length; at += 1) {
    const bits = row[Math.floor(at / BITS)] ?? 0
    zeros += ((bits >>> (at % BITS)) & 1) ^ 1
  }
  return zeros
}
