import type { MessagePort } from 'node:worker_threads'
import type { RecordWriter } from './record-channel.ts'
import { ATTACHED, FLAT, HEADER_UNITS, KIND_BITS, LARGE, VALUE } from './ring-layout.ts'
import { findPath } from './find-path.ts'
import { OverflowQueue } from './overflow-queue.ts'
import { salvage } from './salvage.ts'
import type { SalvageInit, Salvaged } from './salvage.ts'
import { notCloneableError, ValueEncoder } from './value-encoder.ts'
import type { ReferenceCodec } from './value-encoder.ts'

export type ChannelWriterInit = {
  readonly records: RecordWriter
  /** For what is too large for `records` and for what only structured clone can carry. */
  readonly port: MessagePort
  readonly references?: ReferenceCodec
  /** Bytes that may wait in front of full records, before events are refused. Default 4 MiB. */
  readonly pendingBytesMax?: number
  /** KiB that may be on the way by the port, before events are refused. Default 64 MiB. */
  readonly portKibMax?: number
  /** Told when the first record after a `flush` is written: somebody has to call `flush` soon. */
  readonly onDirty: () => void
}

const PENDING_BYTES_MAX = 2 ** 22
const PORT_KIB_MAX = 2 ** 16
/** What an event of unknown size counts for. */
const KIB_UNKNOWN = 16
/** Records after which the reader is told without waiting for `flush`: it can work while this thread goes on. */
const SHOW_EVERY = 64

/**
 * The sending end between two threads: events in, records out, in order. When there is no room, records wait here up to a
 * bound; beyond it events are refused, and `whenWritable` tells when it makes sense to go on.
 *
 * Plain fields: see `RingWriter`.
 */
export class ChannelWriter {
  private readonly records: RecordWriter
  private readonly port: MessagePort
  private readonly encoder: ValueEncoder
  private readonly pendingBytesMax: number
  private readonly portKibMax: number
  private readonly onDirty: () => void
  private readonly pending = new OverflowQueue()
  /** Where the place that `reserve` found is. */
  private place: RecordWriter | OverflowQueue
  private unshown = 0
  private isDirty = false
  private sequence = 0
  /** KiB given to the port, modulo 2^32 as the count of the reader. */
  private postedKib = 0
  private waiters: (() => void)[] = []

  constructor(init: ChannelWriterInit) {
    this.records = init.records
    this.place = init.records
    this.port = init.port
    this.encoder = new ValueEncoder(init.references)
    this.pendingBytesMax = init.pendingBytesMax ?? PENDING_BYTES_MAX
    this.portKibMax = init.portKibMax ?? PORT_KIB_MAX
    this.onDirty = init.onDirty
  }

  /** Whether nothing waits. Events are taken beyond that, up to the bound, but a sender that can wait should. */
  get isWritable(): boolean {
    return this.pending.bytesWaiting === 0 && this.portKib() < this.portKibMax
  }

  /** Whether something waits for room: records, or somebody who called `whenWritable`. */
  get isBlocked(): boolean {
    return this.pending.bytesWaiting > 0 || this.waiters.length > 0
  }

  /** Resolves when nothing waits any more; at once when that is so. */
  async whenWritable(): Promise<void> {
    if (this.isWritable) return
    await new Promise<void>((resolve) => {
      this.waiters.push(resolve)
      this.markDirty()
    })
  }

  /**
   * Sends `event` to the receiver that the reader's thread knows as `target`, 1 or more, and `incarnation`; both unsigned 32 bits.
   *
   * @returns False when it was refused because too much waits already.
   * @throws `ACTOR_EVENT_NOT_CLONEABLE`.
   */
  send(target: number, incarnation: number, event: unknown): boolean {
    if (this.isFull() && this.isFullAfterFlush()) return false
    if (!this.sendFlat(target, incarnation, event)) this.sendValue(target, incarnation, event)
    return true
  }

  /** As `send`, beyond all bounds: for events that were taken before, and waited elsewhere. */
  sendHeld(target: number, incarnation: number, event: unknown): void {
    this.sendValue(target, incarnation, event)
  }

  /** Sends what the threads tell each other about actors. Never refused: such messages are few, and all are needed. */
  sendControl(message: unknown): void {
    this.sendValue(0, 0, message)
  }

  /** As `sendControl`, but refused as events are: for messages that may be many. */
  trySendControl(message: unknown): boolean {
    if (this.isFull() && this.isFullAfterFlush()) return false
    this.sendValue(0, 0, message)
    return true
  }

  /** Moves on what waits, as far as there is room, and shows the other thread what was written. */
  flush(): void {
    this.isDirty = false
    this.movePending()
    this.show()
    if (!this.isBlocked) return
    // F1 and F2: the wish, and another look after it. Without that look the room given back in between goes unnoticed.
    this.records.wantRoom()
    this.movePending()
    this.show()
    this.tellWaiters()
  }

  /** What the reader's thread, which is no more, did not get. The channel is of no use afterwards. */
  salvage(
    { ring, batches }: Pick<SalvageInit, 'ring' | 'batches'>,
    references: ReferenceCodec | undefined,
  ): readonly Salvaged[] {
    const { pending, encoder, waiters } = this
    this.waiters = []
    // There will be no room here; whoever waits has to look for another way.
    for (const waiter of waiters) waiter()
    return salvage({ ring, batches, pending, shapes: encoder.shapes.all(), references })
  }

  /** An event that is nothing but a known type and numbers. False: it is not; nothing was done. */
  private sendFlat(target: number, incarnation: number, event: unknown): boolean {
    if (typeof event !== 'object' || event === null || Object.getPrototypeOf(event) !== Object.prototype) return false
    const fields = event as Readonly<Record<string, unknown>>
    const type = fields.type
    if (typeof type !== 'string') return false
    const shape = this.encoder.shapes.guess(type)
    if (shape === undefined) return false
    const { names } = shape
    const units = HEADER_UNITS + names.length - 1
    if (units > this.records.unitsMax) return false
    const place = this.reserve(units)
    const { floats, ints } = this.place
    let index = 0
    for (const name in fields) {
      if (name !== names[index]) return false
      const value = fields[name]
      if (index > 0) {
        if (typeof value !== 'number') return false
        floats[place + HEADER_UNITS + index - 1] = value
      }
      index += 1
    }
    if (index !== names.length) return false
    const word = place * 2
    ints[word] = units
    ints[word + 1] = FLAT | (shape.number << KIND_BITS)
    ints[word + 2] = target
    ints[word + 3] = incarnation
    this.committed(units)
    return true
  }

  private sendValue(target: number, incarnation: number, value: unknown): void {
    const { encoder, records } = this
    encoder.encode(value)
    const bodyUnits = Math.ceil(encoder.buffer.position / 8)
    let kind = VALUE
    let units = HEADER_UNITS + bodyUnits
    if (units + 1 > records.unitsMax) {
      kind = LARGE
      units = HEADER_UNITS + 1
    } else if (encoder.aside.length > 0) {
      kind = ATTACHED
      units += 1
    }
    const kib = kind === VALUE ? 0 : this.post(kind, value)
    const place = this.reserve(units)
    const { ints } = this.place
    let word = place * 2
    ints[word] = units
    ints[word + 1] = kind
    ints[word + 2] = target
    ints[word + 3] = incarnation
    word += HEADER_UNITS * 2
    if (kind !== VALUE) {
      ints[word] = this.sequence
      ints[word + 1] = kib
      word += 2
    }
    // In whole words: as floats, bytes that happen to look like a NaN may change.
    const source = encoder.buffer.ints
    if (kind !== LARGE) for (let index = 0; index < bodyUnits * 2; index += 1) ints[word + index] = source[index] ?? 0
    this.committed(units)
  }

  /** Gives the port what the record only refers to. The reader finds it there, because the record is published later. */
  private post(kind: number, value: unknown): number {
    const { aside, buffer } = this.encoder
    const bytes = kind === LARGE ? buffer.copy() : undefined
    const kib = Math.ceil((bytes?.byteLength ?? 0) / 1_024) + aside.length * KIB_UNKNOWN
    this.sequence = (this.sequence + 1) | 0
    try {
      this.port.postMessage({ sequence: this.sequence, bytes, aside }, bytes === undefined ? [] : [bytes.buffer])
    } catch (error: unknown) {
      this.sequence = (this.sequence - 1) | 0
      this.encoder.takeBack()
      throw notCloneableError({ path: findPath(value, findCulprit(aside)), reason: String(error), cause: error })
    }
    this.postedKib = (this.postedKib + kib) | 0
    return kib
  }

  private isFull(): boolean {
    return this.pending.bytesWaiting >= this.pendingBytesMax || this.portKib() >= this.portKibMax
  }

  /** A sender that never lets this thread's loop go on would never see room again. */
  private isFullAfterFlush(): boolean {
    this.flush()
    return this.isFull()
  }

  private portKib(): number {
    return this.postedKib === 0 ? 0 : (this.postedKib - this.records.takenKib()) | 0
  }

  /** In the ring when nothing waits and it has room, else behind what waits. */
  private reserve(units: number): number {
    if (this.pending.bytesWaiting === 0) {
      const place = this.records.reserve(units)
      if (place >= 0) {
        this.place = this.records
        return place
      }
    }
    this.place = this.pending
    return this.pending.reserve(units)
  }

  private committed(units: number): void {
    this.place.commit(units)
    this.unshown += 1
    if (this.unshown < SHOW_EVERY) {
      this.markDirty()
      return
    }
    if (this.place === this.pending) this.movePending()
    this.show()
  }

  private show(): void {
    this.unshown = 0
    this.records.publish()
  }

  private markDirty(): void {
    if (this.isDirty) return
    this.isDirty = true
    this.onDirty()
  }

  private movePending(): void {
    const { pending, records } = this
    for (let units = pending.oldestUnits(); units > 0; units = pending.oldestUnits()) {
      const place = records.reserve(units)
      if (place < 0) return
      pending.shiftInto(records.ints, place)
      records.commit(units)
    }
  }

  private tellWaiters(): void {
    if (this.waiters.length === 0 || !this.isWritable) return
    const waiters = this.waiters
    this.waiters = []
    for (const resolve of waiters) resolve()
  }
}

/** Which of the values the port refuses. */
function findCulprit(aside: readonly unknown[]): unknown {
  return aside.find((value) => {
    try {
      structuredClone(value)
      return false
    } catch {
      return true
    }
  })
}
