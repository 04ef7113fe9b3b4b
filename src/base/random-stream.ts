/**
 * A seeded stream of draws (xoshiro128**, Blackman and Vigna 2018; state seeded by SplitMix32).
 * The same seed gives the same draws on every machine. Not for secrets.
 */
export type RandomStream = {
  /** A whole number 0..2^32-1. */
  nextUint32(): number
  /** A number 0 <= x < 1 with 32 random bits. */
  nextUnit(): number
  /** A whole number 0..bound-1; `bound` 1..2^32. Without modulo bias. */
  nextBelow(bound: number): number
}

/** Starts a stream from a whole number. */
export function createRandomStream(seed: number): RandomStream {
  const state = new Uint32Array(4)
  let mixed = seed >>> 0
  for (let index = 0; index < 4; index += 1) {
    mixed = (mixed + 0x9e3779b9) >>> 0
    let word = mixed
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    state[index] = word ^ (word >>> 15)
  }
  const nextUint32 = (): number => step(state)
  const nextBelow = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > 4_294_967_296)
      throw new RangeError(`Bound out of range: ${bound}`)
    const limit = 4_294_967_296 - (4_294_967_296 % bound)
    for (;;) {
      const draw = nextUint32()
      if (draw < limit) return draw % bound
    }
  }
  return { nextUint32, nextUnit: () => nextUint32() / 4_294_967_296, nextBelow }
}

/** Shuffles in place (Fisher and Yates) and returns the same array. */
export function shuffle<Item>(items: Item[], random: RandomStream): Item[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = random.nextBelow(last + 1)
    const kept = items[last] as Item
    items[last] = items[other] as Item
    items[other] = kept
  }
  return items
}

function step(state: Uint32Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = state
  const product = Math.imul(b, 5)
  const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
  const shifted = b << 9
  const nextC = c ^ a
  const nextD = d ^ b
  state[1] = b ^ nextC
  state[0] = a ^ nextD
  state[2] = nextC ^ shifted
  state[3] = (nextD << 11) | (nextD >>> 21)
  return result
}
