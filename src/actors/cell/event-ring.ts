/**
 * A first-in first-out queue in one array of a power of two, which doubles when it is full. The messages of a cell behind
 * the one in its slot; bounds are the cell's matter.
 *
 * ```
 *   items  [ c d . . . . a b ]      head = 6, size = 4
 * ```
 */
export class EventRing<Item> {
  items: (Item | undefined)[]
  head = 0
  size = 0

  constructor(capacity: number) {
    this.items = emptyItems(capacity)
  }

  push(item: Item): void {
    if (this.size === this.items.length) this.grow()
    this.items[(this.head + this.size) & (this.items.length - 1)] = item
    this.size += 1
  }

  /** Puts `item` before all others. */
  unshift(item: Item): void {
    if (this.size === this.items.length) this.grow()
    this.head = (this.head + this.items.length - 1) & (this.items.length - 1)
    this.items[this.head] = item
    this.size += 1
  }

  /** What `shift` would take out. */
  peek(): Item | undefined {
    return this.items[this.head]
  }

  shift(): Item | undefined {
    if (this.size === 0) return undefined
    const item = this.items[this.head]
    // A message must not live on in the slot it left.
    this.items[this.head] = undefined
    this.head = (this.head + 1) & (this.items.length - 1)
    this.size -= 1
    return item
  }

  private grow(): void {
    const { items, head, size } = this
    const larger = emptyItems<Item>(items.length * 2)
    for (let index = 0; index < size; index += 1) larger[index] = items[(head + index) & (items.length - 1)]
    this.items = larger
    this.head = 0
  }
}

/** Filled at once: `Array.from` asks for each element, which costs more than the copy when a ring grows. */
function emptyItems<Item>(capacity: number): (Item | undefined)[] {
  const items: (Item | undefined)[] = []
  items.length = capacity
  return items.fill(undefined)
}

const CAPACITY_FIRST = 4
/** Rings up to this size are kept for the next cell that needs one. */
const CAPACITY_KEPT = 1_024
const KEPT_MAX = 256

/** Rings that nobody uses: a cell has one only while more than one message waits. */
export class RingPool<Item> {
  readonly #free: EventRing<Item>[] = []

  get(): EventRing<Item> {
    return this.#free.pop() ?? new EventRing(CAPACITY_FIRST)
  }

  give(ring: EventRing<Item>): void {
    if (ring.items.length <= CAPACITY_KEPT && this.#free.length < KEPT_MAX) this.#free.push(ring)
  }
}
