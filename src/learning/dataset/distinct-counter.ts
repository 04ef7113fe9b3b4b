const DISTINCT_KEPT = 4096

/**
 * Counts different hashes: the smallest 4,096 of them are kept, and how far they reach tells how many there are (k minimum values, Bar-Yossef et
 * al. 2002; standard error 1 / sqrt(k) = 1.6 %). Exact below. Hashes are hexadecimal; other texts are counted by their own hash.
 */
export class DistinctCounter {
  readonly #kept = new Set<number>()
  #largest = Number.POSITIVE_INFINITY

  add(text: string): void {
    const place = placeOf(text)
    if (place >= this.#largest || this.#kept.has(place)) return
    this.#kept.add(place)
    if (this.#kept.size <= DISTINCT_KEPT * 2) return
    const smallest = [...this.#kept].toSorted((a, b) => a - b).slice(0, DISTINCT_KEPT)
    this.#kept.clear()
    for (const one of smallest) this.#kept.add(one)
    this.#largest = (smallest.at(-1) ?? 0) + Number.EPSILON / 4
  }

  get count(): number {
    if (this.#largest === Number.POSITIVE_INFINITY) return this.#kept.size
    const smallest = [...this.#kept].toSorted((a, b) => a - b)
    return Math.round((DISTINCT_KEPT - 1) / (smallest[DISTINCT_KEPT - 1] ?? 1))
  }
}

const MIX = 0x9e3779b1

/** A place in [0, 1) with 52 random bits: two 26-bit halves of mixed sums over the text. */
function placeOf(text: string): number {
  let high = 0x811c9dc5
  let low = 0x01000193
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    high = Math.imul(high ^ unit, MIX)
    high ^= high >>> 15
    low = Math.imul(low + unit, 0x85ebca6b)
    low ^= low >>> 13
  }
  return ((mixed(high) >>> 6) * 67_108_864 + (mixed(low) >>> 6)) / 4_503_599_627_370_496
}

function mixed(word: number): number {
  let value = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  value = Math.imul(value ^ (value >>> 15), 0x735a2d97)
  return value ^ (value >>> 15)
}
