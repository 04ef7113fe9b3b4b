import { shuffle, type RandomStream } from '../../base/random-stream.ts'

/** An even sample of a stream of unknown length (reservoir sampling, algorithm R, Vitter 1985). */
export class Reservoir<Item> {
  readonly #max: number
  readonly #random: RandomStream
  readonly #items: Item[] = []
  #seen = 0

  constructor(max: number, random: RandomStream) {
    this.#max = max
    this.#random = random
  }

  add(item: Item): void {
    this.#seen += 1
    if (this.#items.length < this.#max) this.#items.push(item)
    else {
      const place = this.#random.nextBelow(Math.min(this.#seen, 4_294_967_296))
      if (place < this.#max) this.#items[place] = item
    }
  }

  get seenCount(): number {
    return this.#seen
  }

  /** The sample in a drawn order: its first items are an even sample, too. */
  drawn(): readonly Item[] {
    return shuffle([...this.#items], this.#random)
  }
}
