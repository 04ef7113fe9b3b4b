const OFFSET_ONE = 0x811c9dc5
const OFFSET_TWO = 0x9e3779b9
const PRIME = 0x01000193

/**
 * A running hash of what happened, 64 bits in two lanes. Equal runs have equal ones; it tells runs apart and proves nothing to anybody who wants to deceive.
 *
 * @see FNV-1a by words (Fowler, Noll, Vo), the second lane with the finalizer of MurmurHash3 (Appleby 2011)
 */
export class Fingerprint {
  private one = OFFSET_ONE
  private two = OFFSET_TWO
  private readonly words = new Map<string, number>()

  /** A whole number, of which the lower 53 bits count. */
  addNumber(value: number): void {
    this.addWord(value >>> 0)
    if (value > 0xffffffff || value < 0) this.addWord(Math.floor(value / 0x100000000) >>> 0)
  }

  addText(text: string): void {
    const known = this.words.get(text)
    if (known !== undefined) return this.addWord(known)
    const word = wordOf(text)
    // Kinds and names come again and again; what does not is not remembered for ever.
    if (this.words.size < 4_096) this.words.set(text, word)
    this.addWord(word)
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return [this.one, this.two].map((lane) => finish(lane).toString(16).padStart(8, '0')).join('')
  }

  private addWord(word: number): void {
    this.one = Math.imul(this.one ^ word, PRIME)
    this.two = Math.imul((this.two << 13) | (this.two >>> 19), 5) ^ finish(word)
  }
}

function wordOf(text: string): number {
  let word = OFFSET_ONE
  for (let at = 0; at < text.length; at += 1) word = Math.imul(word ^ text.charCodeAt(at), PRIME)
  return word >>> 0
}

function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
