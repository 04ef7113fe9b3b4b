import { assert } from '../../base/assert.ts'
import { ringBell } from './doorbell.ts'
import type { RecordWriter } from './record-channel.ts'
import { HEAD_WORD, PADDING, ROOM_WANTED_WORD, TAIL_WORD, TAKEN_WORD, viewRing } from './ring-layout.ts'
import type { RingMemory } from './ring-layout.ts'
import type { ThreadBoard } from './thread-board.ts'

export type RingWriterInit = {
  readonly memory: RingMemory
  readonly board: ThreadBoard
  /** The thread whose bell is rung when there is something to read. */
  readonly readerThread: number
}

/**
 * The writing end of a ring. Steps by their names in `test/torture/explore-ring.ts`:
 *
 * ```
 *  W1 is there room? by the head known last, then by HEAD        (reserve)
 *  W2 write the record, with plain stores                        (the caller, after reserve)
 *  W3 publish: TAIL, one store for all records of a batch        (publish)
 *  W4 ring the reader's bell: B1, B2, B3                         (publish)
 *  F1 ROOM_WANTED = 1      F2 look at HEAD again                 (wantRoom, then reserve; both after the thread's P1)
 * ```
 *
 * F1 must come after P1: the reader takes the wish away before it rings (R5, R6), and would find the thread awake.
 *
 * The fields are plain ones: this is the hottest object of a thread, and private names cost a check each.
 */
export class RingWriter implements RecordWriter {
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly bytes: Uint8Array
  readonly unitsMax: number
  private readonly words: Int32Array
  private readonly capacity: number
  private readonly board: ThreadBoard
  private readonly readerThread: number
  /** Units written, padding included; what the reader sees is `published`. All are modulo 2^32. */
  private tail: number
  private published: number
  /** What HEAD was when it was looked at last: at most what it is now. */
  private knownHead: number

  constructor({ memory, board, readerThread }: RingWriterInit) {
    const views = viewRing(memory)
    this.words = views.words
    this.ints = views.ints
    this.floats = views.floats
    this.bytes = views.bytes
    this.capacity = views.capacity
    // With padding in front a record takes less than twice its size, so it fits an empty ring wherever that stands.
    this.unitsMax = views.capacity / 4
    this.board = board
    this.readerThread = readerThread
    this.tail = Atomics.load(views.words, TAIL_WORD)
    this.published = this.tail
    this.knownHead = Atomics.load(views.words, HEAD_WORD)
  }

  reserve(units: number): number {
    const place = this.tail & (this.capacity - 1)
    const untilEnd = this.capacity - place
    const padding = untilEnd < units ? untilEnd : 0
    // W1
    if (this.roomByHead() < units + padding) {
      this.knownHead = Atomics.load(this.words, HEAD_WORD)
      if (this.roomByHead() < units + padding) return -1
    }
    if (padding === 0) return place
    this.ints[place * 2] = padding
    this.ints[place * 2 + 1] = PADDING
    this.tail = (this.tail + padding) | 0
    return 0
  }

  commit(units: number): void {
    assert(units <= this.roomByHead(), 'a record is written only where nothing unread lies')
    this.tail = (this.tail + units) | 0
  }

  publish(): void {
    if (this.tail === this.published) return
    this.published = this.tail
    // W3: everything before it is seen by whoever sees it.
    Atomics.store(this.words, TAIL_WORD, this.tail)
    // W4: sequentially consistent after W3. A plain load here could be answered before the store is seen.
    ringBell(this.board, this.readerThread)
  }

  wantRoom(): void {
    // F1
    Atomics.store(this.words, ROOM_WANTED_WORD, 1)
  }

  takenKib(): number {
    return Atomics.load(this.words, TAKEN_WORD)
  }

  private roomByHead(): number {
    return this.capacity - ((this.tail - this.knownHead) | 0)
  }
}
