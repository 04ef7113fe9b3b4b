import { ringBell } from './doorbell.ts'
import type { RecordReader } from './record-channel.ts'
import {
  HEAD_WORD,
  KIND_MASK,
  PADDING,
  READ_WORD,
  ROOM_WANTED_WORD,
  TAIL_WORD,
  TAKEN_WORD,
  viewRing,
} from './ring-layout.ts'
import type { RingMemory } from './ring-layout.ts'
import type { ThreadBoard } from './thread-board.ts'

export type RingReaderInit = {
  readonly memory: RingMemory
  readonly board: ThreadBoard
  /** The thread whose bell is rung when it waits for room. */
  readonly writerThread: number
}

/**
 * The reading end of a ring. Steps by their names in `test/torture/explore-ring.ts`:
 *
 * ```
 *  R1 is there a record? by the tail known last, then by TAIL    (peek)
 *  R2 read the record, with plain loads                          (the caller, after peek)
 *  R3 release: HEAD, one store for all records of a batch        (release)
 *  R4 ROOM_WANTED ?   R5 ROOM_WANTED = 0   R6 ring the bell      (release)
 * ```
 */
export class RingReader implements RecordReader {
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly bytes: Uint8Array
  private readonly words: Int32Array
  private readonly capacity: number
  private readonly board: ThreadBoard
  private readonly writerThread: number
  private head: number
  private released: number
  /** What TAIL was when it was looked at last. */
  private knownTail: number

  constructor({ memory, board, writerThread }: RingReaderInit) {
    const views = viewRing(memory)
    this.words = views.words
    this.ints = views.ints
    this.floats = views.floats
    this.bytes = views.bytes
    this.capacity = views.capacity
    this.board = board
    this.writerThread = writerThread
    this.head = Atomics.load(views.words, HEAD_WORD)
    this.released = this.head
    this.knownTail = this.head
  }

  peek(): number {
    for (;;) {
      // R1
      if (this.head === this.knownTail) {
        this.knownTail = Atomics.load(this.words, TAIL_WORD)
        if (this.head === this.knownTail) return -1
      }
      const place = this.head & (this.capacity - 1)
      if (((this.ints[place * 2 + 1] ?? 0) & KIND_MASK) !== PADDING) return place
      this.advance()
    }
  }

  advance(): void {
    const place = this.head & (this.capacity - 1)
    this.head = (this.head + (this.ints[place * 2] ?? 0)) | 0
    // Seen only when this thread is no more: a plain store.
    this.words[READ_WORD] = this.head
  }

  get isHalfHeld(): boolean {
    return ((this.head - this.released) | 0) * 2 >= this.capacity
  }

  release(): void {
    if (this.head === this.released) return
    this.released = this.head
    // R3
    Atomics.store(this.words, HEAD_WORD, this.head)
    // R4 to R6: the wish goes before the bell, so that a wish of later on is not taken away.
    if (Atomics.load(this.words, ROOM_WANTED_WORD) === 0) return
    Atomics.store(this.words, ROOM_WANTED_WORD, 0)
    ringBell(this.board, this.writerThread)
  }

  countTaken(kib: number): void {
    Atomics.add(this.words, TAKEN_WORD, kib)
  }

  isEmpty(): boolean {
    return this.head === Atomics.load(this.words, TAIL_WORD)
  }
}
