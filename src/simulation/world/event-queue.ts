/** What is to happen, and what of it is recorded. */
export type WorldEvent = {
  /** What it is, for traces and the hash: `timer`, `net question`, `disk`. */
  readonly kind: string
  readonly run: () => void
  /** Whom it befalls; absent: the world. */
  readonly address?: string
  /** What comes with it: bytes, or any data. */
  readonly payload?: unknown
  /** It does not happen when its owner has died. */
  readonly owner?: { readonly isAlive: boolean }
  /** It begins nothing that goes on in promises, so that nobody has to wait for microtasks behind it. Default false. */
  readonly isSync?: boolean
}

/** One thing that is to happen. `tie` orders what is due at one instant, `order` what has equal ties. */
export class ScheduledEvent {
  readonly dueMs: number
  readonly what: WorldEvent
  tie = 0
  order = 0
  isCancelled = false
  private readonly queue: EventQueue
  private isQueued = false

  constructor(queue: EventQueue, dueMs: number, what: WorldEvent) {
    this.queue = queue
    this.dueMs = dueMs
    this.what = what
  }

  enter(tie: number, order: number): void {
    this.tie = tie
    this.order = order
    this.isQueued = true
    this.queue.push(this)
  }

  /** Idempotent. */
  cancel(): void {
    if (this.isQueued) this.queue.cancel(this)
    else this.isCancelled = true
  }
}

/** Children of a node: four of them lie in one line of the cache, and the tree is half as deep as with two. */
const CHILDREN = 4
/** So many cancelled events are left where they are. */
const CANCELLED_MIN = 64

/** What is to happen, the first at the top of a heap. Cancelled events are dropped where they come up, or all at once where they are more than half. */
export class EventQueue {
  private heap: ScheduledEvent[] = []
  private cancelled = 0

  /** Events that will happen. */
  get size(): number {
    return this.heap.length - this.cancelled
  }

  push(event: ScheduledEvent): void {
    this.heap.push(event)
    this.rise(this.heap.length - 1)
  }

  cancel(event: ScheduledEvent): void {
    if (event.isCancelled) return
    event.isCancelled = true
    this.cancelled += 1
    if (this.cancelled > CANCELLED_MIN && 2 * this.cancelled > this.heap.length) this.sweep()
  }

  /** The first event; `undefined` where there is none. */
  peek(): ScheduledEvent | undefined {
    while (this.heap[0]?.isCancelled === true) {
      this.cancelled -= 1
      this.dropFirst()
    }
    return this.heap[0]
  }

  /** Takes the first event out. One that was taken out and is cancelled afterwards counts as cancelled for nobody. */
  pop(): ScheduledEvent | undefined {
    const first = this.peek()
    if (first === undefined) return undefined
    this.dropFirst()
    first.isCancelled = true
    return first
  }

  private dropFirst(): void {
    const last = this.heap.pop()
    if (last === undefined || this.heap.length === 0) return
    this.heap[0] = last
    this.sink(0)
  }

  private sweep(): void {
    this.heap = this.heap.filter(({ isCancelled }) => !isCancelled)
    this.cancelled = 0
    for (let at = Math.floor((this.heap.length - 2) / CHILDREN); at >= 0; at -= 1) this.sink(at)
  }

  private rise(from: number): void {
    const { heap } = this
    const event = heap[from] as ScheduledEvent
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 2
      const above = heap[parent] as ScheduledEvent
      if (isBefore(above, event)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  private sink(from: number): void {
    const { heap } = this
    const event = heap[from] as ScheduledEvent
    let at = from
    for (;;) {
      const child = this.firstChild(at)
      const below = heap[child]
      if (below === undefined || isBefore(event, below)) break
      heap[at] = below
      at = child
    }
    heap[at] = event
  }

  /** Of the children of a node, the one that comes first; a place behind the end where there is none. */
  private firstChild(at: number): number {
    const { heap } = this
    const first = CHILDREN * at + 1
    const end = Math.min(first + CHILDREN, heap.length)
    let best = first
    for (let child = first + 1; child < end; child += 1)
      if (isBefore(heap[child] as ScheduledEvent, heap[best] as ScheduledEvent)) best = child
    return best
  }
}

function isBefore(one: ScheduledEvent, other: ScheduledEvent): boolean {
  if (one.dueMs !== other.dueMs) return one.dueMs < other.dueMs
  return one.tie === other.tie ? one.order < other.order : one.tie < other.tie
}
