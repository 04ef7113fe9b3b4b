type Entry<Item> = { readonly dueAt: number; readonly sequence: number; readonly item: Item }

const SWEEP_SIZE_MIN = 64

/**
 * Things with a due time, soonest first, and in the order they were added when due together: a binary heap. Nothing is
 * removed by hand: who takes a thing out is given only what is still wanted, and the heap is swept when it has doubled.
 */
export class DueQueue<Item> {
  /** No entry is due after the two at twice its place plus one and two. */
  #heap: Entry<Item>[] = []
  readonly #isWanted: (item: Item) => boolean
  #added = 0
  #sizeAfterSweep = 0

  constructor(isWanted: (item: Item) => boolean) {
    this.#isWanted = isWanted
  }

  get size(): number {
    return this.#heap.length
  }

  /** Due time of the soonest thing, wanted or not. */
  get nextDueAt(): number | undefined {
    return this.#heap[0]?.dueAt
  }

  add(dueAt: number, item: Item): void {
    this.#added += 1
    this.#heap.push({ dueAt, sequence: this.#added, item })
    this.#rise(this.#heap.length - 1)
    if (this.#heap.length > SWEEP_SIZE_MIN && this.#heap.length > 2 * this.#sizeAfterSweep) this.#sweep()
  }

  /** Takes out the soonest thing that is due at `now` and still wanted. */
  takeDue(now: number): Item | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.dueAt > now) return undefined
      this.#removeFirst()
      if (this.#isWanted(first.item)) return first.item
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink()
  }

  /** A sorted list is a heap. */
  #sweep(): void {
    this.#heap = this.#heap.filter(({ item }) => this.#isWanted(item)).sort((left, right) => compare(left, right))
    this.#sizeAfterSweep = this.#heap.length
  }

  #rise(from: number): void {
    let index = from
    while (index > 0 && this.#isBefore(index, (index - 1) >> 1)) {
      this.#swap(index, (index - 1) >> 1)
      index = (index - 1) >> 1
    }
  }

  #sink(): void {
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const sooner = this.#isBefore(left + 1, left) ? left + 1 : left
      if (!this.#isBefore(sooner, index)) return
      this.#swap(index, sooner)
      index = sooner
    }
  }

  #isBefore(left: number, right: number): boolean {
    const one = this.#heap[left]
    const other = this.#heap[right]
    return one !== undefined && other !== undefined && compare(one, other) < 0
  }

  #swap(left: number, right: number): void {
    const one = this.#heap[left]
    const other = this.#heap[right]
    if (one === undefined || other === undefined) return
    this.#heap[left] = other
    this.#heap[right] = one
  }
}

function compare(left: Entry<unknown>, right: Entry<unknown>): number {
  return left.dueAt - right.dueAt || left.sequence - right.sequence
}
