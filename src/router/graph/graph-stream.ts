import type { GraphEvent } from './graph-event.ts'

type TextWaiter = {
  readonly owner: unknown
  readonly event: GraphEvent
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

const WRITTEN: Promise<void> = Promise.resolve()

/**
 * What happened and was not read yet. Pieces of text wait for room, and whoever writes them with them; what else happens
 * to steps is bounded by the graph and never waits, so that a slow reader holds up writers of text and nobody else.
 */
export class GraphStream implements AsyncIterableIterator<GraphEvent> {
  readonly #textsMax: number
  #events: GraphEvent[] = []
  /** Position in `#events` of what is read next: taking from the front of an array costs as much as it is long. */
  #next = 0
  #textCount = 0
  #waiters: TextWaiter[] = []
  #readers: PromiseWithResolvers<IteratorResult<GraphEvent, undefined>>[] = []
  #isRead = true
  #end: { readonly error?: unknown } | undefined

  /** @param textsMax  Pieces of text that may wait to be read. */
  constructor(textsMax: number) {
    this.#textsMax = textsMax
  }

  push(event: GraphEvent): void {
    if (!this.#isRead || this.#end !== undefined) return
    const reader = this.#readers.shift()
    if (reader !== undefined) reader.resolve({ done: false, value: event })
    else this.#events.push(event)
  }

  /**
   * Resolves when there was room.
   *
   * @param owner  Whose text it is. One text of an owner waits at a time; another is refused with a TypeError.
   */
  pushText(event: GraphEvent, owner: unknown): Promise<void> {
    if (!this.#isRead || this.#end !== undefined) return WRITTEN
    if (this.#textCount < this.#textsMax || this.#readers.length > 0) {
      if (this.#readers.length === 0) this.#textCount += 1
      this.push(event)
      return WRITTEN
    }
    if (this.#waiters.some((waiter) => waiter.owner === owner))
      return Promise.reject(new TypeError('A step writes its next text when the one before has been taken'))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiters.push({ owner, event, resolve, reject })
    // Who does not wait for it has not to hear of the refusal either.
    promise.catch(() => {})
    return promise
  }

  /** The text of `owner` that waits for room is not wanted any more. */
  refuseFrom(owner: unknown, reason: unknown): void {
    this.#takeWaiter(owner)?.reject(reason)
  }

  /** The text of `owner` that waits for room is its last one: it goes before what is pushed next. */
  admitFrom(owner: unknown): void {
    const waiter = this.#takeWaiter(owner)
    if (waiter === undefined) return
    this.#events.push(waiter.event)
    this.#textCount += 1
    waiter.resolve()
  }

  /** Nothing more happens. What waits can still be read; then the reading ends, with `error` where there is one. */
  end(error?: unknown): void {
    if (this.#end !== undefined) return
    this.#letWriteAll()
    this.#end = error === undefined ? {} : { error }
    for (const reader of this.#readers.splice(0)) {
      if (error === undefined) reader.resolve({ done: true, value: undefined })
      else reader.reject(error)
    }
  }

  next(): Promise<IteratorResult<GraphEvent, undefined>> {
    const value = this.#events[this.#next]
    if (value !== undefined) {
      this.#took(value)
      return Promise.resolve({ done: false, value })
    }
    if (this.#end !== undefined || !this.#isRead) return this.#ended()
    const reader = Promise.withResolvers<IteratorResult<GraphEvent, undefined>>()
    this.#readers.push(reader)
    return reader.promise
  }

  /** The reader leaves: nobody waits for room any more, and nothing is kept. */
  return(): Promise<IteratorResult<GraphEvent, undefined>> {
    this.#isRead = false
    this.#events = []
    this.#next = 0
    for (const waiter of this.#waiters.splice(0)) waiter.resolve()
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined })
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #took(event: GraphEvent): void {
    this.#next += 1
    if (this.#next === this.#events.length || this.#next === COMPACT_AT) {
      this.#events = this.#events.slice(this.#next)
      this.#next = 0
    }
    if (event.type !== 'step-text') return
    const waiter = this.#textCount > this.#textsMax ? undefined : this.#waiters.shift()
    if (waiter === undefined) {
      this.#textCount -= 1
      return
    }
    this.#events.push(waiter.event)
    waiter.resolve()
  }

  #takeWaiter(owner: unknown): TextWaiter | undefined {
    if (this.#waiters.length === 0) return undefined
    const waiter = this.#waiters.find((each) => each.owner === owner)
    if (waiter !== undefined) this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
    return waiter
  }

  #letWriteAll(): void {
    for (const { event, resolve } of this.#waiters.splice(0)) {
      this.#events.push(event)
      resolve()
    }
  }

  async #ended(): Promise<IteratorResult<GraphEvent, undefined>> {
    const end = this.#end
    // Told once: a reader that goes on after the failure finds the end.
    this.#end = {}
    if (end !== undefined && 'error' in end) throw end.error
    return { done: true, value: undefined }
  }
}

const COMPACT_AT = 1_024
