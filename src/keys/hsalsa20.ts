/** "expand 32-byte k", as four little-endian words. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const
const ROUNDS = 20

/**
 * HSalsa20: 32 bytes of a key of 32 and a block of 16.
 *
 * @see Bernstein: Extending the Salsa20 nonce (2011), section 2
 */
export function hsalsa20(key: Uint8Array, block: Uint8Array): Uint8Array {
  const words = initialWords(key, block)
  for (let round = 0; round < ROUNDS; round += 2) {
    // Columns, then rows.
    for (let start = 0; start < 4; start += 1)
      quarterRound(words, [5 * start, (5 * start + 4) % 16, (5 * start + 8) % 16, (5 * start + 12) % 16])
    for (let start = 0; start < 4; start += 1) {
      const row = 4 * start
      quarterRound(words, [row + start, row + ((start + 1) % 4), row + ((start + 2) % 4), row + ((start + 3) % 4)])
    }
  }
  const out = new Uint8Array(32)
  const view = new DataView(out.buffer)
  for (const [index, word] of [0, 5, 10, 15, 6, 7, 8, 9].entries()) view.setUint32(4 * index, words[word] ?? 0, true)
  words.fill(0)
  return out
}

function initialWords(key: Uint8Array, block: Uint8Array): Uint32Array {
  const keyWord = wordsOf(key)
  const blockWord = wordsOf(block)
  const words = new Uint32Array(16)
  for (let index = 0; index < 4; index += 1) {
    words[5 * index] = SIGMA[index] ?? 0
    words[1 + index] = keyWord(index)
    words[6 + index] = blockWord(index)
    words[11 + index] = keyWord(4 + index)
  }
  return words
}

function wordsOf(bytes: Uint8Array): (index: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (index) => view.getUint32(4 * index, true)
}

function quarterRound(words: Uint32Array, [a, b, c, d]: readonly [number, number, number, number]): void {
  words[b] = wordAt(words, b) ^ rotated(wordAt(words, a) + wordAt(words, d), 7)
  words[c] = wordAt(words, c) ^ rotated(wordAt(words, b) + wordAt(words, a), 9)
  words[d] = wordAt(words, d) ^ rotated(wordAt(words, c) + wordAt(words, b), 13)
  words[a] = wordAt(words, a) ^ rotated(wordAt(words, d) + wordAt(words, c), 18)
}

function wordAt(words: Uint32Array, index: number): number {
  return words[index] ?? 0
}

function rotated(sum: number, bits: number): number {
  return (sum << bits) | ((sum >>> 0) >>> (32 - bits))
}
